import { Context } from '../../assembly/context.js';
import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike, AnyTargets, Inputs } from '../arguments/values.js';
import { checkRows } from '../data/batch.js';
import { Dataset, type DatasetLiteral } from '../data/dataset.js';
import { RowSource } from '../data/source.js';
import { type Sums, sumsOf, writeSums } from '../data/sums.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { type Decision, decide, decisionOf, decisionsPerRow, requireDecision } from '../losses/decisions.js';
import { logitsOf } from '../losses/networkLoss.js';
import { hasIds, type TargetForm, weightingOf } from '../losses/targetForm.js';
import { answerOf, checkCallbacks, runAll } from './callbacks.js';
import type { Evaluation, EvaluationProgress } from './history.js';
import { accuracy } from './metrics/accuracy.js';
import { checkMetrics, checkNames, type Metric, type MetricValues } from './metrics/metric.js';
import { now, Pace, Turns } from './turns.js';

/** Rows of a batch of an evaluation. */
export const EVALUATION_ROWS = 256;

/** Where the random numbers of evaluations in training mode begin, a step for each batch: no step of a training is that late. */
const EVALUATION_STEP = 0x80000000;

/** Options of `evaluate`. */
export interface EvaluateOptions<M extends readonly Metric[] = readonly Metric[]> {
  /** Metrics to compute, each under its name in the result; of several outputs, for the first that has a loss. */
  readonly metrics?: M;
  /** The least output that counts as 1, for accuracy and every metric, where each output is decided by itself. */
  readonly threshold?: number;
  /** Whether layers behave as in a training step: dropout drops, a batch norm takes the statistics of its batch. Default false. */
  readonly training?: boolean;
}

/** Options of `evaluateAsync`. */
export interface EvaluateAsyncOptions<M extends readonly Metric[] = readonly Metric[]> extends EvaluateOptions<M> {
  /** Aborts the evaluation; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Called up to 100 times a second, between slices of rows. A promise is awaited; its rejection rejects the evaluation. */
  readonly onProgress?: (progress: EvaluationProgress) => unknown;
}

/** Computes loss, accuracy and metrics over a data set, in its order. Changes nothing. */
export function evaluate(engine: Engine, data: Dataset | DatasetLiteral<AnyTargets, Inputs>, options: EvaluateOptions): Evaluation {
  const { metrics: list, threshold, training } = checkOptions('evaluate', options, ['metrics', 'threshold', 'training']);
  checkTraining('evaluate', training);
  const metrics = readMetrics('evaluate', list);
  checkThreshold('evaluate', engine, threshold);
  const set = Dataset.is(data) ? data : new Dataset(data, 'evaluate');
  let source: RowSource | undefined;
  try {
    source = new RowSource('evaluate', engine, set, EVALUATION_ROWS);
    const slices = evaluateRows(engine, source, metrics, threshold, undefined, 'evaluate', training);
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

/** `evaluate` in slices; the event loop runs between them. */
export async function evaluateAsync(
  engine: Engine,
  data: Dataset | DatasetLiteral<AnyTargets, Inputs>,
  options: EvaluateAsyncOptions,
): Promise<Evaluation> {
  const call = 'evaluateAsync';
  const called = now();
  const turns = new Turns();
  const {
    metrics: list,
    signal,
    onProgress,
    threshold,
    training,
  } = checkOptions(call, options, ['metrics', 'signal', 'onProgress', 'threshold', 'training']);
  checkTraining(call, training);
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
    const result = await inTurns(evaluateRows(engine, source, metrics, threshold, pace, call, training), turns, pace, async (share) => {
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

/** Progress of an evaluation in one slice. */
interface Slice {
  readonly rows: number;
  /** The share of all work that is done. */
  readonly share: number;
}

/** Runs an evaluation to its end. Pauses before a slice that would block the event loop too long. */
export async function inTurns<T>(slices: Iterator<Slice, T>, turns: Turns, pace: Pace, pause: (share: number) => Promise<void>): Promise<T> {
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

/** Copies the metrics: their callbacks run during an evaluation, and could change the list. */
export function readMetrics(call: string, metrics: readonly Metric[] = []): readonly Metric[] {
  checkMetrics(call, metrics);
  const read: Metric[] = Array.from(metrics, (metric) => {
    const { name, mode, begin } = metric;
    return { name, ...(mode && { mode }), begin: (width, kind) => begin.call(metric, width, kind) };
  });
  checkNames(call, read);
  return read;
}

function checkTraining(call: string, training: unknown): void {
  if (training !== undefined && typeof training !== 'boolean')
    throw new ValueError(`${call}: training is ${describe(training)}, expected true or false`);
}

export function evaluationProgram(engine: Engine, { rows, forms }: RowSource, training = false): { program: LoadedProgram; batch: number } {
  const batch = Math.min(rows, EVALUATION_ROWS);
  return { program: engine.program(training ? 'evaluateTraining' : 'evaluate', batch, forms), batch };
}

/**
 * Evaluates in slices, of as many batches as one run takes or, with a pace, as that allows. Between two slices anything may happen except a
 * change of the parameters.
 */
export function* evaluateRows(
  engine: Engine,
  source: RowSource,
  metrics: readonly Metric[],
  threshold?: number,
  pace?: Pace,
  call = 'evaluate',
  training = false,
): Generator<Slice, Evaluation & MetricValues<readonly Metric[]>, undefined> {
  const { rows } = source;
  const all = threshold === undefined ? metrics : [accuracy, ...metrics];
  const passes = all.length > 0 ? 2 : 1;
  const whole = Math.min(rows, EVALUATION_ROWS);
  // The last batch is the shortest.
  if (training) checkRows(call, engine, rows % whole || whole, rows);
  let sums: Sums | undefined;
  for (let position = 0; position < rows; ) {
    const { program, batch } = evaluationProgram(engine, source, training);
    const { workspace } = program;
    const most = Math.min(source.steps(batch), Math.ceil((rows - position) / batch));
    const steps = pace ? pace.next(most, batch) : most;
    writeSums(workspace, sums);
    workspace.set(Context.FirstStep, EVALUATION_STEP + position / batch);
    workspace.set(Context.Step, 0);
    source.train(program, position, steps, batch, false);
    sums = sumsOf(workspace);
    const from = position;
    position = Math.min(rows, position + steps * batch);
    yield { rows: position - from, share: position / rows / passes };
  }
  return {
    ...source.means(sums as Sums, rows),
    ...(all.length > 0 && (yield* measure(engine, source, whole, all, call, threshold, training))),
  };
}

/** Begins a metric. Its callbacks are code of the caller's: check that they are not async and return what is expected. */
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

/** Computes metrics over a data set, for the first output that has a loss. */
function* measure(
  engine: Engine,
  source: RowSource,
  batch: number,
  metrics: readonly Metric[],
  call: string,
  threshold?: number,
  training = false,
): Generator<Slice, Record<string, unknown>, undefined> {
  const { rows, forms } = source;
  const weighting = weightingOf(forms[0] as TargetForm);
  if (weighting === 'elements') throw new ValueError(`${call}: weight has a number for each element, expected one for each row, which metrics take`);
  const judged = engine.losses.findIndex((loss) => loss);
  const output = engine.model.outputs[judged] as Node;
  const loss = engine.losses[judged]?.loss;
  const decision = threshold === undefined ? decisionOf(output, loss) : requireDecision(call, output, loss, threshold);
  const shown = training ? engine.inMode('training', engine.graph.outputs[judged] as Node) : output;
  const outputs = [shown, logitsOf(shown)];
  const width = features(output.shape);
  const targetWidth = engine.columns.targets[0]?.width;
  if (targetWidth !== width)
    throw new ValueError(`${call}: ${loss?.name} has targets of ${targetWidth} for an output of ${width}, expected as many, which metrics compare`);
  // Leave out the report of the loss, which would end the run where it is not finite.
  const load = () =>
    engine.derived(`metrics:${training}:${forms}`, batch, () => ({
      ...engine.recipe(training ? 'evaluateTraining' : 'evaluate', forms),
      reports: [],
      roots: outputs,
      outputs,
    }));
  const running = metrics.map((metric) => begin(call, metric, width, decision?.kind));
  const each = decision ? decisionsPerRow(decision) : 0;
  for (let position = 0; position < rows; position += batch) {
    // A metric may have predicted or evaluated, so fetch the program again. A metric gets copies, which it may keep.
    const program = load();
    const { core, workspace } = program;
    workspace.set(Context.FirstStep, EVALUATION_STEP + position / batch);
    workspace.set(Context.Step, 0);
    source.train(program, position, 1, batch, false);
    const count = Math.min(batch, rows - position);
    const predicted = new Int32Array(count * each);
    const actual = new Int32Array(count * each);
    const copy = (at: number) => core.f32.slice(at, at + count * width);
    const at = program.inputIndex(engine.model.inputs.length);
    const values = copy(program.outputIndex(0));
    const logits = copy(program.outputIndex(1));
    const targets = hasIds(forms[0] as TargetForm) ? undefined : copy(at);
    for (let i = 0; decision && i < count; i++) {
      const { kind, cut, targetCut, node } = decision;
      decide(kind, cut, node === output ? values : logits, i * width, width, predicted, i * each);
      if (targets) decide(kind, targetCut, targets, i * width, width, actual, i * each);
      else actual[i] = core.u32[at + i] as number;
    }
    const weightAt = weighting && program.inputIndex(engine.model.inputs.length + forms.length);
    const weight = weightAt === undefined ? undefined : core.f32.slice(weightAt, weightAt + count);
    for (const metric of running) metric.add({ rows: count, width, decisions: each, outputs: values, logits, targets, actual, predicted, weight });
    yield { rows: count, share: (1 + (position + count) / rows) / 2 };
  }
  return Object.fromEntries(metrics.map(({ name }, i) => [name, running[i]?.value()]));
}
