/** The packages that neurite is measured against, as Node loads them. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Onnxruntime } from './onnx.js';
import type { Packages, Tensorflow } from './tfjs.js';

/** Their folder, seen from build/bench/peers. */
export const folder = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** A place of their own: their lock file is not the project's. */
export const requirePeer = createRequire(`${folder}package.json`);

/** onnxruntime-web as if for the first time: it keeps what it was set to, and so does its common part. */
export function onnxruntimeAnew(): Onnxruntime {
  for (const path of Object.keys(requirePeer.cache)) if (path.includes('/node_modules/onnxruntime-')) delete requirePeer.cache[path];
  return requirePeer('onnxruntime-web') as Onnxruntime;
}

/** tfjs with its wasm backend. */
export function tensorflow(): Packages {
  return {
    core: requirePeer('@tensorflow/tfjs-core') as Tensorflow,
    wasm: requirePeer('@tensorflow/tfjs-backend-wasm') as Packages['wasm'],
    layers: () => requirePeer('@tensorflow/tfjs-layers'),
  };
}
