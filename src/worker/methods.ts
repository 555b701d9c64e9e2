import type { AnyNetwork } from '../network/network.js';

/** How a call goes to a worker. */
export interface Method {
  /** Which argument is the options: `transfer` in it is for the way, not for the network. */
  readonly options?: number;
  /** Which of the options stay in the page: a signal, a pause, callbacks. */
  readonly live?: readonly string[];
}

/**
 * Every call that a network in a worker answers. Both sides are held against this table by their types: `WorkerNetwork` has a method of each name,
 * and `implementations` says what it does to the network.
 */
export const METHODS = {
  // Methods of a network.
  predict: { options: 1 },
  logits: { options: 1 },
  classify: { options: 1 },
  gradient: { options: 2 },
  step: { options: 2 },
  applyGradients: { options: 1 },
  fit: { options: 1, live: ['signal', 'pause', 'onProgress', 'onEpoch', 'snapshots'] },
  evaluate: { options: 1 },
  evaluateAsync: { options: 1, live: ['signal', 'onProgress'] },
  configure: {},
  setTrainable: {},
  setParameters: { options: 1 },
  copyParametersFrom: {},
  parameter: {},
  reset: {},
  dispose: {},
  // Its live memory, as copies.
  snapshot: {},
  gradients: {},
  // Functions over a network.
  save: {},
  checkpoint: {},
  restore: {},
  toJSON: {},
  optimizerState: {},
  setOptimizerState: {},
  vjp: {},
  jvp: {},
  jacobian: {},
  parameterJacobian: {},
  inputHessian: {},
  inputHvp: {},
  inputGradient: {},
  hessian: {},
  hvp: {},
  perSampleGradients: {},
} satisfies Record<string, Method>;

export type MethodName = keyof typeof METHODS;

/** What a network in a worker says of itself without a call: it does not change. */
export interface Facts {
  readonly build: AnyNetwork['build'];
  readonly seed: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly parameterCount: number;
  readonly parameterNames: readonly string[];
}

/** Members of a network that one in a worker has in another form, and what to take. */
export const ELSEWHERE = {
  parameters: 'snapshot() gives a copy',
  layers: 'parameter(name) gives a copy of one of its parameters',
  layer: 'parameter(name) gives a copy of one of its parameters',
  input: 'predict(x) copies',
  output: 'predict(x) copies',
  run: 'predict(x) copies',
  freeze: 'load(await net.save()).freeze() is a predictor in the page, which update(await net.snapshot()) keeps up to date',
  loss: 'it is in the page that configured it',
  optimizer: 'it is in the page that configured it',
  metadata: 'set it before inWorker(); save() has it',
  toString: 'it has one of its own',
} as const satisfies Partial<Record<keyof AnyNetwork, string>>;

/** Members that nobody has decided on: none. A new method of `Network` is a line in one of the tables above. */
type Undecided = Exclude<Extract<keyof AnyNetwork, string>, MethodName | keyof Facts | keyof typeof ELSEWHERE>;
true satisfies [Undecided] extends [never] ? true : Undecided;
