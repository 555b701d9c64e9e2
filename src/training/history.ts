import type { Metric, MetricValues } from './metrics/metric.js';

/** The mean loss over samples, and the share of correct rows where the loss has decisions. */
export interface Evaluation {
  readonly loss: number;
  /** That of each loss, in the order of the outputs, with its weight; undefined where there is one. What is missing from `loss` are penalties. */
  readonly losses: readonly number[] | undefined;
  readonly accuracy: number | undefined;
}

/** The progress of a `fit`. Times are seconds. */
export interface FitProgress extends Evaluation {
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Since this epoch began. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Estimated time to the end of the last epoch, at the speed of this one. */
  readonly secondsLeft: number;
  /**
   * The longest time that this fit has blocked the event loop: up to 0.016, unless one step or the upload takes longer. All of the fit in a host where
   * nothing but promises can be waited for, as some AudioWorklets are.
   */
  readonly longestBlock: number;
}

/** The progress of an `evaluateAsync`. Times are seconds. */
export interface EvaluationProgress {
  /** The share of the work done, from 0 to 1. */
  readonly share: number;
  readonly seconds: number;
  readonly secondsLeft: number;
  /** The longest time that this evaluation has blocked the event loop. */
  readonly longestBlock: number;
}

/** An epoch that has ended. */
export interface EpochEnd<M extends readonly Metric[] = readonly []> extends FitProgress {
  /** Of the validation data, if any, with the metrics of `fit`. */
  readonly validation: (Evaluation & MetricValues<M>) | undefined;
  /**
   * Of the training data with the parameters after the epoch, with the metrics: for these, and for `earlyStopping`, without validation data.
   * `loss` differs: it is the mean over the epoch's steps, each with the parameters before it.
   */
  readonly training: (Evaluation & MetricValues<M>) | undefined;
}

/** What `fit` resolves to. */
export interface History<M extends readonly Metric[] = readonly []> {
  readonly epochs: readonly EpochEnd<M>[];
  /** Of training alone, without validation. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** With `earlyStopping`, the epoch whose parameters the network has now; its number is `initialEpoch`, usually 0, for the parameters before the first. */
  readonly best: EpochEnd<M> | undefined;
}
