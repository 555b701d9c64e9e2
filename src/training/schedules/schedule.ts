/** What a schedule is, and what all of them check. */
import { describe } from '../../arguments/describe.js';
import { ValueError } from '../../errors.js';
import type { EpochEnd } from '../history.js';

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
export const REMEDIES = { stepsize: 'use every', gamma: 'use factor', tmax: 'use epochs', etamin: 'use final', annealstrategy: 'use anneal' };

/** @throws ValueError unless a number is finite, at least `least`, and allowed besides */
export function check(call: string, name: string, value: number, least: number, expected: string, allows = (_: number) => true): void {
  if (!(Number.isFinite(value) && value >= least && allows(value)))
    throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${expected}`);
}

/** @throws ValueError where nobody knows how many steps an epoch has */
export function checkSteps(call: string, steps: number): void {
  if (!Number.isFinite(steps))
    throw new ValueError(`${call}: nobody knows the steps of an epoch of this stream, expected its rows, as in stream(source, { rows: 60_000 })`);
}
