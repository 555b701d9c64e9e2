/** Learning rates of a population: one for all nets, or one for each. */

import { isNumericArray } from '../arguments/arrays.js';
import { describe, isList } from '../arguments/describe.js';
import { countOf, elementsOf } from '../arguments/list.js';
import { ShapeError, ValueError } from '../errors.js';
import { checkLearningRate } from '../optimizers/numbers.js';
import { answerOf } from '../training/callbacks.js';
import type { Schedule } from '../training/schedules/schedule.js';

/** A rate or a schedule for all nets, or a list with one for each. */
export type PopulationRates = number | Schedule | readonly (number | Schedule)[] | Float32Array | Float64Array;

/** The nets that take a step, and how many steps each has in an epoch. */
interface Takers {
  readonly takes: (net: number) => boolean;
  readonly stepsOf: (net: number) => number;
}

/** The rates of the steps of a slice: for each step those of all nets. */
export interface Rates {
  /** Whether they are the same in each step of a slice. */
  readonly constant: boolean;
  /** The rate or schedule of a net. */
  ruleOf(net: number): number | Schedule;
  /**
   * The rate of each net in a step, counted within the epoch; 0 of one that does not take it, where rates are not constant. Runs code of the caller's
   * where there are schedules: one of all nets once for each number of steps.
   */
  of(epoch: number, step: number, takers: Takers): Float64Array;
}

/** Reads rates for `count` nets. @throws ShapeError for another number of them; ValueError for one that is no rate */
export function readRates(call: string, given: unknown, count: number): Rates {
  const several = isList(given) || isNumericArray(given);
  const found = several ? countOf(given) : count;
  if (found !== count)
    throw new ShapeError(`${call}: learningRate has ${found} entries for ${count} nets, expected ${count}, one for each, or a number for all`);
  const list = several ? elementsOf(given, count) : [given];
  const following = new Set<unknown>();
  list.forEach((rate, i) => {
    const what = several ? `learningRate[${i}]` : 'learningRate';
    if (typeof rate !== 'function') return checkLearningRate(call, rate, what);
    if (!(rate as Schedule).observe) return;
    if ((!several && count > 1) || following.has(rate))
      throw new ValueError(
        `${call}: ${what} is ${describe(rate)} that follows the training${several ? ' of another net' : ''}, expected a list with one for each net, as each has a loss of its own`,
      );
    following.add(rate);
  });
  const rules = list as (number | Schedule)[];
  const constant = rules.every((rate) => typeof rate === 'number');
  const ruleOf = (net: number) => rules[rules.length > 1 ? net : 0] as number | Schedule;
  const values = Float64Array.from({ length: count }, (_, net) => (constant ? (ruleOf(net) as number) : 0));
  return {
    constant,
    ruleOf,
    of(epoch, step, { takes, stepsOf }) {
      if (constant) return values;
      const known = new Map<number, number>();
      return Float64Array.from({ length: count }, (_, net) => {
        const rule = ruleOf(net);
        if (!takes(net)) return 0;
        if (typeof rule === 'number') return rule;
        const steps = stepsOf(net);
        const shared = several ? undefined : known.get(steps);
        if (shared !== undefined) return shared;
        const what = several ? `learningRate[${net}]` : 'learningRate';
        const value = answerOf(call, what, rule(epoch, step, steps));
        checkLearningRate(call, value, what);
        known.set(steps, value);
        return value;
      });
    },
  };
}
