/** What neurite is measured against besides plain loops, by the names that results carry. */
import type { Jax } from './jax.js';
import type { Onnxruntime } from './onnx.js';
import { requirePeer, tensorflow } from './packages.js';
import type { Peer } from './peer.js';

export interface System {
  /** Loads what the system itself needs, and nothing else: it may be measured by that. */
  readonly open: () => Promise<Peer>;
  /** The package whose version counts; a system without one says its own. */
  readonly name?: string;
}

const tfjs = async (tuned: boolean) => (await import('./tfjs.js')).tfjs(tensorflow(), tuned);
const python = async (library: 'numpy' | 'pytorch') => (await import('./python.js')).python(library);

export const systems: Readonly<Record<string, System>> = {
  'jax-js': { open: async () => (await import('./jax.js')).jax(requirePeer('@jax-js/jax') as Jax), name: '@jax-js/jax' },
  'tfjs-wasm': { open: () => tfjs(false), name: '@tensorflow/tfjs-core' },
  'tfjs-wasm-tuned': { open: () => tfjs(true), name: '@tensorflow/tfjs-core' },
  'onnxruntime-web': {
    open: async () => (await import('./onnx.js')).onnxruntime(requirePeer('onnxruntime-web') as Onnxruntime),
    name: 'onnxruntime-web',
  },
  'brain.js': { open: async () => (await import('./brain.js')).brain(), name: 'brain.js' },
  synaptic: { open: async () => (await import('./synaptic.js')).synaptic(), name: 'synaptic' },
  numpy: { open: () => python('numpy') },
  pytorch: { open: () => python('pytorch') },
};
