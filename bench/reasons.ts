/** Why a system has no part in a workload, and what should be known of how it has. */

const everySample = 'updates after every sample: no batches, and no softmax with cross-entropy';
const untuned = 'its gradients are tuned, predictions are those of tfjs-wasm';

const asSingle = 'measured as single nets only: a call is I3’s, a step T4’s';

const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'jax-js': { 'P1 P2': asSingle },
  'tfjs-wasm': { 'P1 P2': asSingle },
  'tfjs-wasm-tuned': { 'P1 P2': asSingle, 'I1 I2 I3': untuned, G: 'the same products as tfjs-wasm', C: 'loads what tfjs-wasm loads' },
  'onnxruntime-web': { 'T1 T2 T3 T4 T5 P2 M': 'predicts only', P1: asSingle },
  'brain.js': {
    'T1 T2 T3 T5 M': everySample,
    I1: 'one activation for all layers; has no softmax',
    I2: 'one row at a time, one activation for all layers',
    G: 'has no matrices',
  },
  synaptic: { 'P1 P2': asSingle, 'T1 T2 T3 T5 M': everySample, I1: 'has no softmax', I2: 'one row at a time; has no softmax', G: 'has no matrices' },
  numpy: { 'P1 P2': asSingle },
  pytorch: { 'P1 P2': asSingle },
};

const alone = 'has no threads';

/** Why a system has no rows on several threads in Node: what trying it gave, or what its source says. */
const unshared: Readonly<Record<string, string>> = {
  'jax-js':
    'shares out work where there is a global Worker that takes a blob: address, which Node has not; in an isolated page it has a thread for each core',
  'tfjs-wasm':
    'its WASM_HAS_MULTITHREAD_SUPPORT is false in Node; set to true, it starts its helpers from a blob: address, which Node’s Worker refuses (ERR_WORKER_PATH)',
  'tfjs-wasm-tuned': 'as tfjs-wasm',
  'brain.js': alone,
  synaptic: alone,
};

/** By system and workload. */
export const notes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'brain.js': {
    T4: 'updates after every sample, a step is four of them; sigmoid in both layers, squared error',
    P1: 'one by one; tanh in both layers',
    P2: 'one of the nets, as in T4',
  },
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

/** Why a system has no rows on several threads in Node; undefined where it has. */
export function withoutThreads(system: string): string | undefined {
  return unshared[system];
}

/** All of that as the lines of a list. */
export function missing(): string[] {
  const said = (mark: string, of: typeof reasons) =>
    Object.entries(of).map(([system, by]) => {
      const parts = Object.entries(by).map(([workloads, why]) => `${workloads.replaceAll(' ', ', ')}: ${why}`);
      return `- ${mark}${system}: ${parts.join('. ')}.`;
    });
  const threadless = [
    '- tfjs-wasm, 2 threads in a page: takes half the cores that the browser tells of, at most; told of four here, so that it has two. Its untuned gradients are left out.',
    ...Object.entries(unshared).map(([system, why]) => `- ${system}, 2 threads in Node: ${why}.`),
  ];
  return [...said('', reasons), ...threadless, ...said('\\* ', notes)];
}
