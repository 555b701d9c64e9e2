import { brain } from './brain.js';
import { jax } from './jax.js';
import { onnxruntime } from './onnx.js';
import type { Peer } from './peer.js';
import { python } from './python.js';
import { synaptic } from './synaptic.js';
import { tfjs } from './tfjs.js';

/** What neurite is measured against besides plain loops, by the names results carry. A package is loaded when its system is opened. */
export const systems = {
  'jax-js': jax,
  'tfjs-wasm': () => tfjs(false),
  'tfjs-wasm-tuned': () => tfjs(true),
  'onnxruntime-web': onnxruntime,
  'brain.js': brain,
  synaptic,
  numpy: () => python('numpy'),
  pytorch: () => python('pytorch'),
} as const satisfies Record<string, () => Peer | Promise<Peer>>;

export type System = keyof typeof systems;

const everySample = 'updates after every sample: no batches, and no softmax with cross-entropy';
const noSoftmax = 'has no softmax';
const inference = 'predicts only';

/** Why a system has no part in a workload. */
const reasons: Readonly<Partial<Record<System, Readonly<Record<string, string>>>>> = {
  'tfjs-wasm-tuned': {
    I1: 'its gradients are tuned, predictions are those of tfjs-wasm',
    I2: 'its gradients are tuned, predictions are those of tfjs-wasm',
    I3: 'its gradients are tuned, predictions are those of tfjs-wasm',
    G: 'the same products as tfjs-wasm',
    C: 'loads what tfjs-wasm loads',
  },
  'onnxruntime-web': { T1: inference, T2: inference, T3: inference, T4: inference, T5: inference, M: inference },
  'brain.js': {
    T1: everySample,
    T2: everySample,
    T3: everySample,
    T5: everySample,
    M: everySample,
    I1: `one activation for all layers; ${noSoftmax}`,
    I2: 'one row at a time, one activation for all layers',
    G: 'has no matrices',
  },
  synaptic: {
    T1: everySample,
    T2: everySample,
    T3: everySample,
    T5: everySample,
    M: everySample,
    I1: noSoftmax,
    I2: `one row at a time; ${noSoftmax}`,
    G: 'has no matrices',
  },
};

/** Why a system cannot do a workload; undefined where it can. */
export function reason(system: System, workload: string): string | undefined {
  return reasons[system]?.[workload];
}

/** What should be known of how a system does a workload. */
const notes: Readonly<Partial<Record<System, Readonly<Record<string, string>>>>> = {
  'brain.js': { T4: 'updates after every sample, a step is four of them; sigmoid in both layers, squared error' },
  synaptic: { T4: 'updates after every sample, a step is four of them' },
};

export function note(system: string, workload: string): string | undefined {
  return notes[system as System]?.[workload];
}
