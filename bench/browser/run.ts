/** npm run bench:browser: the kernels and workloads in Chromium and Firefox. */
import { options } from '../options.js';
import { Report } from '../report.js';
import { inBrowsers } from './pages.js';

const given = options('bench:browser');
const report = new Report(given, 'bench:browser');
await inBrowsers(given, { script: '/build/bench/browser/page.js' }, (result) => report.add(result));
