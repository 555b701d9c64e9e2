import { ValueError } from './errors.js';
import { checkOptions, describe } from './values.js';

interface Common {
  readonly learningRate: number;
  /** L2: weightDecay·w is added to each gradient; for `adamW`, weightDecay·learningRate·w is taken off the weight instead. */
  readonly weightDecay: number;
  /** The gradient's norm over all parameters is scaled down to this where it is larger; Infinity for none. */
  readonly clipNorm: number;
}

/** Gradient descent. */
export interface Sgd extends Common {
  readonly name: 'sgd';
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** Adam, or AdamW where the decay is decoupled. */
export interface Adam extends Common {
  readonly name: 'adam' | 'adamW';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** How parameters follow the gradient: a plain description; its state belongs to the network. */
export type Optimizer = Sgd | Adam;

function check(call: string, name: string, value: number, low: number, high: number, expected: string): void {
  if (!(typeof value === 'number' && value >= low && value < high))
    throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${expected}`);
}

/** @throws ValueError unless the rate is a finite number ≥ 0 */
export function checkLearningRate(call: string, learningRate: number): void {
  check(call, 'learningRate', learningRate, 0, Number.POSITIVE_INFINITY, 'a finite number ≥ 0');
}

function checkCommon(call: string, { learningRate, weightDecay, clipNorm }: Common): void {
  checkLearningRate(call, learningRate);
  check(call, 'weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY, 'a finite number ≥ 0');
  if (!(typeof clipNorm === 'number' && clipNorm > 0)) throw new ValueError(`${call}: clipNorm is ${describe(clipNorm)}, expected a number > 0`);
}

/** @throws ValueError for what is no optimizer's description */
export function checkOptimizer(call: string, optimizer: Optimizer): void {
  if (!['sgd', 'adam', 'adamW'].includes(optimizer?.name) || typeof optimizer !== 'object') {
    throw new ValueError(`${call}: optimizer is ${describe(optimizer)}, expected what sgd(), adam() or adamW() gives`);
  }
}

/**
 * Stochastic gradient descent, θ ← θ − learningRate·∂L/∂θ (000 eq. 21); with momentum μ, v ← μ·v + ∂L/∂θ and θ ← θ − learningRate·v,
 * or θ ← θ − learningRate·(∂L/∂θ + μ·v) with `nesterov` (Sutskever et al. 2013).
 * Defaults: learningRate 0.01, momentum 0, nesterov false, weightDecay 0, no clipping.
 */
export function sgd(options: { learningRate?: number; momentum?: number; nesterov?: boolean; weightDecay?: number; clipNorm?: number } = {}): Sgd {
  checkOptions('sgd', options, ['learningRate', 'momentum', 'nesterov', 'weightDecay', 'clipNorm'], ['name']);
  const { learningRate = 0.01, momentum = 0, nesterov = false, weightDecay = 0, clipNorm = Number.POSITIVE_INFINITY } = options;
  const optimizer: Sgd = { name: 'sgd', learningRate, momentum, nesterov, weightDecay, clipNorm };
  checkCommon('sgd', optimizer);
  check('sgd', 'momentum', momentum, 0, 1, 'a number in [0, 1)');
  if (nesterov && momentum === 0) throw new ValueError('sgd: nesterov came without momentum, expected momentum > 0');
  return optimizer;
}

/** Options of adam and adamW. */
export interface AdamOptions {
  learningRate?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  clipNorm?: number;
}

function adamOf(name: 'adam' | 'adamW', options: AdamOptions, decay: number): Adam {
  checkOptions(name, options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'clipNorm'], ['name']);
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = decay, clipNorm = Number.POSITIVE_INFINITY } = options;
  const optimizer: Adam = { name, learningRate, beta1, beta2, epsilon, weightDecay, clipNorm };
  checkCommon(name, optimizer);
  check(name, 'beta1', beta1, 0, 1, 'a number in [0, 1)');
  check(name, 'beta2', beta2, 0, 1, 'a number in [0, 1)');
  check(name, 'epsilon', epsilon, Number.MIN_VALUE, Number.POSITIVE_INFINITY, 'a finite number > 0');
  return optimizer;
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − learningRate·m̂ / (√v̂ + ε).
 * Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0 (L2), no clipping.
 */
export function adam(options: AdamOptions = {}): Adam {
  return adamOf('adam', options, 0);
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019): θ ← θ − learningRate·weightDecay·θ before each update. Default weightDecay 0.01. */
export function adamW(options: AdamOptions = {}): Adam {
  return adamOf('adamW', options, 0.01);
}
