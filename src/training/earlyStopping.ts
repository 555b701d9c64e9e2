import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Engine } from '../engine/engine.js';
import { Snapshot } from '../engine/snapshot.js';
import { ValueError } from '../errors.js';
import { answerOf } from './callbacks.js';
import type { EpochEnd } from './history.js';

/**
 * Options of early stopping. However `fit` ends (stopped, done, aborted or failed), parameters and optimizer state are restored to those of
 * the best epoch. The parameters before the first epoch are a candidate too, as epoch `initialEpoch`: 0, unless said otherwise.
 *
 * An epoch is judged by the parameters that it ended with: on the validation data or, without any, on the training data. That costs a
 * forward pass over them after each epoch.
 */
export interface EarlyStopping {
  /** Training ends after so many epochs in a row without a better value. */
  readonly patience: number;
  /**
   * The value to watch, of `validation` where there is validation data, else of `training`: `'loss'` (lower is better), `'accuracy'` (higher is
   * better), or a function of the epoch's end that returns a number (lower is better). It is called for epoch 0 as well. A loss that is not
   * finite is never better; only for such an epoch may the function return NaN. Default `'loss'`.
   */
  readonly monitor?: 'loss' | 'accuracy' | ((end: EpochEnd) => number);
  /** Least improvement that counts as better. Default 0. */
  readonly minDelta?: number;
}

const OPTIONS: readonly (keyof EarlyStopping)[] = ['patience', 'monitor', 'minDelta'];

/** Watches a `fit` and keeps the parameters and the optimizer's state of its best epoch. */
export class EarlyStop {
  readonly #patience: number;
  readonly #monitor: NonNullable<EarlyStopping['monitor']>;
  readonly #minDelta: number;
  readonly #snapshot: Snapshot;
  #least = Number.POSITIVE_INFINITY;
  #waited = 0;
  /** The best epoch so far; undefined while none had a finite value. */
  best: EpochEnd | undefined;

  constructor(engine: Engine, options: EarlyStopping) {
    const { patience, monitor = 'loss', minDelta = 0 } = checkOptions('fit', options, OPTIONS, {}, 'earlyStopping');
    if (!(Number.isInteger(patience) && patience > 0)) {
      throw new ValueError(`fit: earlyStopping.patience is ${describe(patience)}, expected a whole number of epochs > 0`);
    }
    if (!(Number.isFinite(minDelta) && minDelta >= 0)) {
      throw new ValueError(`fit: earlyStopping.minDelta is ${describe(minDelta)}, expected a finite number ≥ 0`);
    }
    if (monitor !== 'loss' && monitor !== 'accuracy' && typeof monitor !== 'function') {
      throw new ValueError(`fit: earlyStopping.monitor is ${describe(monitor)}, expected 'loss', 'accuracy' or a function`);
    }
    if (monitor === 'accuracy' && !engine.decides) {
      throw new ValueError("fit: earlyStopping.monitor is 'accuracy', but the loss has no decisions; expected 'loss' or a function");
    }
    this.#patience = patience;
    this.#monitor = monitor;
    this.#minDelta = minDelta;
    this.#snapshot = new Snapshot(engine);
  }

  /** Records the parameters before the first epoch. */
  begin(end: EpochEnd): void {
    this.#isBetter(end);
  }

  /** Records an epoch. @returns whether to stop after it */
  stops(end: EpochEnd): boolean {
    this.#waited = this.#isBetter(end) ? 0 : this.#waited + 1;
    return this.#waited >= this.#patience;
  }

  #isBetter(end: EpochEnd): boolean {
    const value = this.#valueOf(end);
    if (!(value < this.#least - this.#minDelta)) return false;
    this.#least = value;
    this.best = end;
    this.#snapshot.take();
    return true;
  }

  #valueOf(end: EpochEnd): number {
    const watched = end.validation ?? end.training ?? end;
    const monitor = this.#monitor;
    if (monitor === 'loss') return watched.loss;
    if (monitor === 'accuracy') return -(watched.accuracy as number);
    const value: unknown = answerOf('fit', 'earlyStopping.monitor', monitor(end));
    const finite = Number.isFinite(end.loss) && Number.isFinite(watched.loss);
    if (typeof value !== 'number' || (Number.isNaN(value) && finite)) {
      throw new ValueError(`fit: earlyStopping.monitor gave ${describe(value)} for epoch ${end.epoch}, expected a number`);
    }
    return value;
  }

  /** Restores parameters and optimizer state of the best epoch, if there is one. */
  restore(): void {
    if (this.best) this.#snapshot.restore();
  }
}
