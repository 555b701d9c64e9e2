/** Why a system has no part in a workload, and what should be known of how it has. */

const everySample = 'updates after every sample: no batches, and no softmax with cross-entropy';
const untuned = 'its gradients are tuned, predictions are those of tfjs-wasm';

const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tfjs-wasm-tuned': { 'I1 I2 I3': untuned, G: 'the same products as tfjs-wasm', C: 'loads what tfjs-wasm loads' },
  'onnxruntime-web': { 'T1 T2 T3 T4 T5 M': 'predicts only' },
  'brain.js': {
    'T1 T2 T3 T5 M': everySample,
    I1: 'one activation for all layers; has no softmax',
    I2: 'one row at a time, one activation for all layers',
    G: 'has no matrices',
  },
  synaptic: { 'T1 T2 T3 T5 M': everySample, I1: 'has no softmax', I2: 'one row at a time; has no softmax', G: 'has no matrices' },
};

/** By system and workload. */
export const notes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'brain.js': { T4: 'updates after every sample, a step is four of them; sigmoid in both layers, squared error' },
  synaptic: { T4: 'updates after every sample, a step is four of them' },
};

/** The columns of a table, in their order. */
export const systems = [
  ...['neurite', 'jax-js', 'tfjs-wasm', 'tfjs-wasm-tuned', 'onnxruntime-web', 'brain.js', 'synaptic', 'plain-js', 'numpy', 'pytorch'],
] as const;

/** Why a system cannot do a workload; undefined where it can. */
export function reason(system: string, workload: string): string | undefined {
  return Object.entries(reasons[system] ?? {}).find(([workloads]) => workloads.split(' ').includes(workload))?.[1];
}

/** All of that as the lines of a list. */
export function missing(): string[] {
  const said = (mark: string, of: typeof reasons) =>
    Object.entries(of).map(([system, by]) => {
      const parts = Object.entries(by).map(([workloads, why]) => `${workloads.replaceAll(' ', ', ')}: ${why}`);
      return `- ${mark}${system}: ${parts.join('. ')}.`;
    });
  return [...said('', reasons), ...said('\\* ', notes)];
}
