/** What is told of a population's training: of all nets at once, or of one as its own `fit` would. */
import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { EpochEnd, Evaluation, FitProgress, History } from '../training/history.js';
import type { Metric, MetricValues } from '../training/metrics/metric.js';
import type { PopulationEvaluation, PopulationMetrics } from './evaluation.js';
import type { Stop } from './runner.js';

/** The progress of a `fit`: what differs from net to net is a list with a number for each. Times are seconds. */
export interface PopulationProgress extends PopulationEvaluation, Omit<FitProgress, keyof Evaluation> {
  /** Steps done in this epoch, of `steps`: of the nets with the most rows, where these differ. */
  readonly step: number;
  /** Rows of all nets. */
  readonly samplesPerSecond: number;
}

/** An epoch that has ended. All is NaN for a net that stopped before its end. */
export interface PopulationEpoch<M extends readonly Metric[] = readonly []> extends PopulationProgress {
  /** Of the validation data, if any, with the metrics of `fit`. */
  readonly validation: (PopulationEvaluation & PopulationMetrics<M, undefined>) | undefined;
  /** Of the training data with the parameters after the epoch, with the metrics: for these, and for `earlyStopping`, without validation data. */
  readonly training: (PopulationEvaluation & PopulationMetrics<M, undefined>) | undefined;
}

/** The rows of each net, and the rows of its batches. */
export interface Batches {
  readonly rowsOf: (net: number) => number;
  readonly batchSize: number;
}

/** What `fit` resolves to. */
export class PopulationHistory<M extends readonly Metric[] = readonly []> {
  readonly epochs: readonly PopulationEpoch<M>[];
  /** Nets that stopped on the way, in that order. */
  readonly stopped: readonly Stop[];
  /** With `earlyStopping`, of each net the epoch whose parameters it has now; undefined without, and where none had a finite value. */
  readonly best: readonly (EpochEnd<M> | undefined)[];
  /** Of training alone, without validation. */
  readonly seconds: number;
  /** Rows of all nets. */
  readonly samplesPerSecond: number;
  readonly #batches: Batches;

  /** @internal */
  constructor(
    epochs: readonly PopulationEpoch<M>[],
    stopped: readonly Stop[],
    best: readonly (EpochEnd<M> | undefined)[],
    seconds: number,
    samplesPerSecond: number,
    batches: Batches,
  ) {
    this.epochs = epochs;
    this.stopped = stopped;
    this.best = best;
    this.seconds = seconds;
    this.samplesPerSecond = samplesPerSecond;
    this.#batches = batches;
  }

  /** The history of a net, as its own `fit` gives it: the epochs that it trained to their ends. Times are those of all nets. */
  net(net: number): History<M> {
    if (!(Number.isInteger(net) && net >= 0 && net < this.best.length))
      throw new ValueError(`net: net is ${describe(net)}, expected a whole number from 0 to ${this.best.length - 1}`);
    const stop = this.stopped.find((stop) => stop.net === net);
    const isTrained = ({ epoch }: { readonly epoch: number }) => !stop || epoch < stop.epoch || (epoch === stop.epoch && stop.reason === 'early');
    const epochs = this.epochs.filter(isTrained).map((end) => epochOf(end, net, this.#batches));
    const seconds = epochs.reduce((sum, end) => sum + end.seconds, 0);
    return { epochs, seconds, samplesPerSecond: (epochs.length * this.#batches.rowsOf(net)) / seconds || 0, best: this.best[net] };
  }
}

/** How an epoch ended for a net. */
export function epochOf<M extends readonly Metric[]>(end: PopulationEpoch<M>, net: number, { rowsOf, batchSize }: Batches): EpochEnd<M> {
  const rows = rowsOf(net);
  const { epoch, epochs, seconds, longestBlock, validation, training } = end;
  const steps = Math.ceil(rows / batchSize);
  const samplesPerSecond = seconds > 0 ? rows / seconds : 0;
  return {
    ...evaluationOf(end, net),
    epoch,
    epochs,
    step: end.step === 0 ? 0 : steps,
    steps,
    seconds,
    samplesPerSecond,
    secondsLeft: ((epochs - epoch) * rows) / samplesPerSecond,
    longestBlock,
    validation: validation && valuesOf<M>(validation, net),
    training: training && valuesOf<M>(training, net),
  };
}

function evaluationOf({ loss, losses, accuracy }: PopulationEvaluation, net: number) {
  return { loss: loss[net] as number, losses: losses?.map((of) => of[net] as number), accuracy: accuracy?.[net] };
}

/** An evaluation with its metrics as one net has them. */
function valuesOf<M extends readonly Metric[]>(found: PopulationEvaluation, net: number) {
  const metrics = Object.entries(found)
    .filter(([name]) => !['loss', 'losses', 'accuracy'].includes(name))
    .map(([name, values]) => [name, (values as ArrayLike<unknown>)[net]]);
  return { ...evaluationOf(found, net), ...(Object.fromEntries(metrics) as MetricValues<M>) };
}
