/** npm run bench:peers -- --browsers: the rows on several threads beside other systems in isolated pages of Chromium and Firefox. */
import { inBrowsers } from '../browser/pages.js';
import type { Result } from '../measure.js';
import type { Options } from '../options.js';
import { folder } from './packages.js';

const scripts = ['tfjs-core/dist/tf-core.min.js', 'tfjs-layers/dist/tf-layers.min.js', 'tfjs-backend-wasm/dist/tf-backend-wasm.min.js'];

export function peersInBrowsers(given: Options, add: (result: Result) => void): Promise<void> {
  const head = scripts.map((path) => `<script src="/peers/@tensorflow/${path}"></script>`).join('\n');
  return inBrowsers(given, { script: '/build/bench/peers/page.js', head, places: { peers: `${folder}node_modules/` } }, add);
}
