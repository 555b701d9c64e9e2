import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { made } from '../arguments/recipe.js';
import { ValueError } from '../errors.js';
import type { EpochEnd } from './history.js';

/** What a schedule remembers, by name: numbers alone, so that a file can hold it. */
export type ScheduleState = Readonly<Record<string, number>>;

/**
 * The learning rate of a step: a function of the epoch (from 1), the step within it (from 0) and the number of steps of an epoch.
 * For the same bits on every engine, use only + − × ÷ and `Math.sqrt`: engines differ in other functions of Math.
 *
 * Any function will do. One that follows the training has `observe`, and where it remembers something, `state` and `restore` besides.
 */
export interface Schedule {
  (epoch: number, step: number, steps: number): number;
  /** Called by `fit` behind each epoch, with what was measured of it, and with whether the value that `monitor` names is to fall or to rise. */
  readonly observe?: (end: EpochEnd, mode?: 'min' | 'max') => void;
  /** The value that `observe` reads of an epoch: `fit` refuses one that there is not before it begins. */
  readonly monitor?: string | undefined;
  /** What it remembers: a copy. */
  readonly state?: () => ScheduleState;
  /** Goes on from what `state` gave. @throws ValueError for anything else, and keeps what it remembers */
  readonly restore?: (state: ScheduleState) => void;
}

/** What PyTorch calls options of schedules. */
const REMEDIES = { stepsize: 'use every', gamma: 'use factor', tmax: 'use epochs', etamin: 'use final', annealstrategy: 'use anneal' };

/** @throws ValueError unless a number is finite, at least `least`, and allowed besides */
export function check(call: string, name: string, value: number, least: number, expected: string, allows = (_: number) => true): void {
  if (!(Number.isFinite(value) && value >= least && allows(value)))
    throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${expected}`);
}

/** @throws ValueError where nobody knows how many steps an epoch has */
function checkSteps(call: string, steps: number): void {
  if (!Number.isFinite(steps))
    throw new ValueError(`${call}: nobody knows the steps of an epoch of this stream, expected its rows, as in stream(source, { rows: 60_000 })`);
}

/** rate · factorⁿ, n = ⌊(epoch − 1) / every⌋: multiplies the rate by `factor` every so many epochs. Default factor 0.1. */
export function stepDecay(rate: number, options: { readonly every: number; readonly factor?: number }): Schedule {
  const { every, factor = 0.1 } = checkOptions('stepDecay', options, ['every', 'factor'], {}, 'options', REMEDIES);
  check('stepDecay', 'rate', rate, 0, 'a finite number ≥ 0');
  check('stepDecay', 'every', every, 1, 'a number of epochs ≥ 1');
  check('stepDecay', 'factor', factor, 0, 'a finite number ≥ 0');
  const falling: Schedule = (epoch) => {
    let value = rate;
    for (let n = Math.floor((epoch - 1) / every); n > 0; n--) value *= factor;
    return value;
  };
  return made(['stepDecay', rate, { every, factor }], falling);
}

/** rate · factorⁿ, n = epoch − 1: multiplies the rate by `factor` after each epoch, as PyTorch's ExponentialLR does. */
export function exponentialDecay(rate: number, options: { readonly factor: number }): Schedule {
  const { factor } = checkOptions('exponentialDecay', options, ['factor'], {}, 'options', REMEDIES);
  check('exponentialDecay', 'rate', rate, 0, 'a finite number ≥ 0');
  check('exponentialDecay', 'factor', factor, 0, 'a finite number ≥ 0');
  return stepDecay(rate, { every: 1, factor });
}

/** π/2 in double precision. */
const HALF_PI = 1.5707963267948966;

/** ½(1 + cos πt) = cos²(πt/2) for t in [0, 1], by the Taylor series of sin and cos up to π/4, where they are exact to rounding. */
function cosineFall(t: number): number {
  const sine = t > 0.5;
  const y = HALF_PI * (sine ? 1 - t : t);
  let term = sine ? y : 1;
  let sum = term;
  for (let n = sine ? 3 : 2; n < 20; n += 2) {
    term *= -(y * y) / (n * (n - 1));
    sum += term;
  }
  return sum * sum;
}

/**
 * Falls from `rate` to `final` as half a cosine over so many epochs, step by step, then stays there (Loshchilov & Hutter 2017, equation 5,
 * without restarts):
 * final + (rate − final)·½(1 + cos(π·t/epochs)), t the epochs done. Default final 0. On a stream whose length nobody knows it falls epoch by epoch.
 */
export function cosine(rate: number, options: { readonly epochs: number; readonly final?: number }): Schedule {
  const { epochs, final = 0 } = checkOptions('cosine', options, ['epochs', 'final'], {}, 'options', REMEDIES);
  check('cosine', 'rate', rate, 0, 'a finite number ≥ 0');
  check('cosine', 'final', final, 0, 'a finite number ≥ 0');
  check('cosine', 'epochs', epochs, Number.MIN_VALUE, 'a number > 0');
  const falling: Schedule = (epoch, step, steps) => final + (rate - final) * cosineFall(Math.min(1, (epoch - 1 + step / steps) / epochs));
  return made(['cosine', rate, { epochs, final }], falling);
}

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** The length of the whole cycle. */
  readonly epochs: number;
  /** The share of the steps in which the rate rises. Default 0.3. */
  readonly pctStart?: number;
  /** The first rate is `rate / divFactor`. Default 25. */
  readonly divFactor?: number;
  /** The last rate is the first one divided by this. Default 1e4. */
  readonly finalDivFactor?: number;
  /** The shape of both flanks. Default `'cosine'`. */
  readonly anneal?: 'cosine' | 'linear';
}

/**
 * One cycle (Smith & Topin 2017, in PyTorch's form of two phases): over n steps, those of so many epochs, rises from rate / divFactor to `rate`, which
 * it has at step pctStart·n − 1, and falls to rate / (divFactor·finalDivFactor) at step n − 1; then it stays there.
 */
export function oneCycle(rate: number, options: OneCycleOptions): Schedule {
  const known = ['epochs', 'pctStart', 'divFactor', 'finalDivFactor', 'anneal'];
  const {
    epochs,
    pctStart = 0.3,
    divFactor = 25,
    finalDivFactor = 1e4,
    anneal = 'cosine',
  } = checkOptions('oneCycle', options, known, {}, 'options', REMEDIES);
  check('oneCycle', 'rate', rate, 0, 'a finite number ≥ 0');
  check('oneCycle', 'epochs', epochs, Number.MIN_VALUE, 'a number > 0');
  check('oneCycle', 'pctStart', pctStart, 0, 'a share of the steps in [0, 1)', (share) => share < 1);
  check('oneCycle', 'divFactor', divFactor, 1, 'a finite number ≥ 1');
  check('oneCycle', 'finalDivFactor', finalDivFactor, 1, 'a finite number ≥ 1');
  if (anneal !== 'cosine' && anneal !== 'linear') throw new ValueError(`oneCycle: anneal is ${describe(anneal)}, expected 'cosine' or 'linear'`);
  const first = rate / divFactor;
  const last = first / finalDivFactor;
  const between = (from: number, to: number, share: number) => to + (from - to) * (anneal === 'cosine' ? cosineFall(share) : 1 - share);
  const cycle: Schedule = (epoch, step, steps) => {
    checkSteps('oneCycle', steps);
    const at = (epoch - 1) * steps + step;
    const top = pctStart * epochs * steps - 1;
    if (at <= top && top > 0) return between(first, rate, at / top);
    const end = epochs * steps - 1;
    return end > top && at < end ? between(rate, last, (at - top) / (end - top)) : last;
  };
  return made(['oneCycle', rate, { epochs, pctStart, divFactor, finalDivFactor, anneal }], cycle);
}

/** Rises in equal steps to `then` over the first epochs, which may be a fraction: then · (steps done + 1) / (steps of the warm-up), at most `then`; what `then` observes and remembers goes on. */
export function warmup(epochs: number, then: number | Schedule): Schedule {
  check('warmup', 'epochs', epochs, 0, 'a number of epochs ≥ 0');
  if (typeof then !== 'function') check('warmup', 'then', then, 0, 'the rate or the schedule that follows, as in warmup(5, 0.1)');
  const rising: Schedule = (epoch, step, steps) => {
    const target = typeof then === 'number' ? then : then(epoch, step, steps);
    if (typeof target !== 'number') throw new ValueError(`warmup: then gave ${describe(target)}, expected a number`);
    if (epochs === 0) return target;
    checkSteps('warmup', steps);
    return target * Math.min(1, ((epoch - 1) * steps + step + 1) / (epochs * steps));
  };
  made(['warmup', epochs, then], rising);
  if (typeof then === 'number') return rising;
  const { observe, monitor, state, restore } = then;
  return Object.assign(rising, { observe: observe?.bind(then), monitor, state: state?.bind(then), restore: restore?.bind(then) });
}
