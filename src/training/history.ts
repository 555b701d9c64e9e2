/** The mean loss over samples, and the share decided rightly where the loss has decisions. */
export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number | undefined;
}

/** Where a `fit` stands. Times are in seconds. */
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
  /** Until the last epoch's end, as this epoch's speed has it. */
  readonly secondsLeft: number;
  /** The longest that this fit has kept the event loop waiting: up to 0.016, unless one step or the upload takes longer. */
  readonly longestBlock: number;
}

/** Where an `evaluateAsync` stands. Times are in seconds. */
export interface EvaluationProgress {
  /** The share of the work that is done, from 0 to 1. */
  readonly share: number;
  readonly seconds: number;
  readonly secondsLeft: number;
  /** The longest that this evaluation has kept the event loop waiting. */
  readonly longestBlock: number;
}

/** An epoch that has ended. */
export interface EpochEnd extends FitProgress {
  /** Of the validation data, where there are some. */
  readonly validation: Evaluation | undefined;
  /**
   * Of the training data with the parameters after the epoch, where `earlyStopping` has no validation data to go by.
   * `loss` is another: the mean over the epoch's steps, each with the parameters before it.
   */
  readonly training: Evaluation | undefined;
}

/** What `fit` resolves to. */
export interface History {
  readonly epochs: readonly EpochEnd[];
  /** Of training alone, without validation. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** With `earlyStopping`, the epoch whose parameters the network has now; its number is 0 for the parameters before the first. */
  readonly best: EpochEnd | undefined;
}
