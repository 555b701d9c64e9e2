import { Status } from '../../assembly/context.js';
import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike, AnyTargets, Inputs } from '../arguments/values.js';
import { Dataset, type DatasetLiteral } from '../data/dataset.js';
import { RowSource } from '../data/source.js';
import type { Sums } from '../data/sums.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { type NonFiniteValue, NotFiniteError, ValueError } from '../errors.js';
import type { TargetForm } from '../losses/targetForm.js';
import { checkLearningRate } from '../optimizers/optimizer.js';
import { answerOf, checkCallbacks, runAll } from './callbacks.js';
import { EarlyStop, type EarlyStopping } from './earlyStopping.js';
import { EVALUATION_ROWS, evaluateRows, evaluationProgram, inTurns, readMetrics } from './evaluate.js';
import type { EpochEnd, FitProgress, History } from './history.js';
import type { Metric } from './metrics.js';
import { checkMonitor } from './monitor.js';
import { checkPause, type PauseSignal, wait } from './pause.js';
import type { Schedule } from './schedules.js';
import { Steps } from './steps.js';
import { now, Pace, TURN_SECONDS, Turns } from './turns.js';

/** Options of `fit`. */
export interface FitOptions<M extends readonly Metric[] = readonly []> {
  /** The number of the last epoch: so many are trained, less `initialEpoch`. Default 1. */
  readonly epochs?: number;
  /**
   * Epochs that count as done: this fit begins with epoch `initialEpoch + 1`, in schedules and reports. With `initialEpoch: 10, epochs: 30` a schedule
   * goes on where a fit of 10 epochs left it. Default 0.
   */
  readonly initialEpoch?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Whether to draw a new, seeded order of the rows for each epoch. Default true. */
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
  /** Called up to 100 times a second, between slices of steps. A promise is awaited; its rejection rejects `fit`. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  /** Called after each epoch. Returning false ends the training. A promise is awaited for its value; its rejection rejects `fit`. */
  readonly onEpoch?: (epoch: EpochEnd<M>) => unknown;
}

const OPTIONS: readonly (keyof FitOptions)[] = [
  'epochs',
  'initialEpoch',
  'batchSize',
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

/** What `fit` trains: an engine, and the counts that outlive one call. */
export interface Trainee {
  readonly engine: Engine;
  readonly seed: number;
  /** Epochs trained so far. A later `fit` continues with the next shuffle. */
  epochsTrained: number;
  /** Steps done so far. */
  stepsDone: number;
  /** Finds the first value that became NaN or infinite in the batch that a step stopped at. Only with `debug`. */
  readonly locate?: (stopped: LoadedProgram, rows: number, forms: readonly TargetForm[]) => NonFiniteValue | undefined;
}

/** The first stream of the seed for shuffles; no parameter uses it. */
const SHUFFLE_STREAM = 0x40000000;

/** Trains a network on a data set; see `Network.fit`. */
export async function fit(
  trainee: Trainee,
  data: Dataset | DatasetLiteral<AnyTargets, Inputs>,
  given: FitOptions<readonly Metric[]>,
): Promise<History<readonly Metric[]>> {
  const { engine } = trainee;
  const called = now();
  const set = Dataset.is(data) ? data : new Dataset(data, 'fit');
  const options = readOptions(engine, given);
  const {
    epochs,
    initialEpoch,
    batchSize,
    accumulationSteps,
    shuffle,
    metrics,
    pause: gate,
    budget,
    signal,
    onProgress,
    onEpoch,
    rateOf,
    observe,
    stopping,
  } = options;
  const { validationData, validationSplit } = options;
  const turns = new Turns(budget);
  const validationSet = validationData && (Dataset.is(validationData) ? validationData : new Dataset(validationData, 'fit: validationData'));
  signal?.throwIfAborted();
  let source: RowSource | undefined;
  let validation: RowSource | undefined;
  try {
    // Allocate everything first, so that a failure changes nothing.
    const held = validationSplit === undefined ? undefined : (rows: number) => heldBack(rows, validationSplit);
    source = new RowSource('fit', engine, set, batchSize * accumulationSteps, held && ((rows) => [0, rows - held(rows)]));
    if (validationSet) validation = new RowSource('fit: validationData', engine, validationSet, EVALUATION_ROWS);
    else if (held) validation = new RowSource('fit', engine, set, EVALUATION_ROWS, (rows) => [rows - held(rows), rows]);
    const rowsOf = source;
    const { rows } = source;
    const batch = Math.min(batchSize * accumulationSteps, rows);
    const steps = Math.ceil(rows / batch);
    const slices = new Steps(engine, source, batch, Math.min(batchSize, rows));
    const judgesTraining = !validation && (stopping !== undefined || metrics.length > 0);
    for (const evaluated of [validation, (stopping || judgesTraining) && source]) if (evaluated) evaluationProgram(engine, evaluated);
    turns.worked(now() - called);
    const pause = async () => {
      await turns.pause();
      if (gate) await wait(gate, signal);
      signal?.throwIfAborted();
    };
    const report = (progress: FitProgress) => onProgress && turns.call(() => onProgress(progress));
    const evaluationPace = new Pace(budget);
    const evaluated = (data: RowSource) =>
      inTurns(evaluateRows(engine, data, metrics, undefined, evaluationPace, 'fit'), turns, evaluationPace, pause);
    const ends: EpochEnd<readonly Metric[]>[] = [];
    let trainingSeconds = 0;
    if (stopping) {
      const training = await evaluated(source);
      const start = { epoch: initialEpoch, epochs, step: 0, steps, seconds: 0, samplesPerSecond: 0, secondsLeft: Number.POSITIVE_INFINITY };
      const { longest } = turns;
      stopping.begin({
        ...start,
        ...training,
        longestBlock: longest,
        validation: validation && (await evaluated(validation)),
        training: validation ? undefined : training,
      });
    }
    const pace = new Pace(budget);
    for (let epoch = initialEpoch + 1; epoch <= epochs; epoch++) {
      const drawn = now();
      if (shuffle) source.shuffle(trainee.seed, (SHUFFLE_STREAM + trainee.epochsTrained) >>> 0);
      const began = now();
      turns.worked(began - drawn);
      let seconds = 0;
      let step = 0;
      let sums: Sums | undefined;
      const progress = (): FitProgress => {
        const samples = Math.min(step * batch, rows);
        const samplesPerSecond = samples / seconds;
        return {
          epoch,
          epochs,
          step,
          steps,
          ...rowsOf.means(sums as Sums, samples),
          seconds,
          samplesPerSecond,
          secondsLeft: (rows - samples + (epochs - epoch) * rows) / samplesPerSecond,
          longestBlock: turns.longest,
        };
      };
      while (step < steps) {
        const count = pace.next(Math.min(steps - step, source.steps(batch)), batch);
        if (gate?.paused || turns.isOver(pace.secondsFor(count * batch))) {
          if (step > 0) await report(progress());
          await pause();
        }
        const position = step * batch;
        const start = now();
        const rates = rateOf(epoch, step, steps, count);
        const slice = slices.run(position, rates, sums);
        const { status, done } = slice;
        if (status !== Status.Done) {
          trainee.stepsDone += done;
          const at = step + done;
          const where = trainee.locate?.(slice.program, Math.min(batch, rows - at * batch), source.forms);
          throw new NotFiniteError('fit', at + 1, epoch, where, status === Status.BadUpdate);
        }
        const end = now();
        step += done;
        trainee.stepsDone += done;
        sums = slice;
        seconds = end - began;
        pace.took(Math.min(step * batch, rows) - position, end - start);
        turns.worked(end - start);
      }
      trainee.epochsTrained++;
      trainingSeconds += seconds;
      await report(progress());
      const judged = validation && (await evaluated(validation));
      const end: EpochEnd<readonly Metric[]> = { ...progress(), validation: judged, training: judgesTraining ? await evaluated(source) : undefined };
      ends.push(end);
      const stop = stopping?.stops(end);
      observe?.(end);
      const goOn = onEpoch && (await turns.call(() => onEpoch(end)));
      signal?.throwIfAborted();
      if (goOn === false || stop) break;
    }
    return {
      epochs: ends,
      seconds: trainingSeconds,
      samplesPerSecond: (ends.length * rows) / trainingSeconds,
      best: stopping?.best as EpochEnd<readonly Metric[]> | undefined,
    };
  } finally {
    runAll(
      () => stopping?.restore(),
      () => engine.judgeState(),
      () => source?.free(),
      () => validation?.free(),
      () => set !== data && set.dispose(),
      () => validationSet !== validationData && validationSet?.dispose(),
    );
  }
}

/** The rows that a share of the data holds back. @throws ValueError where none are left on a side */
function heldBack(rows: number, share: number): number {
  const held = Math.round(rows * share);
  if (held > 0 && held < rows) return held;
  throw new ValueError(`fit: a validationSplit of ${share} holds back ${held} of ${rows} rows, expected rows on both sides`);
}

/** Reads each option of `fit` once and fills in defaults. */
function readOptions(engine: Engine, options: FitOptions<readonly Metric[]>) {
  const given = checkOptions('fit', options, OPTIONS);
  const { epochs = 1, initialEpoch = 0, batchSize = 32, accumulationSteps = 1, shuffle = true, validationData, validationSplit } = given;
  const { learningRate, earlyStopping, pause, budgetMs, signal, onProgress, onEpoch } = given;
  for (const [name, value] of Object.entries({ epochs, batchSize, accumulationSteps })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`fit: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  if (!(Number.isInteger(initialEpoch) && initialEpoch >= 0 && initialEpoch < epochs))
    throw new ValueError(
      `fit: initialEpoch is ${describe(initialEpoch)}, expected a whole number below epochs, ${epochs}: the number of the last epoch`,
    );
  if (typeof shuffle !== 'boolean') throw new ValueError(`fit: shuffle is ${describe(shuffle)}, expected true or false`);
  if (budgetMs !== undefined && !(typeof budgetMs === 'number' && budgetMs > 0))
    throw new ValueError(`fit: budgetMs is ${describe(budgetMs)}, expected a number of milliseconds > 0`);
  checkCallbacks('fit', { onProgress, onEpoch }, signal);
  checkPause(pause);
  const metrics = readMetrics('fit', given.metrics);
  const rateOf = ratesOf(learningRate === undefined ? (engine.optimizer?.learningRate ?? 0) : learningRate);
  if (validationData !== undefined && (typeof validationData !== 'object' || validationData === null)) {
    throw new ValueError(`fit: validationData is ${describe(validationData)}, expected a data set or { x, y }`);
  }
  if (validationSplit !== undefined) {
    if (!(typeof validationSplit === 'number' && validationSplit > 0 && validationSplit < 1))
      throw new ValueError(`fit: validationSplit is ${describe(validationSplit)}, expected a number between 0 and 1`);
    if (validationData !== undefined) throw new ValueError('fit: validationData and validationSplit both came, expected one of them');
  }
  const stopping = earlyStopping === undefined ? undefined : new EarlyStop(engine, earlyStopping, metrics);
  const observe = observerOf(learningRate, metrics, engine.decides);
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
    rateOf,
    observe,
    stopping,
    pause,
    budget,
    signal,
    onProgress,
    onEpoch,
  };
}

/** What a schedule wants to know of each epoch. @throws ValueError where it watches what there is not */
function observerOf(schedule: number | Schedule | undefined, metrics: readonly Metric[], decides: boolean): ((end: EpochEnd) => void) | undefined {
  const observe = fieldOf(schedule, 'observe');
  if (observe === undefined) return undefined;
  if (typeof observe !== 'function') throw new ValueError(`fit: learningRate.observe is ${describe(observe)}, expected a function`);
  const monitor = fieldOf(schedule, 'monitor');
  if (monitor !== undefined) checkMonitor('learningRate', monitor, metrics, decides);
  return (end) => void answerOf('fit', 'learningRate.observe', observe.call(schedule, end));
}

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
