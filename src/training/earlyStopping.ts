import type { Engine } from '../engine.js';
import { ValueError } from '../errors.js';
import { checkOptions, describe } from '../values.js';
import type { EpochEnd } from './fit.js';

/** When `fit` ends before its last epoch. The parameters go back to those of the best epoch however `fit` ends: stopped, done, aborted or failed. */
export interface EarlyStopping {
  /** Epochs in a row that may pass without a better value: after so many, training ends. */
  readonly patience: number;
  /**
   * What is watched, of the validation data where there are some, else of training: `'loss'`, the less the better, or `'accuracy'`, the more the better;
   * or a function of the epoch's end, the less the better. Default `'loss'`.
   */
  readonly monitor?: 'loss' | 'accuracy' | ((end: EpochEnd) => number);
  /** A value counts as better only by more than this. Default 0. */
  readonly minDelta?: number;
}

/** Watches a `fit` and keeps the parameters of its best epoch. */
export class EarlyStop {
  readonly #engine: Engine;
  readonly #options: EarlyStopping;
  readonly #parameters: Float32Array;
  #least = Number.POSITIVE_INFINITY;
  #waited = 0;
  /** The best epoch so far; undefined before the first. */
  best: EpochEnd | undefined;

  constructor(engine: Engine, options: EarlyStopping) {
    const known = checkOptions('fit', options, ['patience', 'monitor', 'minDelta'], {}, 'earlyStopping');
    const { patience, monitor = 'loss', minDelta = 0 } = known;
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
    this.#engine = engine;
    this.#options = known;
    this.#parameters = new Float32Array(engine.parameterCount);
  }

  /** Takes note of an epoch; whether to stop after it. */
  stops(end: EpochEnd): boolean {
    const { patience, monitor = 'loss', minDelta = 0 } = this.#options;
    const watched = end.validation ?? end;
    const value = typeof monitor === 'function' ? monitor(end) : monitor === 'loss' ? watched.loss : -(watched.accuracy as number);
    if (value < this.#least - minDelta) {
      this.#least = value;
      this.#waited = 0;
      this.best = end;
      this.#parameters.set(this.#live);
      return false;
    }
    return ++this.#waited >= patience;
  }

  /** Puts the parameters of the best epoch back; nothing where none ended. */
  restore(): void {
    if (this.best) this.#live.set(this.#parameters);
  }

  get #live(): Float32Array {
    const at = this.#engine.parametersAddress >>> 2;
    return this.#engine.core.f32.subarray(at, at + this.#engine.parameterCount);
  }
}
