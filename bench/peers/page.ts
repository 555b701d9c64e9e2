/** The rows on several threads as an isolated page runs them, beside the systems that have threads there: posts each result to where it came from. */
import { asked, mnist, post, tell } from '../browser/told.js';
import { type Jax, jax } from './jax.js';
import { type Onnxruntime, onnxruntime } from './onnx.js';
import type { Peer } from './peer.js';
import { compareOnSeveral, onSeveral, THREADS } from './several.js';
import { type Packages, type Tensorflow, tfjs } from './tfjs.js';

/** What the page loads before: the three packages of tfjs as one, onnxruntime-web and jax-js. */
declare const tf: Tensorflow & { readonly wasm: Packages['wasm'] & { setWasmPaths(folder: string): void } };
declare const ort: Onnxruntime;
declare const jaxjs: Jax;

const { wanted, chosen: build = 'auto', repetitions } = asked();

/** tfjs takes no more threads than half the cores that the browser tells of, whatever is asked: it is told of twice as many, so that it has all. */
async function tfjsOnThreads(tuned: boolean): Promise<Peer> {
  const packages: Packages = { core: tf, wasm: tf.wasm, layers: () => tf };
  Object.defineProperty(navigator, 'hardwareConcurrency', { configurable: true, value: 2 * THREADS });
  try {
    return await tfjs(packages, tuned, THREADS);
  } finally {
    Reflect.deleteProperty(navigator, 'hardwareConcurrency');
  }
}

/** All that trains or predicts with so many threads. jax-js has one for each core, whatever is asked. */
async function peersOf(training: boolean): Promise<Peer[]> {
  // Of tfjs's two trainings the faster alone.
  const peers = [await tfjsOnThreads(training)];
  if (!training) peers.push(onnxruntime(ort, THREADS));
  if (navigator.hardwareConcurrency === THREADS) peers.push(await jax(jaxjs));
  return peers;
}

tell(async () => {
  tf.wasm.setWasmPaths('/peers/@tensorflow/tfjs-backend-wasm/dist/');
  const split = await mnist();
  for (const [workload, work] of onSeveral) {
    if (!wanted(workload)) continue;
    const results = await compareOnSeveral(workload, work, await peersOf('optimizer' in work), { mnist: () => split, build, repetitions });
    for (const result of results) await post({ result });
  }
  wanted.done();
});
