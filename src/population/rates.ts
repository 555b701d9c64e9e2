/** Learning rates of a population: one for all nets, or one for each. */

import { isNumericArray } from '../arguments/arrays.js';
import { describe, isList } from '../arguments/describe.js';
import { ShapeError } from '../errors.js';
import { checkLearningRate } from '../optimizers/numbers.js';
import { answerOf } from '../training/callbacks.js';
import type { Schedule } from '../training/schedules.js';

/** A rate or a schedule for all nets, or a list with one for each. */
export type PopulationRates = number | Schedule | readonly (number | Schedule)[] | Float32Array | Float64Array;

/** The rates of the steps of a slice: for each step those of all nets. */
export interface Rates {
  /** Whether they are the same in each step of a slice. */
  readonly constant: boolean;
  /** The rate of each net in a step; steps counted within the epoch. Runs code of the caller's where there are schedules. */
  of(epoch: number, step: number, steps: number): Float64Array;
}

/** Reads rates for `count` nets. @throws ShapeError for another number of them; ValueError for one that is no rate */
export function readRates(call: string, given: unknown, count: number): Rates {
  const several = isList(given) || isNumericArray(given);
  const list: unknown[] = several ? Array.from(given as ArrayLike<unknown>) : [given];
  if (several && list.length !== count)
    throw new ShapeError(`${call}: learningRate has ${list.length} entries for ${count} nets, expected ${count}, one for each, or a number for all`);
  list.forEach((rate, i) => {
    if (typeof rate !== 'function') checkLearningRate(call, rate, several ? `learningRate[${i}]` : 'learningRate');
    else if ((rate as Schedule).observe)
      throw new ShapeError(`${call}: learningRate is ${describe(rate)} that follows the training, expected a schedule of epoch and step`);
  });
  const schedules = list as (number | Schedule)[];
  const constant = schedules.every((rate) => typeof rate === 'number');
  const values = new Float64Array(count);
  const fill = (rateOf: (rate: number | Schedule) => number) => {
    if (schedules.length === 1) values.fill(rateOf(schedules[0] as number | Schedule));
    else schedules.forEach((rate, i) => (values[i] = rateOf(rate)));
    return values;
  };
  if (constant) fill((rate) => rate as number);
  return {
    constant,
    of(epoch, step, steps) {
      if (constant) return values;
      return fill((rate) => {
        if (typeof rate === 'number') return rate;
        const value = answerOf(call, 'learningRate', rate(epoch, step, steps));
        checkLearningRate(call, value);
        return value;
      });
    },
  };
}
