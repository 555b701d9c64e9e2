/** npm run bench:peers -- --browsers: the rows on several threads beside other systems in isolated pages of Chromium and Firefox. */
import { inBrowsers, pageOf } from '../browser/pages.js';
import type { Result } from '../measure.js';
import type { Options } from '../options.js';
import { folder } from './packages.js';

/** Each makes a global of its own. */
const scripts = [
  '@tensorflow/tfjs-core/dist/tf-core.min.js',
  '@tensorflow/tfjs-layers/dist/tf-layers.min.js',
  '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
  'onnxruntime-web/dist/ort.wasm.min.js',
];
const modules = { jaxjs: '@jax-js/jax/dist/index.js' };

export function peersInBrowsers(given: Options, add: (result: Result) => void): Promise<void> {
  const head = [
    ...scripts.map((path) => `<script src="/peers/${path}"></script>`),
    ...Object.entries(modules).map(([name, path]) => `<script type="module">import * as m from '/peers/${path}'; globalThis.${name} = m;</script>`),
  ].join('\n');
  return inBrowsers(given, pageOf('peers/page.js', head, { peers: `${folder}node_modules/` }), add);
}
