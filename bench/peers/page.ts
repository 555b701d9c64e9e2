/** The rows on several threads as an isolated page runs them, beside the systems that have threads there: posts each result to where it came from. */
import { mnist, post, tell } from '../browser/fetched.js';
import type { Build } from '../measure.js';
import { selection } from '../selection.js';
import { jax } from './jax.js';
import { type Onnxruntime, onnxruntime } from './onnx.js';
import type { Peer } from './peer.js';
import { compareOnSeveral, onSeveral, THREADS } from './several.js';
import { type Packages, type Tensorflow, tfjs } from './tfjs.js';

/** The three packages of tfjs as scripts make them: one global. */
declare const tf: Tensorflow & { readonly wasm: Packages['wasm'] & { setWasmPaths(folder: string): void } };

const parameters = new URLSearchParams(location.search);
const wanted = selection(parameters.get('only'));
const build = (parameters.get('build') ?? 'auto') as 'auto' | Build;
const repetitions = Number(parameters.get('repetitions'));

/** All that trains or predicts with so many threads. jax-js has one for each core, whatever is asked. */
async function peersOf(training: boolean): Promise<Peer[]> {
  const packages: Packages = { core: tf, wasm: tf.wasm, layers: () => tf };
  const peers = [await tfjs(packages, false, THREADS)];
  if (training) peers.push(await tfjs(packages, true, THREADS));
  else peers.push(onnxruntime((await import(`${location.origin}/peers/onnxruntime-web/dist/ort.wasm.min.mjs`)) as Onnxruntime, THREADS));
  if (navigator.hardwareConcurrency === THREADS) peers.push(await jax(await import(`${location.origin}/peers/@jax-js/jax/dist/index.js`)));
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
});
