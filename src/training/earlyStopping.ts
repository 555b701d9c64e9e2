import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Snapshot, SnapshotState } from '../engine/snapshot.js';
import { ValueError } from '../errors.js';
import type { EpochEnd } from './history.js';
import type { Metric } from './metrics/metric.js';
import { type Monitor, watcher } from './monitor.js';

/**
 * Options of early stopping. However `fit` ends (stopped, done, aborted or failed), parameters and optimizer state are restored to those of
 * the best epoch. The parameters before the first epoch are a candidate too, as epoch `initialEpoch`: 0, unless said otherwise.
 *
 * An epoch is judged by the parameters that it ended with: on the validation data or, without any, on the training data. That costs a
 * forward pass over them after each epoch. A function that watches is called for epoch 0 as well.
 */
export interface EarlyStopping extends Monitor {
  /** Training ends after so many epochs in a row without a better value. */
  readonly patience: number;
  /** Least improvement that counts as better. Default 0. */
  readonly minDelta?: number;
}

const OPTIONS: readonly (keyof EarlyStopping)[] = ['patience', 'monitor', 'mode', 'minDelta'];

/** What early stopping remembers besides the best parameters. */
export interface EarlyStopState {
  readonly least: number;
  readonly waited: number;
  readonly best: EpochEnd | undefined;
  /** The parameters, states and optimizer's state of the best epoch. */
  readonly snapshot: SnapshotState;
}

/** What was asked of early stopping. */
type EarlyStopSettings = Readonly<Omit<EarlyStopping, 'minDelta'> & { minDelta: number }>;

/** Early stopping as it was asked for, and what it makes of an epoch: a number of which lower is better. */
export interface EarlyStopRequest {
  readonly settings: EarlyStopSettings;
  readonly valueOf: (end: EpochEnd) => number;
}

/** Reads each option once. @throws ValueError for one that there cannot be */
export function readEarlyStopping(options: EarlyStopping, metrics: readonly Metric[], decides: boolean): EarlyStopRequest {
  const { patience, minDelta = 0, ...monitor } = checkOptions('fit', options, OPTIONS, {}, 'earlyStopping');
  if (!(Number.isInteger(patience) && patience > 0)) {
    throw new ValueError(`fit: earlyStopping.patience is ${describe(patience)}, expected a whole number of epochs > 0`);
  }
  if (!(Number.isFinite(minDelta) && minDelta >= 0)) {
    throw new ValueError(`fit: earlyStopping.minDelta is ${describe(minDelta)}, expected a finite number ≥ 0`);
  }
  return { settings: { patience, minDelta, ...monitor }, valueOf: watcher('earlyStopping', monitor, metrics, decides) };
}

/** A copy of parameters and optimizer's state, to go back to. */
interface Copy {
  take(): void;
  restore(): void;
}

/** Watches a `fit` and keeps the parameters and the optimizer's state of its best epoch. */
export class EarlyStop<Kept extends Copy = Snapshot> {
  readonly #valueOf: (end: EpochEnd) => number;
  readonly settings: EarlyStopSettings;
  least = Number.POSITIVE_INFINITY;
  waited = 0;
  /** The best epoch so far; undefined while none had a finite value. */
  best: EpochEnd | undefined;

  constructor(
    request: EarlyStopRequest,
    readonly snapshot: Kept,
  ) {
    this.#valueOf = request.valueOf;
    this.settings = request.settings;
  }

  /** Records the parameters before the first epoch. */
  begin(end: EpochEnd): void {
    this.#isBetter(end);
  }

  /** Records an epoch. @returns whether to stop after it */
  stops(end: EpochEnd): boolean {
    this.waited = this.#isBetter(end) ? 0 : this.waited + 1;
    return this.waited >= this.settings.patience;
  }

  #isBetter(end: EpochEnd): boolean {
    const value = this.#valueOf(end);
    if (!(value < this.least - this.settings.minDelta)) return false;
    this.least = value;
    this.best = end;
    this.snapshot.take();
    return true;
  }

  /** Restores parameters and optimizer state of the best epoch, if there is one. */
  restore(): void {
    if (this.best) this.snapshot.restore();
  }
}
