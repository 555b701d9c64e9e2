import { describe, fieldOf } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike, AnyTargets, Inputs } from '../arguments/values.js';
import type { Dataset, DatasetLiteral } from '../data/dataset.js';
import type { Streamed } from '../data/rows.js';
import type { Engine } from '../engine/engine.js';
import { Snapshot } from '../engine/snapshot.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { ValueError } from '../errors.js';
import { checkLearningRate } from '../optimizers/numbers.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { answerOf, checkCallbacks } from './callbacks.js';
import { EarlyStop, type EarlyStopping, readEarlyStopping } from './earlyStopping.js';
import { readMetrics } from './evaluate.js';
import type { EpochEnd, FitProgress } from './history.js';
import type { Metric } from './metrics/metric.js';
import { checkMonitor, usualMode } from './monitor.js';
import { checkPause, type PauseSignal } from './pause.js';
import type { Schedule } from './schedules/schedule.js';
import { searchingOf } from './search/searching.js';
import { TURN_SECONDS } from './turns.js';

/** Options of `fit`. */
export interface FitOptions<M extends readonly Metric[] = readonly []> {
  /** The number of the last epoch: so many are trained, less `initialEpoch`. Default 1. */
  readonly epochs?: number;
  /**
   * Epochs that count as done: this fit begins with epoch `initialEpoch + 1`, in schedules and reports. With `initialEpoch: 10, epochs: 30` a schedule
   * goes on where a fit of 10 epochs left it. Default 0.
   */
  readonly initialEpoch?: number;
  /** Rows of an update. One of an optimizer that searches is of all rows, of which so many are computed at once. Default 32, and 256 there. */
  readonly batchSize?: number;
  /** Whether to draw a new, seeded order of the rows for each epoch. Default true; false for an optimizer that searches. */
  readonly shuffle?: boolean;
  /**
   * How many batches go into one update, which is that of a batch of all their rows: for batches whose values take too much memory at once.
   * Default 1.
   */
  readonly accumulationSteps?: number;
  /** Data to evaluate after each epoch. */
  readonly validationData?: Dataset | DatasetLiteral<AnyTargets, Inputs>;
  /** The share of the rows, the last of the data, to hold back and evaluate after each epoch, in place of `validationData`. */
  readonly validationSplit?: number;
  /** What to find after each epoch, of the validation data or, without any, of the training data: as `evaluate` does. */
  readonly metrics?: M;
  /**
   * Replaces the optimizer's rate: a number, or a function of the epoch (from 1), the step within it (from 0) and the steps of an epoch. A schedule that
   * follows the training hears how each epoch ended, before `onEpoch`.
   */
  readonly learningRate?: number | Schedule;
  /** Stops when the watched value no longer improves, and restores the best epoch's parameters and optimizer state, however the training ends. */
  readonly earlyStopping?: EarlyStopping;
  /** Pauses and resumes the training, between two slices of steps. */
  readonly pause?: PauseSignal;
  /** The longest time in milliseconds to run without giving the event loop a turn; one step may take longer. Default 10. */
  readonly budgetMs?: number;
  /** Aborts after the current step; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Called between slices of steps: up to 100 times a second, or once in `budgetMs`. A promise is awaited; its rejection rejects `fit`. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  /** Called after each epoch. Returning false ends the training. A promise is awaited for its value; its rejection rejects `fit`. */
  readonly onEpoch?: (epoch: EpochEnd<M>) => unknown;
}

/** Their names. */
export const FIT_OPTIONS: readonly (keyof FitOptions)[] = [
  'epochs',
  'batchSize',
  'initialEpoch',
  'shuffle',
  'accumulationSteps',
  'validationData',
  'validationSplit',
  'metrics',
  'learningRate',
  'earlyStopping',
  'pause',
  'budgetMs',
  'signal',
  'onProgress',
  'onEpoch',
];

/** The rows that a share of the data holds back. @throws ValueError where none are left on a side */
export function heldBack(rows: number, share: number): number {
  const held = Math.round(rows * share);
  if (held > 0 && held < rows) return held;
  throw new ValueError(`fit: a validationSplit of ${share} holds back ${held} of ${rows} rows, expected rows on both sides`);
}

/** Options of the loop over epochs, as a caller gave them. */
type LoopOptions = { readonly [K in keyof Omit<FitOptions, 'learningRate' | 'earlyStopping'>]: unknown };

/** Fills in defaults of the loop over epochs and checks each option. @throws ValueError for one that there cannot be */
export function readLoop(given: LoopOptions, usual: { readonly batchSize: number; readonly shuffle: boolean }) {
  const {
    epochs = 1,
    initialEpoch = 0,
    batchSize = usual.batchSize,
    accumulationSteps = 1,
    shuffle = usual.shuffle,
    validationData,
    validationSplit,
    pause,
    budgetMs,
    signal,
    onProgress,
    onEpoch,
  } = given as Omit<FitOptions, 'learningRate' | 'earlyStopping'>;
  for (const [name, value] of Object.entries({ epochs, batchSize, accumulationSteps })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`fit: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  if (!(Number.isInteger(initialEpoch) && initialEpoch >= 0 && initialEpoch < epochs))
    throw new ValueError(
      `fit: initialEpoch is ${describe(initialEpoch)}, expected a whole number below epochs, ${epochs}: the number of the last epoch`,
    );
  checkFlag('fit', 'shuffle', shuffle);
  if (budgetMs !== undefined && !(typeof budgetMs === 'number' && budgetMs > 0))
    throw new ValueError(`fit: budgetMs is ${describe(budgetMs)}, expected a number of milliseconds > 0`);
  checkCallbacks('fit', { onProgress, onEpoch }, signal);
  checkPause(pause);
  const metrics = readMetrics('fit', given.metrics as readonly Metric[] | undefined);
  if (validationData !== undefined && (typeof validationData !== 'object' || validationData === null)) {
    throw new ValueError(`fit: validationData is ${describe(validationData)}, expected a data set or { x, y }`);
  }
  if (validationSplit !== undefined) {
    if (!(typeof validationSplit === 'number' && validationSplit > 0 && validationSplit < 1))
      throw new ValueError(`fit: validationSplit is ${describe(validationSplit)}, expected a number between 0 and 1`);
    if (validationData !== undefined) throw new ValueError('fit: validationData and validationSplit both came, expected one of them');
  }
  const budget = budgetMs === undefined ? TURN_SECONDS : budgetMs / 1000;
  return {
    epochs,
    initialEpoch,
    batchSize,
    accumulationSteps,
    shuffle,
    metrics,
    validationData,
    validationSplit,
    pause,
    budget,
    signal,
    onProgress,
    onEpoch,
  };
}

/** Reads each option of `fit` once and fills in defaults. */
export function readOptions(engine: Engine, options: FitOptions<readonly Metric[]>, stream?: Streamed) {
  const given = checkOptions('fit', options, FIT_OPTIONS);
  const searching = searchingOf(engine.optimizer);
  const { learningRate, earlyStopping } = given;
  const loop = readLoop(given, { batchSize: stream?.batchSize ?? searching?.rows ?? 32, shuffle: !searching });
  const { accumulationSteps, metrics, validationData, validationSplit } = loop;
  const rateOf = ratesOf(learningRate === undefined ? (engine.optimizer?.learningRate ?? 0) : learningRate);
  searching?.checkFit(engine.optimizer as Optimizer, stream !== undefined, accumulationSteps);
  const evaluating = earlyStopping !== undefined ? 'earlyStopping' : metrics.length > 0 ? 'metrics' : undefined;
  stream?.checkFit({ batchSize: given.batchSize, validationData, validationSplit, evaluating });
  const stopping =
    earlyStopping === undefined ? undefined : new EarlyStop(readEarlyStopping(earlyStopping, metrics, engine.decides), new Snapshot(engine));
  const observe = observerOf(learningRate, metrics, engine.decides);
  const schedule = typeof learningRate === 'function' ? learningRate : undefined;
  return { ...loop, rateOf, observe, schedule, stopping };
}

/** What a schedule wants to know of each epoch. @throws ValueError where it watches what there is not */
export function observerOf(
  schedule: number | Schedule | undefined,
  metrics: readonly Metric[],
  decides: boolean,
): ((end: EpochEnd) => void) | undefined {
  const observe = fieldOf(schedule, 'observe');
  if (observe === undefined) return undefined;
  if (typeof observe !== 'function') throw new ValueError(`fit: learningRate.observe is ${describe(observe)}, expected a function`);
  const monitor = fieldOf(schedule, 'monitor');
  if (monitor !== undefined) checkMonitor('learningRate', monitor, metrics, decides);
  const mode = typeof monitor === 'string' ? usualMode(monitor, metrics) : undefined;
  return (end) => void answerOf('fit', 'learningRate.observe', observe.call(schedule, end, mode));
}

/** Options of `fit` with their defaults. */
export type ReadFitOptions = ReturnType<typeof readOptions>;

/** The rates of `count` steps from a step on. A schedule is code of the caller's, so all are computed before an address is taken. */
function ratesOf(learningRate: number | Schedule): (epoch: number, step: number, steps: number, count: number) => ArrayLike<number> {
  if (typeof learningRate === 'function') {
    return (epoch, step, steps, count) =>
      Array.from({ length: count }, (_, i) => {
        const rate = answerOf('fit', 'learningRate', learningRate(epoch, step + i, steps));
        checkLearningRate('fit', rate);
        return rate;
      });
  }
  checkLearningRate('fit', learningRate);
  const constant = new Float64Array(MAX_STEPS).fill(learningRate);
  return (_epoch, _step, _steps, count) => constant.subarray(0, count);
}
