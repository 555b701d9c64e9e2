import { describe } from '../../arguments/describe.js';
import { checkFlag } from '../../arguments/flag.js';
import { checkOptions } from '../../arguments/options.js';
import { made } from '../../arguments/recipe.js';
import { ValueError } from '../../errors.js';
import { answerOf } from '../callbacks.js';
import type { EpochEnd } from '../history.js';
import { monitoredValue } from '../monitor.js';
import { check, type Schedule, type ScheduleState } from './schedule.js';

/** Options of `reduceOnPlateau`. */
export interface ReduceOnPlateauOptions {
  /**
   * What is to improve: the name of a number of `validation` where there is validation data, else of the epoch itself, such as `'loss'` or
   * `'accuracy'`; or a function of the epoch's end. Default `'loss'`.
   */
  readonly monitor?: string | ((end: EpochEnd) => number);
  /** Whether lower is better or higher. Default: as the metric says, `'max'` for `'accuracy'`, else `'min'`. */
  readonly mode?: 'min' | 'max';
  /** What the rate is multiplied by. Default 0.1. */
  readonly factor?: number;
  /** Epochs without an improvement that are tolerated: the rate falls after one more. Default 10. */
  readonly patience?: number;
  /** Epochs after each reduction in which none is counted. Default 0. */
  readonly cooldown?: number;
  /** Least improvement that counts: a share of the best value, or a number where `relative` is false. Default 1e-4. */
  readonly minDelta?: number;
  /** Whether `minDelta` is a share of the best value. Default true. */
  readonly relative?: boolean;
  /** Default 0. */
  readonly minLearningRate?: number;
}

/** A schedule that remembers something. */
export type StatefulSchedule = Schedule & Required<Pick<Schedule, 'observe' | 'state' | 'restore'>>;

const OPTIONS: readonly (keyof ReduceOnPlateauOptions)[] = [
  'monitor',
  'mode',
  'factor',
  'patience',
  'cooldown',
  'minDelta',
  'relative',
  'minLearningRate',
];

/** What PyTorch calls these. */
const REMEDIES = { minlr: 'use minLearningRate', thresholdmode: 'use relative, true or false', gamma: 'use factor' };

/** Differences of rates up to this are none: PyTorch's `eps`. */
const LEAST_CHANGE = 1e-8;

const STATE = ['learningRate', 'best', 'badEpochs', 'cooldownLeft'];

/**
 * Multiplies the rate by `factor` where a value has stopped improving, as PyTorch's ReduceLROnPlateau does: after more than `patience` epochs in a
 * row that were no better than the best by `minDelta`. A value that is NaN is no better.
 *
 * It remembers the rate, the best value and its counts from one `fit` to the next: each training needs its own. `state()` gives them as numbers,
 * `restore(state)` goes on from there.
 * @throws ValueError for an option out of its range
 */
export function reduceOnPlateau(rate: number, options: ReduceOnPlateauOptions = {}): StatefulSchedule {
  const call = 'reduceOnPlateau';
  const given = checkOptions(call, options, OPTIONS, {}, 'options', REMEDIES);
  const { monitor = 'loss', factor = 0.1, patience = 10, cooldown = 0, minDelta = 1e-4, relative = true, minLearningRate = 0 } = given;
  const { mode } = given;
  if (typeof monitor !== 'string' && typeof monitor !== 'function')
    throw new ValueError(`${call}: monitor is ${describe(monitor)}, expected a name, such as 'loss', or a function`);
  if (mode !== undefined && mode !== 'min' && mode !== 'max') throw new ValueError(`${call}: mode is ${describe(mode)}, expected 'min' or 'max'`);
  checkFlag(call, 'relative', relative);
  for (const [name, value] of Object.entries({ rate, minLearningRate })) check(call, name, value, 0, 'a finite number ≥ 0');
  check(call, 'minDelta', minDelta, 0, relative ? 'a share in [0, 1)' : 'a finite number ≥ 0', (delta) => !relative || delta < 1);
  check(call, 'factor', factor, 0, 'a number in [0, 1)', (value) => value < 1);
  for (const [name, value] of Object.entries({ patience, cooldown })) check(call, name, value, 0, 'a whole number ≥ 0', Number.isInteger);

  let sign = (mode ?? (monitor === 'accuracy' ? 'max' : 'min')) === 'min' ? 1 : -1;
  let learningRate = rate;
  let best = sign * Number.POSITIVE_INFINITY;
  let badEpochs = 0;
  let cooldownLeft = 0;

  // PyTorch's form: a share of a best value below 0 asks for less than no improvement.
  const isBetter = (value: number) => sign * value < sign * (relative ? best * (1 - sign * minDelta) : best - sign * minDelta);
  const observe = (end: EpochEnd, usual?: 'min' | 'max'): void => {
    if (mode === undefined && usual !== undefined) {
      const before = sign * Number.POSITIVE_INFINITY;
      sign = usual === 'min' ? 1 : -1;
      // There is no best value yet.
      if (best === before) best = sign * Number.POSITIVE_INFINITY;
    }
    if (typeof end !== 'object' || end === null)
      throw new ValueError(`${call}: observe: end is ${describe(end)}, expected what fit gives onEpoch after an epoch`);
    const value: unknown = typeof monitor === 'string' ? monitoredValue('learningRate', monitor, end) : answerOf(call, 'monitor', monitor(end));
    if (typeof value !== 'number') throw new ValueError(`${call}: monitor gave ${describe(value)}, expected a number`);
    if (isBetter(value)) {
      best = value;
      badEpochs = 0;
    } else {
      badEpochs++;
    }
    if (cooldownLeft > 0) {
      cooldownLeft--;
      badEpochs = 0;
    }
    if (badEpochs <= patience) return;
    const reduced = Math.max(learningRate * factor, minLearningRate);
    if (learningRate - reduced > LEAST_CHANGE) learningRate = reduced;
    cooldownLeft = cooldown;
    badEpochs = 0;
  };
  const state = (): ScheduleState => ({ learningRate, best, badEpochs, cooldownLeft });
  const restore = (from: ScheduleState): void => {
    const kept = checkOptions(`${call}: restore`, from, STATE, {}, 'the state') as Record<string, number>;
    for (const name of STATE) {
      const value = kept[name];
      const allowed = name === 'best' ? !Number.isNaN(value) : name === 'learningRate' ? Number.isFinite(value) : Number.isInteger(value);
      if (typeof value !== 'number' || !allowed || (name !== 'best' && value < 0))
        throw new ValueError(`${call}: restore: ${name} is ${describe(value)}, expected what state() gave`);
    }
    ({ learningRate, best, badEpochs, cooldownLeft } = kept as { learningRate: number; best: number; badEpochs: number; cooldownLeft: number });
  };
  const schedule = Object.assign(() => learningRate, { observe, monitor: typeof monitor === 'string' ? monitor : undefined, state, restore });
  return made([call, rate, given], schedule);
}
