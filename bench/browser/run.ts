/** npm run bench:browser: the kernels and workloads in Chromium and Firefox. */
import { options } from '../options.js';
import { Report } from '../report.js';
import { inBrowsers, pageOf } from './pages.js';

const given = options('bench:browser');
const report = new Report(given, 'bench:browser');
await inBrowsers(given, pageOf('browser/page.js'), (result) => report.add(result));
