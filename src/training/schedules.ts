import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';

/**
 * The learning rate of a step: a function of the epoch (from 1), the step within it (from 0) and the number of steps of an epoch.
 * For the same bits on every engine, use only + − × ÷ and `Math.sqrt`: engines differ in other functions of Math.
 */
export type Schedule = (epoch: number, step: number, steps: number) => number;

function check(call: string, name: string, value: number, least: number, expected: string): void {
  if (!(Number.isFinite(value) && value >= least)) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${expected}`);
}

/** rate · factorⁿ, n = ⌊(epoch − 1) / every⌋: multiplies the rate by `factor` every so many epochs. Default factor 0.1. */
export function stepDecay(rate: number, options: { readonly every: number; readonly factor?: number }): Schedule {
  const { every, factor = 0.1 } = checkOptions('stepDecay', options, ['every', 'factor']);
  check('stepDecay', 'rate', rate, 0, 'a finite number ≥ 0');
  check('stepDecay', 'every', every, 1, 'a number of epochs ≥ 1');
  check('stepDecay', 'factor', factor, 0, 'a finite number ≥ 0');
  return (epoch) => {
    let value = rate;
    for (let n = Math.floor((epoch - 1) / every); n > 0; n--) value *= factor;
    return value;
  };
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
 * final + (rate − final)·½(1 + cos(π·t/epochs)), t the epochs done. Default final 0.
 */
export function cosine(rate: number, options: { readonly epochs: number; readonly final?: number }): Schedule {
  const { epochs, final = 0 } = checkOptions('cosine', options, ['epochs', 'final']);
  check('cosine', 'rate', rate, 0, 'a finite number ≥ 0');
  check('cosine', 'final', final, 0, 'a finite number ≥ 0');
  check('cosine', 'epochs', epochs, Number.MIN_VALUE, 'a number > 0');
  return (epoch, step, steps) => final + (rate - final) * cosineFall(Math.min(1, (epoch - 1 + step / steps) / epochs));
}

/** Rises in equal steps to `then` over the first epochs, which may be a fraction: then · (steps done + 1) / (steps of the warm-up), at most `then`. */
export function warmup(epochs: number, then: number | Schedule): Schedule {
  check('warmup', 'epochs', epochs, 0, 'a number of epochs ≥ 0');
  if (typeof then !== 'function') check('warmup', 'then', then, 0, 'the rate or the schedule that follows, as in warmup(5, 0.1)');
  return (epoch, step, steps) => {
    const target = typeof then === 'number' ? then : then(epoch, step, steps);
    if (typeof target !== 'number') throw new ValueError(`warmup: then gave ${describe(target)}, expected a number`);
    return target * Math.min(1, ((epoch - 1) * steps + step + 1) / (epochs * steps));
  };
}
