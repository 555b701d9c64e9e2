import { Context } from '../../assembly/context.js';
import { describe } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { AbortSignalLike, AnyTargets, Inputs } from '../arguments/values.js';
import { checkRows } from '../data/batch.js';
import type { Dataset, DatasetLiteral } from '../data/dataset.js';
import { RowSource } from '../data/source.js';
import { type Sums, sumsOf, writeSums } from '../data/sums.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import type { Recipes } from '../engine/recipes.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { type Decision, decide, decisionOf, decisionsPerRow, requireDecision } from '../losses/decisions.js';
import { logitsOf } from '../losses/networkLoss.js';
import { hasIds, type TargetForm, weightingOf } from '../losses/targetForm.js';
import { answerOf, checkCallbacks } from './callbacks.js';
import type { Evaluation, EvaluationProgress } from './history.js';
import { accuracy } from './metrics/accuracy.js';
import { checkMetrics, checkNames, type Metric, type MetricValues } from './metrics/metric.js';
import { now, Pace, Turns } from './turns.js';

/** Rows of a batch of an evaluation. */
export const EVALUATION_ROWS = 256;

/** Where the random numbers of evaluations in training mode begin, a step for each batch: no step of a training is that late. */
export const EVALUATION_STEP = 0x80000000;

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
  const source = new RowSource('evaluate', engine, data, EVALUATION_ROWS);
  try {
    const slices = evaluateRows(engine, source, metrics, threshold, undefined, 'evaluate', training);
    for (;;) {
      const { done, value } = slices.next();
      if (done) return value;
    }
  } finally {
    source.free();
  }
}

export function checkThreshold(call: string, engine: Recipes, threshold: number | undefined): void {
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
  const source = new RowSource(call, engine, data, EVALUATION_ROWS);
  try {
    signal?.throwIfAborted();
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
    source.free();
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

export function checkTraining(call: string, training: unknown): void {
  if (training !== undefined) checkFlag(call, 'training', training);
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

/** Some rows of the judged output, as copies. */
interface MeasuredRows {
  readonly rows: number;
  /** `[rows, width]`, as are the logits. */
  readonly values: Float32Array;
  readonly logits: Float32Array;
  /** One of these two: values, or class ids. */
  readonly targets: Float32Array | undefined;
  readonly ids: ArrayLike<number> | undefined;
  readonly weight: Float32Array | undefined;
}

/** What metrics need to know of the first output that has a loss, and the program that computes it. */
export class Measurement {
  readonly #call: string;
  readonly #engine: Recipes;
  readonly #forms: readonly TargetForm[];
  readonly #metrics: readonly Metric[];
  readonly #training: boolean;
  readonly #decision: Decision | undefined;
  readonly #output: Node;
  /** The features of the output. */
  readonly width: number;
  /** The output and its logits, as the program computes them. */
  readonly outputs: readonly [values: Node, logits: Node];

  /** @throws ValueError where the metrics cannot be found of that output and these weights */
  constructor(call: string, engine: Recipes, forms: readonly TargetForm[], metrics: readonly Metric[], threshold?: number, training = false) {
    const weighting = weightingOf(forms[0] as TargetForm);
    if (weighting === 'elements')
      throw new ValueError(`${call}: weight has a number for each element, expected one for each row, which metrics take`);
    const judged = engine.losses.findIndex((loss) => loss);
    const output = engine.model.outputs[judged] as Node;
    const loss = engine.losses[judged]?.loss;
    this.#decision = threshold === undefined ? decisionOf(output, loss) : requireDecision(call, output, loss, threshold);
    const shown = training ? engine.inMode('training', engine.graph.outputs[judged] as Node) : output;
    this.outputs = [shown, logitsOf(shown)];
    this.width = features(output.shape);
    const targetWidth = engine.columns.targets[0]?.width;
    if (targetWidth !== this.width)
      throw new ValueError(
        `${call}: ${loss?.name} has targets of ${targetWidth} for an output of ${this.width}, expected as many, which metrics compare`,
      );
    this.#call = call;
    this.#engine = engine;
    this.#forms = forms;
    this.#metrics = metrics;
    this.#training = training;
    this.#output = output;
  }

  get key(): string {
    return `metrics:${this.#training}:${this.#forms}`;
  }

  get hasIds(): boolean {
    return hasIds(this.#forms[0] as TargetForm);
  }

  /** Which of the program's inputs has the weights of the rows. */
  get weightInput(): number | undefined {
    return weightingOf(this.#forms[0] as TargetForm) && this.targetInput + this.#forms.length;
  }

  get targetInput(): number {
    return this.#engine.model.inputs.length;
  }

  recipe(): ReturnType<Recipes['recipe']> {
    const { outputs } = this;
    // Leave out the report of the loss, which would end the run where it is not finite.
    return { ...this.#engine.recipe(this.#training ? 'evaluateTraining' : 'evaluate', this.#forms), reports: [], roots: outputs, outputs };
  }

  /** Begins all metrics once more. @returns what takes rows, and what gives the values behind the last */
  begin(): { add(rows: MeasuredRows): void; values(): Record<string, unknown> } {
    const { width } = this;
    const decision = this.#decision;
    const running = this.#metrics.map((metric) => begin(this.#call, metric, width, decision?.kind));
    const each = decision ? decisionsPerRow(decision) : 0;
    return {
      add: ({ rows, values, logits, targets, ids, weight }) => {
        const predicted = new Int32Array(rows * each);
        const actual = new Int32Array(rows * each);
        for (let i = 0; decision && i < rows; i++) {
          const { kind, cut, targetCut, node } = decision;
          decide(kind, cut, node === this.#output ? values : logits, i * width, width, predicted, i * each);
          if (targets) decide(kind, targetCut, targets, i * width, width, actual, i * each);
          else actual[i] = ids?.[i] as number;
        }
        for (const metric of running) metric.add({ rows, width, decisions: each, outputs: values, logits, targets, actual, predicted, weight });
      },
      values: () => Object.fromEntries(this.#metrics.map(({ name }, i) => [name, running[i]?.value()])),
    };
  }
}

/** Computes metrics over a data set. */
function* measure(
  engine: Engine,
  source: RowSource,
  batch: number,
  metrics: readonly Metric[],
  call: string,
  threshold?: number,
  training = false,
): Generator<Slice, Record<string, unknown>, undefined> {
  const { rows } = source;
  const measurement = new Measurement(call, engine, source.forms, metrics, threshold, training);
  const { width, targetInput, weightInput } = measurement;
  const load = () => engine.derived(measurement.key, batch, () => measurement.recipe());
  const running = measurement.begin();
  for (let position = 0; position < rows; position += batch) {
    // A metric may have predicted or evaluated, so fetch the program again. A metric gets copies, which it may keep.
    const program = load();
    const { core, workspace } = program;
    workspace.set(Context.FirstStep, EVALUATION_STEP + position / batch);
    workspace.set(Context.Step, 0);
    source.train(program, position, 1, batch, false);
    const count = Math.min(batch, rows - position);
    const copy = (at: number, n = width) => core.f32.slice(at, at + count * n);
    const at = program.inputIndex(targetInput);
    running.add({
      rows: count,
      values: copy(program.outputIndex(0)),
      logits: copy(program.outputIndex(1)),
      targets: measurement.hasIds ? undefined : copy(at),
      ids: measurement.hasIds ? core.u32.slice(at, at + count) : undefined,
      weight: weightInput === undefined ? undefined : copy(program.inputIndex(weightInput), 1),
    });
    yield { rows: count, share: (1 + (position + count) / rows) / 2 };
  }
  return running.values();
}
