/** The numbers that descriptions of optimizers are made of: each in its range, also in float32. */
import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';

/** The largest number that float32 holds, and the least above 0. */
export const FLOAT_MAX = 3.4028234663852886e38;
export const FLOAT_LEAST = 2 ** -149;

/** @throws ValueError unless the value is a number that is allowed */
export function checkNumber(call: string, name: string, value: unknown, allows: (value: number) => boolean, expected: string): void {
  if (!(typeof value === 'number' && allows(value))) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${expected}`);
}

/** @throws ValueError unless the rate is a number ≥ 0 that is finite in float32 */
export function checkLearningRate(call: string, learningRate: unknown, name = 'learningRate'): void {
  checkNumber(call, name, learningRate, (rate) => rate >= 0 && Math.fround(rate) < Number.POSITIVE_INFINITY, 'a finite number ≥ 0');
}

/** @throws ValueError unless the decay is a number ≥ 0 that float32 holds */
export function checkWeightDecay(call: string, weightDecay: unknown): void {
  checkNumber(call, 'weightDecay', weightDecay, (decay) => decay >= 0 && decay <= FLOAT_MAX, 'a finite number ≥ 0');
}
