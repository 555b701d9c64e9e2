import { Status } from '../../assembly/context.js';
import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike, AnyTargets, Inputs } from '../arguments/values.js';
import { Dataset, type DatasetLiteral } from '../data/dataset.js';
import { RowSource } from '../data/source.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { type NonFiniteValue, NotFiniteError, ValueError } from '../errors.js';
import { checkLearningRate } from '../optimizers/numbers.js';
import { answerOf, checkCallbacks, runAll } from './callbacks.js';
import { EarlyStop, type EarlyStopping } from './earlyStopping.js';
import { EVALUATION_ROWS, evaluateRows, evaluationProgram, inTurns } from './evaluate.js';
import type { EpochEnd, FitProgress, History } from './history.js';
import type { Schedule } from './schedules.js';
import { Steps } from './steps.js';
import { now, Pace, Turns } from './turns.js';

/** Options of `fit`. */
export interface FitOptions {
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
  /** Data to evaluate after each epoch. */
  readonly validationData?: Dataset | DatasetLiteral<AnyTargets, Inputs>;
  /**
   * Replaces the optimizer's rate: a number, or a function of the epoch (from 1), the step within it (from 0) and the steps of an epoch. A schedule that
   * follows the training hears how each epoch ended, before `onEpoch`.
   */
  readonly learningRate?: number | Schedule;
  /** Stops when the watched value no longer improves, and restores the best epoch's parameters and optimizer state, however the training ends. */
  readonly earlyStopping?: EarlyStopping;
  /** Aborts after the current step; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Called up to 100 times a second, between slices of steps. A promise is awaited; its rejection rejects `fit`. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  /** Called after each epoch. Returning false ends the training. A promise is awaited for its value; its rejection rejects `fit`. */
  readonly onEpoch?: (epoch: EpochEnd) => unknown;
}

const OPTIONS: readonly (keyof FitOptions)[] = [
  'epochs',
  'batchSize',
  'initialEpoch',
  'shuffle',
  'validationData',
  'learningRate',
  'earlyStopping',
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
  readonly locate?: (stopped: LoadedProgram, rows: number, classes: readonly boolean[]) => NonFiniteValue | undefined;
}

/** The first stream of the seed for shuffles; no parameter uses it. */
const SHUFFLE_STREAM = 0x40000000;

/** Trains a network on a data set; see `Network.fit`. */
export async function fit(trainee: Trainee, data: Dataset | DatasetLiteral<AnyTargets, Inputs>, given: FitOptions): Promise<History> {
  const { engine } = trainee;
  const called = now();
  const turns = new Turns();
  const set = Dataset.is(data) ? data : new Dataset(data, 'fit');
  const { epochs, initialEpoch, batchSize, shuffle, signal, onProgress, onEpoch, rateOf, observe, validationData, stopping } = readOptions(
    engine,
    given,
  );
  const validationSet = validationData && (Dataset.is(validationData) ? validationData : new Dataset(validationData, 'fit: validationData'));
  signal?.throwIfAborted();
  let source: RowSource | undefined;
  let validation: RowSource | undefined;
  try {
    // Allocate everything first, so that a failure changes nothing.
    source = new RowSource('fit', engine, set, batchSize);
    validation = validationSet && new RowSource('fit: validationData', engine, validationSet, EVALUATION_ROWS);
    const { rows } = source;
    const batch = Math.min(batchSize, rows);
    const steps = Math.ceil(rows / batch);
    const slices = new Steps(engine, source, batch);
    for (const evaluated of [validation, stopping && source]) if (evaluated) evaluationProgram(engine, evaluated);
    turns.worked(now() - called);
    const pause = async () => {
      await turns.pause();
      signal?.throwIfAborted();
    };
    const report = (progress: FitProgress) => onProgress && turns.call(() => onProgress(progress));
    const evaluationPace = new Pace();
    const evaluated = (data: RowSource) => inTurns(evaluateRows(engine, data, [], undefined, evaluationPace), turns, evaluationPace, pause);
    const ends: EpochEnd[] = [];
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
    const pace = new Pace();
    for (let epoch = initialEpoch + 1; epoch <= epochs; epoch++) {
      const drawn = now();
      if (shuffle) source.shuffle(trainee.seed, (SHUFFLE_STREAM + trainee.epochsTrained) >>> 0);
      const began = now();
      turns.worked(began - drawn);
      let seconds = 0;
      let step = 0;
      let lossSum = 0;
      let correct = 0;
      const progress = (): FitProgress => {
        const samples = Math.min(step * batch, rows);
        const samplesPerSecond = samples / seconds;
        return {
          epoch,
          epochs,
          step,
          steps,
          loss: lossSum / samples,
          accuracy: engine.decides ? correct / samples : undefined,
          seconds,
          samplesPerSecond,
          secondsLeft: (rows - samples + (epochs - epoch) * rows) / samplesPerSecond,
          longestBlock: turns.longest,
        };
      };
      while (step < steps) {
        const count = pace.next(Math.min(steps - step, source.steps(batch)), batch);
        if (turns.isOver(pace.secondsFor(count * batch))) {
          if (step > 0) await report(progress());
          await pause();
        }
        const position = step * batch;
        const start = now();
        const rates = rateOf(epoch, step, steps, count);
        const slice = slices.run(position, rates, lossSum, correct);
        const { status, done } = slice;
        if (status !== Status.Done) {
          trainee.stepsDone += done;
          const at = step + done;
          const where = trainee.locate?.(slice.program, Math.min(batch, rows - at * batch), source.classes);
          throw new NotFiniteError('fit', at + 1, epoch, where, status === Status.BadUpdate);
        }
        const end = now();
        step += done;
        trainee.stepsDone += done;
        lossSum = slice.lossSum;
        correct = slice.correct;
        seconds = end - began;
        pace.took(Math.min(step * batch, rows) - position, end - start);
        turns.worked(end - start);
      }
      trainee.epochsTrained++;
      trainingSeconds += seconds;
      await report(progress());
      const held = validation && (await evaluated(validation));
      const end: EpochEnd = { ...progress(), validation: held, training: stopping && !validation ? await evaluated(source) : undefined };
      ends.push(end);
      const stop = stopping?.stops(end);
      observe?.(end);
      const goOn = onEpoch && (await turns.call(() => onEpoch(end)));
      signal?.throwIfAborted();
      if (goOn === false || stop) break;
    }
    return { epochs: ends, seconds: trainingSeconds, samplesPerSecond: (ends.length * rows) / trainingSeconds, best: stopping?.best };
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

/** Reads each option of `fit` once and fills in defaults. */
function readOptions(engine: Engine, options: FitOptions) {
  checkOptions('fit', options, OPTIONS);
  const {
    epochs = 1,
    initialEpoch = 0,
    batchSize = 32,
    shuffle = true,
    validationData,
    learningRate,
    earlyStopping,
    signal,
    onProgress,
    onEpoch,
  } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`fit: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  if (!(Number.isInteger(initialEpoch) && initialEpoch >= 0 && initialEpoch < epochs))
    throw new ValueError(
      `fit: initialEpoch is ${describe(initialEpoch)}, expected a whole number below epochs, ${epochs}: the number of the last epoch`,
    );
  if (typeof shuffle !== 'boolean') throw new ValueError(`fit: shuffle is ${describe(shuffle)}, expected true or false`);
  checkCallbacks('fit', { onProgress, onEpoch }, signal);
  const rateOf = ratesOf(learningRate === undefined ? (engine.optimizer?.learningRate ?? 0) : learningRate);
  if (validationData !== undefined && (typeof validationData !== 'object' || validationData === null)) {
    throw new ValueError(`fit: validationData is ${describe(validationData)}, expected a data set or { x, y }`);
  }
  const stopping = earlyStopping === undefined ? undefined : new EarlyStop(engine, earlyStopping);
  const observe = observerOf(engine, learningRate);
  return { epochs, initialEpoch, batchSize, shuffle, validationData, rateOf, observe, stopping, signal, onProgress, onEpoch };
}

/** What a schedule wants to know of each epoch. @throws ValueError where it watches what there is not */
function observerOf(engine: Engine, schedule: number | Schedule | undefined): ((end: EpochEnd) => void) | undefined {
  const observe = fieldOf(schedule, 'observe');
  if (observe === undefined) return undefined;
  if (typeof observe !== 'function') throw new ValueError(`fit: learningRate.observe is ${describe(observe)}, expected a function`);
  const monitor = fieldOf(schedule, 'monitor');
  const names = ['loss', ...(engine.decides ? ['accuracy'] : [])];
  if (monitor !== undefined && !names.includes(monitor as string))
    throw new ValueError(`fit: learningRate watches ${describe(monitor)}, expected ${names.join(' or ')}`);
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
