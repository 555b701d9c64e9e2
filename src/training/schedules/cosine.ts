import { checkOptions } from '../../arguments/options.js';
import { made } from '../../arguments/recipe.js';
import { cosineFall } from './cosineFall.js';
import { check, REMEDIES, type Schedule } from './schedule.js';

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
