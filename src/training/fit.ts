import { Context, Status } from '../../assembly/context.js';
import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike, AnyTargets, Inputs } from '../arguments/values.js';
import { Dataset, type DatasetLiteral } from '../data/dataset.js';
import { RowSource } from '../data/source.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { type NonFiniteValue, NotFiniteError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { type Decision, decide, decisionOf, decisionsPerRow, requireDecision } from '../losses/decisions.js';
import { logitsOf } from '../losses/losses.js';
import { checkLearningRate } from '../optimizers/optimizer.js';
import { answerOf, runAll } from './callbacks.js';
import { EarlyStop, type EarlyStopping } from './earlyStopping.js';
import type { EpochEnd, Evaluation, EvaluationProgress, FitProgress, History } from './history.js';
import { accuracy, checkMetrics, type Metric } from './metrics.js';
import type { Schedule } from './schedules.js';
import { Steps } from './steps.js';
import { now, Pace, Turns } from './turns.js';

/** Options of `fit`. */
export interface FitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Whether each epoch takes the rows in a new, seeded order. Default true. */
  readonly shuffle?: boolean;
  /** Evaluated after each epoch. */
  readonly validationData?: Dataset | DatasetLiteral<AnyTargets, Inputs>;
  /** In place of the optimizer's: a rate, or a function of the epoch (from 1), the step within it (from 0) and the number of steps an epoch has. */
  readonly learningRate?: number | Schedule;
  /** Ends the training when it gets no better, and keeps the best epoch's parameters and optimizer state, however the training ends. */
  readonly earlyStopping?: EarlyStopping;
  /** Ends the training after the step at hand; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Up to 100 times a second, between slices of steps. A promise is awaited; its rejection rejects `fit`. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  /** After each epoch. Returning false ends the training there. A promise is awaited and counts by what it gives; its rejection rejects `fit`. */
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
  /** Where values first became NaN or infinite in the batch that a step stopped at; only where somebody wants to know. */
  readonly locate?: (stopped: LoadedProgram, rows: number, classes: readonly boolean[]) => NonFiniteValue | undefined;
}

/** Shuffles are drawn from streams of the seed that no parameter uses. */
const SHUFFLE_STREAM = 0x40000000;

/** Trains a network on a data set; see `Network.fit`. */
export async function fit(trainee: Trainee, data: Dataset | DatasetLiteral<AnyTargets, Inputs>, given: FitOptions): Promise<History> {
  const { engine } = trainee;
  const called = now();
  const turns = new Turns();
  const set = Dataset.is(data) ? data : new Dataset(data, 'fit');
  const { epochs, batchSize, shuffle, signal, onProgress, onEpoch, rateOf, validationData, stopping } = readOptions(engine, given);
  const validationSet = validationData && (Dataset.is(validationData) ? validationData : new Dataset(validationData, 'fit: validationData'));
  signal?.throwIfAborted();
  let source: RowSource | undefined;
  let validation: RowSource | undefined;
  try {
    // All memory is had before the first step: what is refused leaves the parameters as they are.
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
      const start = { epoch: 0, epochs, step: 0, steps, seconds: 0, samplesPerSecond: 0, secondsLeft: Number.POSITIVE_INFINITY };
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
    for (let epoch = 1; epoch <= epochs; epoch++) {
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

/** The options of `fit`, each read once, with what is left out filled in. */
function readOptions(engine: Engine, options: FitOptions) {
  checkOptions('fit', options, OPTIONS);
  const { epochs = 1, batchSize = 32, shuffle = true, validationData, learningRate, earlyStopping, signal, onProgress, onEpoch } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize })) {
    if (!(Number.isInteger(value) && value > 0)) throw new ValueError(`fit: ${name} is ${describe(value)}, expected a whole number > 0`);
  }
  if (typeof shuffle !== 'boolean') throw new ValueError(`fit: shuffle is ${describe(shuffle)}, expected true or false`);
  checkCallbacks('fit', { onProgress, onEpoch }, signal);
  const rateOf = ratesOf(learningRate === undefined ? (engine.optimizer?.learningRate ?? 0) : learningRate);
  if (validationData !== undefined && (typeof validationData !== 'object' || validationData === null)) {
    throw new ValueError(`fit: validationData is ${describe(validationData)}, expected a data set or { x, y }`);
  }
  const stopping = earlyStopping === undefined ? undefined : new EarlyStop(engine, earlyStopping);
  return { epochs, batchSize, shuffle, validationData, rateOf, stopping, signal, onProgress, onEpoch };
}

function checkCallbacks(call: string, callbacks: Readonly<Record<string, unknown>>, signal: unknown): void {
  for (const [name, value] of Object.entries(callbacks)) {
    if (value !== undefined && typeof value !== 'function') throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a function`);
  }
  if (signal !== undefined && typeof fieldOf(signal, 'throwIfAborted') !== 'function') {
    throw new ValueError(`${call}: signal is ${describe(signal)}, expected an AbortSignal, such as the signal of an AbortController`);
  }
}

/** The rates of `count` steps from one on: all of them are there before an address is taken, as a schedule is code of the caller's. */
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

/** Rows an evaluation takes at once. */
const EVALUATION_ROWS = 256;

/** Options of `evaluate`. */
export interface EvaluateOptions<M extends readonly Metric[] = readonly Metric[]> {
  /** What else is to be found, each under its name in the result; of several outputs, of the first that has a loss. */
  readonly metrics?: M;
  /** What a number of the output must reach to count as 1, for accuracy and every metric, where classes do not exclude each other. */
  readonly threshold?: number;
}

/** Options of `evaluateAsync`. */
export interface EvaluateAsyncOptions<M extends readonly Metric[] = readonly Metric[]> extends EvaluateOptions<M> {
  /** Ends the evaluation; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Up to 100 times a second, between slices of rows. A promise is awaited; its rejection rejects the evaluation. */
  readonly onProgress?: (progress: EvaluationProgress) => unknown;
}

/** Loss, accuracy and metrics over a data set, in its own order; nothing is changed. */
export function evaluate(engine: Engine, data: Dataset | DatasetLiteral<AnyTargets, Inputs>, options: EvaluateOptions): Evaluation {
  const { metrics: list, threshold } = checkOptions('evaluate', options, ['metrics', 'threshold']);
  const metrics = readMetrics('evaluate', list);
  checkThreshold('evaluate', engine, threshold);
  const set = Dataset.is(data) ? data : new Dataset(data, 'evaluate');
  let source: RowSource | undefined;
  try {
    source = new RowSource('evaluate', engine, set, EVALUATION_ROWS);
    const slices = evaluateRows(engine, source, metrics, threshold);
    for (;;) {
      const { done, value } = slices.next();
      if (done) return value;
    }
  } finally {
    runAll(
      () => source?.free(),
      () => set !== data && set.dispose(),
    );
  }
}

function checkThreshold(call: string, engine: Engine, threshold: number | undefined): void {
  const judged = engine.losses.findIndex((loss) => loss);
  if (threshold !== undefined) requireDecision(call, engine.model.outputs[judged] as Node, engine.losses[judged]?.loss, threshold);
}

/** The same in slices, with the event loop running between them. */
export async function evaluateAsync(
  engine: Engine,
  data: Dataset | DatasetLiteral<AnyTargets, Inputs>,
  options: EvaluateAsyncOptions,
): Promise<Evaluation> {
  const call = 'evaluateAsync';
  const called = now();
  const turns = new Turns();
  const { metrics: list, signal, onProgress, threshold } = checkOptions(call, options, ['metrics', 'signal', 'onProgress', 'threshold']);
  checkThreshold(call, engine, threshold);
  const metrics = readMetrics(call, list);
  checkCallbacks(call, { onProgress }, signal);
  const set = Dataset.is(data) ? data : new Dataset(data, call);
  signal?.throwIfAborted();
  let source: RowSource | undefined;
  try {
    source = new RowSource(call, engine, set, EVALUATION_ROWS);
    const began = now();
    turns.worked(began - called);
    const report = async (share: number) => {
      const seconds = now() - began;
      const progress = { share, seconds, secondsLeft: (seconds * (1 - share)) / share, longestBlock: turns.longest };
      await (onProgress && turns.call(() => onProgress(progress)));
    };
    const pace = new Pace();
    const result = await inTurns(evaluateRows(engine, source, metrics, threshold, pace, call), turns, pace, async (share) => {
      if (share > 0) await report(share);
      await turns.pause();
      signal?.throwIfAborted();
    });
    await report(1);
    return result;
  } finally {
    runAll(
      () => source?.free(),
      () => set !== data && set.dispose(),
    );
  }
}

/** What an evaluation did in a slice. */
interface Slice {
  readonly rows: number;
  /** The share of all the work that is done. */
  readonly share: number;
}

/** Runs an evaluation to its end, with a pause wherever the next slice would keep the event loop waiting for too long. */
async function inTurns<T>(slices: Iterator<Slice, T>, turns: Turns, pace: Pace, pause: (share: number) => Promise<void>): Promise<T> {
  for (let share = 0; ; ) {
    if (turns.isOver(pace.secondsFor(EVALUATION_ROWS * pace.next(MAX_STEPS, EVALUATION_ROWS)))) await pause(share);
    const start = now();
    const { done, value } = slices.next();
    const end = now();
    turns.worked(end - start);
    if (done) return value;
    pace.took(value.rows, end - start);
    share = value.share;
  }
}

/** Metrics as they are now: their callbacks run during an evaluation, and could change the list. */
function readMetrics(call: string, metrics: readonly Metric[] = []): readonly Metric[] {
  checkMetrics(call, metrics);
  return Array.from(metrics, (metric) => {
    const { name, begin } = metric;
    return { name, begin: (width, kind) => begin.call(metric, width, kind) };
  });
}

function evaluationProgram(engine: Engine, { rows, classes }: RowSource): { program: LoadedProgram; batch: number } {
  const batch = Math.min(rows, EVALUATION_ROWS);
  return { program: engine.program('evaluate', batch, classes), batch };
}

/**
 * Evaluates in slices: as many batches at once as one run takes or, with a pace, as that says. Between two, everything may happen but a
 * change of the parameters.
 */
function* evaluateRows(
  engine: Engine,
  source: RowSource,
  metrics: readonly Metric[],
  threshold?: number,
  pace?: Pace,
  call = 'evaluate',
): Generator<Slice, Evaluation, undefined> {
  const { rows } = source;
  const all = threshold === undefined ? metrics : [accuracy, ...metrics];
  const passes = all.length > 0 ? 2 : 1;
  let lossSum = 0;
  let correct = 0;
  for (let position = 0; position < rows; ) {
    const { program, batch } = evaluationProgram(engine, source);
    const { workspace } = program;
    const most = Math.min(source.steps(batch), Math.ceil((rows - position) / batch));
    const steps = pace ? pace.next(most, batch) : most;
    workspace.lossSum = lossSum;
    workspace.correct = correct;
    workspace.set(Context.Step, 0);
    source.train(program, position, steps, batch, false);
    lossSum = workspace.lossSum;
    correct = workspace.correct;
    const from = position;
    position = Math.min(rows, position + steps * batch);
    yield { rows: position - from, share: position / rows / passes };
  }
  return {
    loss: lossSum / rows,
    accuracy: engine.decides ? correct / rows : undefined,
    ...(all.length > 0 && (yield* measure(engine, source, Math.min(rows, EVALUATION_ROWS), all, call, threshold))),
  };
}

/** Begins a metric. Its callbacks are code of the caller's: they must answer at once, and give what sums up. */
function begin(call: string, { name, begin }: Metric, width: number, kind: Decision['kind'] | undefined): ReturnType<Metric['begin']> {
  const what = `metrics: ${name}`;
  const running = answerOf(call, `${what}.begin`, begin(width, kind));
  const found = { add: running?.add, value: running?.value };
  for (const [method, value] of Object.entries(found)) {
    if (typeof value !== 'function') throw new ValueError(`${call}: ${what}.begin gave ${describe(running)}, expected an object with ${method}()`);
  }
  return {
    add: (batch) => void answerOf(call, `${what}.add`, found.add.call(running, batch) as unknown),
    value: () => answerOf(call, `${what}.value`, found.value.call(running)),
  };
}

/** The values of metrics over a data set, of the first output that has a loss. */
function* measure(
  engine: Engine,
  source: RowSource,
  batch: number,
  metrics: readonly Metric[],
  call: string,
  threshold?: number,
): Generator<Slice, Record<string, unknown>, undefined> {
  const { rows, classes } = source;
  const judged = engine.losses.findIndex((loss) => loss);
  const output = engine.model.outputs[judged] as Node;
  const loss = engine.losses[judged]?.loss;
  const decision = threshold === undefined ? decisionOf(output, loss) : requireDecision(call, output, loss, threshold);
  const outputs = [output, logitsOf(output)];
  const width = features(output.shape);
  // Without the report of the loss, which would end the run where it is not finite.
  const load = () =>
    engine.derived(`metrics:${classes}`, batch, () => ({
      ...engine.recipe('evaluate', classes),
      reports: [],
      roots: outputs,
      outputs,
    }));
  const running = metrics.map((metric) => begin(call, metric, width, decision?.kind));
  const each = decision ? decisionsPerRow(decision) : 0;
  for (let position = 0; position < rows; position += batch) {
    // A metric may have predicted or evaluated: the program is taken anew. What a metric gets is a copy, which it may keep.
    const program = load();
    const { core, workspace } = program;
    workspace.set(Context.Step, 0);
    source.train(program, position, 1, batch, false);
    const count = Math.min(batch, rows - position);
    const predicted = new Int32Array(count * each);
    const actual = new Int32Array(count * each);
    const copy = (at: number) => core.f32.slice(at, at + count * width);
    const at = program.inputIndex(engine.model.inputs.length);
    const values = copy(program.outputIndex(0));
    const logits = copy(program.outputIndex(1));
    const targets = classes[0] ? undefined : copy(at);
    for (let i = 0; decision && i < count; i++) {
      const { kind, cut, targetCut, node } = decision;
      decide(kind, cut, node === output ? values : logits, i * width, width, predicted, i * each);
      if (targets) decide(kind, targetCut, targets, i * width, width, actual, i * each);
      else actual[i] = core.u32[at + i] as number;
    }
    for (const metric of running) metric.add({ rows: count, width, decisions: each, outputs: values, logits, targets, actual, predicted });
    yield { rows: count, share: (1 + (position + count) / rows) / 2 };
  }
  return Object.fromEntries(metrics.map(({ name }, i) => [name, running[i]?.value()]));
}
