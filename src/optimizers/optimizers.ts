import { describe } from '../arguments/describe.js';
import { makerFor } from '../arguments/foreignNames.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';

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

/** The largest number that float32 holds, and the least above 0. */
const FLOAT_MAX = 3.4028234663852886e38;
const FLOAT_LEAST = 2 ** -149;

function check(call: string, name: string, value: number, allowed: boolean, expected: string): void {
  if (!(typeof value === 'number' && allowed)) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${expected}`);
}

/** @throws ValueError unless the rate is a number ≥ 0 that is finite in float32 */
export function checkLearningRate(call: string, learningRate: number): void {
  check(
    call,
    'learningRate',
    learningRate,
    typeof learningRate === 'number' && learningRate >= 0 && Math.fround(learningRate) < Number.POSITIVE_INFINITY,
    'a finite number ≥ 0',
  );
}

/** A factor by which something is kept: below 1 in float32 too. */
function checkFactor(call: string, name: string, value: number): void {
  check(call, name, value, typeof value === 'number' && value >= 0 && Math.fround(value) < 1, 'a number in [0, 1), in float32 too');
}

function checkCommon(call: string, { learningRate, weightDecay, clipNorm }: Common): void {
  checkLearningRate(call, learningRate);
  check(call, 'weightDecay', weightDecay, typeof weightDecay === 'number' && weightDecay >= 0 && weightDecay <= FLOAT_MAX, 'a finite number ≥ 0');
  const norm = clipNorm === Number.POSITIVE_INFINITY || (typeof clipNorm === 'number' && clipNorm >= FLOAT_LEAST && clipNorm <= FLOAT_MAX);
  check(call, 'clipNorm', clipNorm, norm, 'a number > 0 that float32 holds, or Infinity');
}

/**
 * What a network holds of an optimizer's description: a copy that its maker checked and completed, which nobody can change.
 * @throws ValueError for what is no optimizer's description, or one its maker refuses
 */
export function optimizerOf(call: string, description: Optimizer): Optimizer {
  const { name, fields } = readDescription(call, 'optimizer', description, { sgd, adam, adamW }, 'what sgd(), adam() or adamW() gives');
  return named(call, () => (name === 'sgd' ? sgd(fields) : name === 'adam' ? adam(fields) : adamW(fields)));
}

/** A description whose fields are read once, and whose maker there is. @throws ValueError for anything else */
export function readDescription(
  call: string,
  what: string,
  description: unknown,
  makers: object,
  expected: string,
): { name: string; fields: Record<string, unknown> } {
  let fields: Record<string, unknown> = {};
  try {
    if (typeof description === 'object' && description !== null) {
      for (const key of Reflect.ownKeys(description)) fields[key as string] = (description as Record<string | symbol, unknown>)[key as string];
    }
  } catch {
    fields = {};
  }
  const { name } = fields;
  if (typeof name !== 'string' || !Object.hasOwn(makers, name)) {
    const meant = makerFor(description);
    throw new ValueError(`${call}: ${what} is ${describe(description)}, expected ${expected}${meant ? `; pass ${meant}` : ''}`);
  }
  return { name, fields };
}

/** What a maker refuses, said of the call that the description came with. */
export function named<T>(call: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ValueError) throw new ValueError(`${call}: ${error.message}`);
    throw error;
  }
}

/**
 * Stochastic gradient descent, θ ← θ − learningRate·∂L/∂θ (notes 21); with momentum μ, v ← μ·v + ∂L/∂θ and θ ← θ − learningRate·v,
 * or θ ← θ − learningRate·(∂L/∂θ + μ·v) with `nesterov` (Sutskever et al. 2013).
 * L2 comes first, clipping after it: the norm that clipNorm bounds is that of ∂L/∂θ + weightDecay·θ.
 * Defaults: learningRate 0.01, momentum 0, nesterov false, weightDecay 0, no clipping.
 */
export function sgd(options: { learningRate?: number; momentum?: number; nesterov?: boolean; weightDecay?: number; clipNorm?: number } = {}): Sgd {
  const {
    learningRate = 0.01,
    momentum = 0,
    nesterov = false,
    weightDecay = 0,
    clipNorm = Number.POSITIVE_INFINITY,
  } = checkOptions('sgd', options, ['learningRate', 'momentum', 'nesterov', 'weightDecay', 'clipNorm'], { name: 'sgd' });
  const optimizer: Sgd = Object.freeze({ name: 'sgd', learningRate, momentum, nesterov, weightDecay, clipNorm });
  checkCommon('sgd', optimizer);
  checkFactor('sgd', 'momentum', momentum);
  if (typeof nesterov !== 'boolean') throw new ValueError(`sgd: nesterov is ${describe(nesterov)}, expected true or false`);
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
  const {
    learningRate = 1e-3,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = decay,
    clipNorm = Number.POSITIVE_INFINITY,
  } = checkOptions(name, options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'clipNorm'], { name });
  const optimizer: Adam = Object.freeze({ name, learningRate, beta1, beta2, epsilon, weightDecay, clipNorm });
  checkCommon(name, optimizer);
  checkFactor(name, 'beta1', beta1);
  checkFactor(name, 'beta2', beta2);
  check(
    name,
    'epsilon',
    epsilon,
    typeof epsilon === 'number' && epsilon >= FLOAT_LEAST && epsilon <= FLOAT_MAX,
    `a finite number > 0 that float32 holds, at least ${FLOAT_LEAST}`,
  );
  return optimizer;
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − learningRate·m̂ / (√v̂ + ε).
 * L2 comes first, clipping after it: the norm that clipNorm bounds is that of g + weightDecay·θ.
 * Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0 (L2), no clipping.
 */
export function adam(options: AdamOptions = {}): Adam {
  return adamOf('adam', options, 0);
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): θ ← θ − learningRate·weightDecay·θ before each update. Default weightDecay 0.01.
 * Clipping bounds the gradient alone, which the decay takes no part in.
 */
export function adamW(options: AdamOptions = {}): Adam {
  return adamOf('adamW', options, 0.01);
}
