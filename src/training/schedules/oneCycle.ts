import { describe } from '../../arguments/describe.js';
import { checkOptions } from '../../arguments/options.js';
import { made } from '../../arguments/recipe.js';
import { ValueError } from '../../errors.js';
import { cosineFall } from './cosineFall.js';
import { check, checkSteps, REMEDIES, type Schedule } from './schedule.js';

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
