import { Context, Status } from '../../assembly/context.js';
import { decide, decisionOf, decisionsPerRow, requireDecision } from '../decisions.js';
import type { Engine, LoadedProgram } from '../engine.js';
import { type NonFiniteValue, NotFiniteError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { logitsOf } from '../losses.js';
import { checkLearningRate } from '../optimizers.js';
import { type AnyTargets, checkOptions, describe } from '../values.js';
import { Dataset, type DatasetLiteral } from './dataset.js';
import { EarlyStop, type EarlyStopping } from './earlyStopping.js';
import { accuracy, checkMetrics, type Metric } from './metrics.js';
import type { Schedule } from './schedules.js';
import { RowSource } from './source.js';

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
  /** With `earlyStopping`, the epoch whose parameters the network has now. */
  readonly best: EpochEnd | undefined;
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
  readonly validationData?: Dataset | DatasetLiteral<AnyTargets>;
  /** In place of the optimizer's: a rate, or a function of the epoch (from 1), the step within it (from 0) and the number of steps an epoch has. */
  readonly learningRate?: number | Schedule;
  /** Ends the training when it gets no better, and keeps the parameters of the best epoch, however the training ends. */
  readonly earlyStopping?: EarlyStopping;
  /** Ends the training after the step at hand; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** About 60 times a second, between slices of steps. */
  readonly onProgress?: (progress: FitProgress) => void;
  /** After each epoch. Returning false ends the training there. */
  readonly onEpoch?: (epoch: EpochEnd) => unknown;
}

const OPTIONS: readonly (keyof FitOptions)[] = [
  'epochs',
  'batchSize',
  'shuffle',
  'validationData',
  'learningRate',
  'earlyStopping',
  'signal',
  'onProgress',
  'onEpoch',
];

/** What `fit` trains: an engine, and the two things that outlive one call. */
export interface Trainee {
  readonly engine: Engine;
  readonly seed: number;
  /** Epochs trained so far: a later `fit` goes on with the next shuffle. */
  epochsTrained: number;
  /** Steps done so far. */
  stepsDone: number;
  /** Steps the next slice takes, by what the last one took: chosen from measured time, it changes no bit. */
  slice: number;
  /** Where values first became NaN or infinite in the batch that a step stopped at; only where somebody wants to know. */
  readonly locate?: (stopped: LoadedProgram, rows: number, classes: readonly boolean[]) => NonFiniteValue | undefined;
}

/** Shuffles are drawn from streams of the seed that no parameter uses. */
const SHUFFLE_STREAM = 0x40000000;

/** A slice of steps is meant to take this long: short enough to answer, long enough that the call costs nothing. */
const SLICE_SECONDS = 0.012;

/** Trains a network on a data set; see `Network.fit`. */
export async function fit(trainee: Trainee, data: Dataset | DatasetLiteral<AnyTargets>, given: FitOptions): Promise<History> {
  const { engine } = trainee;
  const set = data instanceof Dataset ? data : new Dataset(data, 'fit');
  const options = checkOptions('fit', given, OPTIONS);
  const { epochs = 1, batchSize = 32, shuffle = true, signal, onProgress, onEpoch } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`fit: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  if (typeof shuffle !== 'boolean') throw new ValueError(`fit: shuffle is ${describe(shuffle)}, expected true or false`);
  for (const [name, value] of Object.entries({ onProgress, onEpoch })) {
    if (value !== undefined && typeof value !== 'function') throw new ValueError(`fit: ${name} is ${describe(value)}, expected a function`);
  }
  if (signal && typeof signal.throwIfAborted !== 'function') {
    throw new ValueError(`fit: signal is ${describe(signal)}, expected an AbortSignal, such as the signal of an AbortController`);
  }
  signal?.throwIfAborted();
  const rate = learningRateOf(engine, options);
  const held = options.validationData;
  const validationSet = held && (held instanceof Dataset ? held : new Dataset(held, 'fit: validationData'));
  const stopping = options.earlyStopping && new EarlyStop(engine, options.earlyStopping);
  let source: RowSource | undefined;
  let validation: RowSource | undefined;
  try {
    // All memory is had before the first step: what is refused leaves the parameters as they are.
    source = new RowSource('fit', engine, set, batchSize);
    validation = validationSet && new RowSource('fit: validationData', engine, validationSet, EVALUATION_ROWS);
    const { rows } = source;
    const batch = Math.min(batchSize, rows);
    const steps = Math.ceil(rows / batch);
    engine.program('step', batch, source.classes);
    if (validation) evaluationProgram(engine, validation);
    const ends: EpochEnd[] = [];
    let trainingSeconds = 0;
    let yielded = now();
    for (let epoch = 1; epoch <= epochs; epoch++) {
      if (shuffle) source.shuffle(trainee.seed, (SHUFFLE_STREAM + trainee.epochsTrained) >>> 0);
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
        const count = Math.min(trainee.slice, steps - step, source.steps(batch));
        // Somebody may have evaluated or configured meanwhile: program and record are set anew for each slice.
        const program = engine.program('step', batch, source.classes);
        const { workspace } = program;
        workspace.setLearningRates(typeof rate === 'number' ? rate : (i) => rate(epoch, step + i, steps), count);
        workspace.lossSum = lossSum;
        workspace.correct = correct;
        const start = now();
        const status = source.train(program, step * batch, count, batch);
        const took = now() - start;
        const done = workspace.get(Context.Step);
        if (status !== Status.Done) {
          trainee.stepsDone += done;
          const at = step + done;
          throw new NotFiniteError('fit', at + 1, epoch, trainee.locate?.(program, Math.min(batch, rows - at * batch), source.classes));
        }
        step += done;
        trainee.stepsDone += done;
        lossSum = workspace.lossSum;
        correct = workspace.correct;
        seconds = now() - began;
        trainee.slice = Math.max(1, Math.min(count * 4, Math.floor((count * SLICE_SECONDS) / Math.max(took, 1e-6))));
        if (step < steps && now() - yielded > SLICE_SECONDS / 2) {
          onProgress?.(progress());
          await yieldToEvents();
          signal?.throwIfAborted();
          yielded = now();
        }
      }
      trainee.epochsTrained++;
      trainingSeconds += seconds;
      onProgress?.(progress());
      const end: EpochEnd = { ...progress(), validation: validation && evaluateRows(engine, validation) };
      ends.push(end);
      const stop = stopping?.stops(end);
      const goOn = onEpoch?.(end);
      if (now() - yielded > SLICE_SECONDS / 2) {
        await yieldToEvents();
        yielded = now();
      }
      signal?.throwIfAborted();
      if (goOn === false || stop) break;
    }
    return { epochs: ends, seconds: trainingSeconds, samplesPerSecond: (ends.length * rows) / trainingSeconds, best: stopping?.best };
  } finally {
    stopping?.restore();
    source?.free();
    validation?.free();
    if (set !== data) set.dispose();
    if (validationSet !== held) validationSet?.dispose();
  }
}

function learningRateOf(engine: Engine, { learningRate }: FitOptions): number | Schedule {
  if (typeof learningRate === 'function') {
    return (epoch, step, steps) => {
      const value = learningRate(epoch, step, steps);
      checkLearningRate('fit', value);
      return value;
    };
  }
  const constant = learningRate ?? engine.optimizer?.learningRate ?? 0;
  checkLearningRate('fit', constant);
  return constant;
}

/** Rows an evaluation takes at once. */
const EVALUATION_ROWS = 256;

/** What `evaluate` finds besides the loss, and how it decides. */
export interface EvaluateOptions {
  readonly metrics?: readonly Metric[];
  readonly threshold?: number;
}

/** Loss, accuracy and metrics over a data set, in its own order; nothing is changed. */
export function evaluate(engine: Engine, call: string, data: Dataset | DatasetLiteral<AnyTargets>, options: EvaluateOptions = {}): Evaluation {
  const { metrics = [], threshold } = options;
  const judged = engine.losses.findIndex((loss) => loss);
  checkMetrics(call, metrics);
  if (threshold !== undefined) requireDecision(call, engine.model.outputs[judged] as Node, engine.losses[judged]?.loss, threshold);
  const set = data instanceof Dataset ? data : new Dataset(data, call);
  let source: RowSource | undefined;
  try {
    source = new RowSource(call, engine, set, EVALUATION_ROWS);
    return evaluateRows(engine, source, options);
  } finally {
    source?.free();
    if (set !== data) set.dispose();
  }
}

function evaluationProgram(engine: Engine, { rows, classes }: RowSource): { program: LoadedProgram; batch: number } {
  const batch = Math.min(rows, EVALUATION_ROWS);
  return { program: engine.program('evaluate', batch, classes), batch };
}

function evaluateRows(engine: Engine, source: RowSource, { metrics = [], threshold }: EvaluateOptions = {}): Evaluation {
  const { rows } = source;
  const { program, batch } = evaluationProgram(engine, source);
  const { workspace } = program;
  workspace.lossSum = 0;
  workspace.correct = 0;
  const steps = source.steps(batch);
  let finite = true;
  for (let position = 0; position < rows && finite; position += steps * batch) {
    workspace.set(Context.Step, 0);
    finite = source.train(program, position, steps, batch) === Status.Done;
  }
  return {
    loss: finite ? workspace.lossSum / rows : Number.NaN,
    accuracy: engine.decides ? workspace.correct / rows : undefined,
    ...(threshold !== undefined && measure(engine, source, batch, [accuracy], threshold)),
    ...(metrics.length > 0 && measure(engine, source, batch, metrics, threshold)),
  };
}

/** The values of metrics over a data set, of the first output that has a loss. */
function measure(engine: Engine, source: RowSource, batch: number, metrics: readonly Metric[], threshold?: number): Record<string, unknown> {
  const { rows, classes, call } = source;
  const judged = engine.losses.findIndex((loss) => loss);
  const output = engine.model.outputs[judged] as Node;
  const loss = engine.losses[judged]?.loss;
  const decision = threshold === undefined ? decisionOf(output, loss) : requireDecision(call, output, loss, threshold);
  const outputs = [output, logitsOf(output)];
  const width = features(output.shape);
  // Without the report of the loss, which would end the run where it is not finite.
  const program = engine.derived(`metrics:${classes}`, batch, () => ({
    ...engine.recipe('evaluate', classes),
    reports: [],
    roots: outputs,
    outputs,
  }));
  const { core, workspace } = program;
  const running = metrics.map((metric) => metric.begin(width, decision?.kind));
  const each = decision ? decisionsPerRow(decision) : 0;
  const predicted = new Int32Array(batch * each);
  const actual = new Int32Array(batch * each);
  for (let position = 0; position < rows; position += batch) {
    workspace.set(Context.Step, 0);
    source.train(program, position, 1, batch);
    const count = Math.min(batch, rows - position);
    const view = (at: number) => core.f32.subarray(at, at + count * width);
    const at = program.inputIndex(engine.model.inputs.length);
    const values = view(program.outputIndex(0));
    const logits = view(program.outputIndex(1));
    const targets = classes[0] ? undefined : view(at);
    for (let i = 0; decision && i < count; i++) {
      const { kind, cut, targetCut, node } = decision;
      decide(kind, cut, node === output ? values : logits, i * width, width, predicted, i * each);
      if (targets) decide(kind, targetCut, targets, i * width, width, actual, i * each);
      else actual[i] = core.u32[at + i] as number;
    }
    for (const metric of running) metric.add({ rows: count, width, decisions: each, outputs: values, logits, targets, actual, predicted });
  }
  return Object.fromEntries(metrics.map(({ name }, i) => [name, running[i]?.value()]));
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
