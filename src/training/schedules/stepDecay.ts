import { checkOptions } from '../../arguments/options.js';
import { made } from '../../arguments/recipe.js';
import { check, REMEDIES, type Schedule } from './schedule.js';

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
