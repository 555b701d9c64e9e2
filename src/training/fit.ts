import { Context, Status } from '../../assembly/context.js';
import { type Engine, type LoadedProgram, MAX_STEPS } from '../engine.js';
import { NotFiniteError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { checkLearningRate } from '../optimizers.js';
import { describe } from '../values.js';
import { Dataset, type DatasetLiteral, type TargetShape, type Uploaded } from './dataset.js';

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
}

/** An epoch that has ended. */
export interface EpochEnd extends FitProgress {
  /** Of the validation data, where there are some. */
  readonly validation: Evaluation | undefined;
}

/** What `fit` resolves to. */
export interface History {
  readonly epochs: readonly EpochEnd[];
  /** Of training alone, without validation. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** Options of `fit`. */
export interface FitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Whether each epoch takes the rows in a new, seeded order. Default true. */
  readonly shuffle?: boolean;
  /** Evaluated after each epoch. */
  readonly validationData?: Dataset | DatasetLiteral;
  /** In place of the optimizer's: a rate, or a function of the epoch (from 1) and the step within it (from 0). */
  readonly learningRate?: number | ((epoch: number, step: number) => number);
  /** Ends the training after the step at hand; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** About 60 times a second, between slices of steps. */
  readonly onProgress?: (progress: FitProgress) => void;
  /** After each epoch. Returning false ends the training there. */
  readonly onEpoch?: (epoch: EpochEnd) => unknown;
}

/** What `fit` trains: an engine, and the two things that outlive one call. */
export interface Trainee {
  readonly engine: Engine;
  readonly seed: number;
  /** Epochs trained so far: a later `fit` goes on with the next shuffle. */
  epochsTrained: number;
  /** Steps done so far. */
  stepsDone: number;
}

/** Shuffles are drawn from streams of the seed that no parameter uses. */
const SHUFFLE_STREAM = 0x40000000;

/** A slice of steps is meant to take this long: short enough to answer, long enough that the call costs nothing. */
const SLICE_SECONDS = 0.012;

export function targetShape(engine: Engine): TargetShape {
  return { width: features((engine.model.outputs[0] as Node).shape), classes: engine.loss?.name === 'crossEntropy' };
}

/** Trains a network on a data set; see `Network.fit`. */
export async function fit(trainee: Trainee, data: Dataset | DatasetLiteral, options: FitOptions): Promise<History> {
  const { engine } = trainee;
  const { core } = engine;
  const { epochs = 1, batchSize = 32, shuffle = true, signal, onProgress, onEpoch } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`fit: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  signal?.throwIfAborted();
  const rate = learningRateOf(engine, options);
  const set = data instanceof Dataset ? data : new Dataset(data);
  const validation = options.validationData && (options.validationData instanceof Dataset ? options.validationData : new Dataset(options.validationData));
  let order = 0;
  try {
    const uploaded = upload('fit', engine, set);
    if (validation) upload('fit: validationData', engine, validation);
    const { rows } = uploaded;
    const batch = Math.min(batchSize, rows);
    const steps = Math.ceil(rows / batch);
    const program = bind(engine, 'step', batch, set, uploaded);
    if (shuffle) order = core.allocate(rows * 4, 'the order of the rows');
    const { workspace } = program;
    const ends: EpochEnd[] = [];
    let trainingSeconds = 0;
    let slice = 1;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      if (shuffle) core.exports.permutation(order, rows, trainee.seed, (SHUFFLE_STREAM + trainee.epochsTrained) >>> 0);
      const began = now();
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
        };
      };
      while (step < steps) {
        const count = Math.min(slice, steps - step, MAX_STEPS);
        // Somebody may have evaluated meanwhile: the record is set anew for each slice.
        bind(engine, 'step', batch, set, uploaded);
        workspace.set(Context.Order, order);
        workspace.set(Context.Position, step * batch);
        workspace.setLearningRates((i) => rate(epoch, step + i), count);
        workspace.lossSum = lossSum;
        workspace.correct = correct;
        const start = now();
        const status = program.train(count, batch, rows);
        const took = now() - start;
        const done = workspace.get(Context.Step);
        if (status !== Status.Done) {
          trainee.stepsDone += done;
          throw new NotFiniteError('fit', step + done + 1, epoch);
        }
        step += done;
        trainee.stepsDone += done;
        lossSum = workspace.lossSum;
        correct = workspace.correct;
        seconds = now() - began;
        slice = Math.max(1, Math.min(slice * 4, Math.floor((count * SLICE_SECONDS) / Math.max(took, 1e-6))));
        if (step < steps) {
          onProgress?.(progress());
          await yieldToEvents();
          signal?.throwIfAborted();
        }
      }
      trainee.epochsTrained++;
      trainingSeconds += seconds;
      onProgress?.(progress());
      const end: EpochEnd = { ...progress(), validation: validation && evaluate(engine, 'fit: validationData', validation) };
      ends.push(end);
      const goOn = onEpoch?.(end);
      await yieldToEvents();
      signal?.throwIfAborted();
      if (goOn === false) break;
    }
    return { epochs: ends, seconds: trainingSeconds, samplesPerSecond: (ends.length * rows) / trainingSeconds };
  } finally {
    if (order) core.free(order);
    if (set !== data) set.dispose();
    if (validation && validation !== options.validationData) validation.dispose();
  }
}

function learningRateOf(engine: Engine, { learningRate }: FitOptions): (epoch: number, step: number) => number {
  if (typeof learningRate === 'function') {
    return (epoch, step) => {
      const value = learningRate(epoch, step);
      checkLearningRate('fit', value);
      return value;
    };
  }
  const constant = learningRate ?? engine.optimizer?.learningRate ?? 0;
  checkLearningRate('fit', constant);
  return () => constant;
}

function upload(call: string, engine: Engine, set: Dataset): Uploaded {
  return set.upload(call, engine.core, features((engine.model.inputs[0] as Node).shape), targetShape(engine));
}

/** The program of a kind, reading the data set's rows: its gathers are told how the elements are stored. */
function bind(engine: Engine, kind: 'step' | 'evaluate', rows: number, set: Dataset, { x, y, classes }: Uploaded): LoadedProgram {
  const program = engine.program(kind, rows, classes);
  program.workspace.set(Context.Inputs, x.address);
  program.workspace.set(Context.Targets, y.address);
  program.patch(0, { type: x.type }, { scale: set.scale, offset: set.offset });
  program.patch(1, { type: y.type }, { scale: 1, offset: 0 });
  return program;
}

/** Rows an evaluation takes at once. */
const EVALUATION_ROWS = 256;

/** Loss and accuracy over a data set, in its own order; nothing is changed. */
export function evaluate(engine: Engine, call: string, data: Dataset | DatasetLiteral): Evaluation {
  const set = data instanceof Dataset ? data : new Dataset(data);
  try {
    engine.lossFor(call, false);
    const uploaded = upload(call, engine, set);
    const { rows } = uploaded;
    const batch = Math.min(rows, EVALUATION_ROWS);
    const program = bind(engine, 'evaluate', batch, set, uploaded);
    const { workspace } = program;
    workspace.set(Context.Order, 0);
    workspace.set(Context.Position, 0);
    workspace.set(Context.Step, 0);
    workspace.lossSum = 0;
    workspace.correct = 0;
    const status = program.train(Math.ceil(rows / batch), batch, rows);
    return {
      loss: status === Status.Done ? workspace.lossSum / rows : Number.NaN,
      accuracy: engine.decides ? workspace.correct / rows : undefined,
    };
  } finally {
    if (set !== data) set.dispose();
  }
}

/** Seconds; worklets have no `performance`. */
function now(): number {
  return (typeof performance === 'undefined' ? Date.now() : performance.now()) / 1000;
}

/** Lets everything else have its turn: timers, input, painting. */
function yieldToEvents(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  if (typeof MessageChannel === 'function') {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    });
  }
  return Promise.resolve();
}

