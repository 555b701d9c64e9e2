/** Losses, accuracies and metrics of all nets over data, in slices. */
import { LaneSums } from '../../assembly/population/context.js';
import { checkOptions } from '../arguments/options.js';
import { checkRows } from '../data/batch.js';
import type { Node } from '../graph/node.js';
import { type TargetForm, weightingOf } from '../losses/targetForm.js';
import { runAll } from '../training/callbacks.js';
import {
  checkThreshold,
  checkTraining,
  EVALUATION_ROWS,
  EVALUATION_STEP,
  type EvaluateOptions,
  Measurement,
  readMetrics,
} from '../training/evaluate.js';
import { accuracy } from '../training/metrics/accuracy.js';
import type { Metric } from '../training/metrics/metric.js';
import type { Pace } from '../training/turns.js';
import { type Cohort, type Groups, LANES, type Loaded } from './cohort.js';
import { bitsOf, portionsOf } from './portions.js';
import { Given, type PopulationData, Sources } from './sources.js';

/** What a pass over data found of each net. */
export interface PopulationEvaluation {
  /** The mean loss of each net. */
  readonly loss: Float64Array;
  /** That of each loss by itself, where there are several: a list in the order of the outputs. */
  readonly losses: readonly Float64Array[] | undefined;
  /** The share of the rows that each net decides rightly, where the loss has decisions. */
  readonly accuracy: Float64Array | undefined;
}

/**
 * The values of metrics by their names, one for each net: numbers as a Float64Array, all else as a list. Those of `fit` are NaN or undefined for a net
 * that stopped before.
 */
export type PopulationMetrics<M extends readonly Metric[], Missing = never> = {
  readonly [K in M[number] as K['name']]: K extends Metric<string, infer Value>
    ? [Value] extends [number]
      ? Float64Array
      : readonly (Value | Missing)[]
    : never;
};

/** Evaluates all nets at once; see `Population.evaluate`. */
export function evaluateNow(cohort: Cohort, data: PopulationData, options: EvaluateOptions): PopulationEvaluation {
  const call = 'evaluate';
  const { metrics: list, threshold, training } = checkOptions(call, options, ['metrics', 'threshold', 'training']);
  checkTraining(call, training);
  const metrics = readMetrics(call, list);
  checkThreshold(call, cohort, threshold);
  const given = new Given(call, data, cohort.count);
  let sources: Sources | undefined;
  try {
    sources = new Sources(given, cohort);
    const slices = evaluateAll(cohort, sources, { call, metrics, threshold, training }, () => true);
    for (;;) {
      const { done, value } = slices.next();
      if (done) return value;
    }
  } finally {
    runAll(
      () => sources?.free(),
      () => given.free(),
    );
  }
}

/** What is asked of an evaluation. */
interface Question {
  readonly call: string;
  readonly metrics: readonly Metric[];
  readonly threshold?: number | undefined;
  readonly training?: boolean | undefined;
}

/** Progress of an evaluation in one slice. */
interface Slice {
  readonly rows: number;
  readonly share: number;
}

/** A run of some batches, of nets that the core is pointed to. */
interface Batches {
  readonly block: Groups;
  /** The nets whose rows these are, a bit each. */
  readonly nets: number;
  readonly program: Loaded;
  /** The first row, rows of a batch, and rows of each net. */
  readonly position: number;
  readonly batch: number;
  readonly rows: number;
  /** Batches. */
  readonly count: number;
}

type Found = PopulationEvaluation & Record<string, unknown>;

/** Evaluates the nets that go on; of the others all is NaN. Between two slices anything may happen except a change of the parameters. */
export function* evaluateAll(
  cohort: Cohort,
  sources: Sources,
  { call, metrics, threshold, training = false }: Question,
  isAlive: (net: number) => boolean,
  pace?: Pace,
): Generator<Slice, Found, undefined> {
  const { forms } = sources;
  const all = threshold === undefined ? metrics : [accuracy, ...metrics];
  if (training) sources.eachRows((what, rows) => checkRows(what, cohort, rows % EVALUATION_ROWS || EVALUATION_ROWS, rows));
  // Before the first pass, so that what cannot be found is refused at once.
  const measurement = all.length > 0 ? new Measurement(call, cohort, forms, all, threshold, training) : undefined;
  const passes = measurement ? 2 : 1;
  const sums = new Float64Array(cohort.groups * cohort.sumCount);
  const kind = training ? 'evaluateTraining' : 'evaluate';
  const load = (rows: number) => cohort.derived(`${kind}:${forms}:${rows}`, rows, () => cohort.recipe(kind, forms));
  for (const { block, nets, program, position, batch, rows, count } of batchesOf(cohort, sources, isAlive, load, (left, batch) =>
    pace ? pace.next(left, batch) : left,
  )) {
    const own = sums.subarray(block.first * cohort.sumCount, (block.first + block.groups) * cohort.sumCount);
    const before = own.slice();
    cohort.setSums(own);
    cohort.train(program, position, count, batch, rows, EVALUATION_STEP + position / batch);
    cohort.readSums(own);
    // The lanes of other nets have added up rows that are not theirs.
    for (let i = 0; i < own.length; i++) {
      const index = Math.floor(i / cohort.sumCount) * LANES + (i % LANES);
      if (!(nets & (1 << index))) own[i] = before[i] as number;
    }
    yield { rows: count * batch, share: block.first / cohort.groups / passes };
  }
  const means = meansOf(cohort, forms, sums, (net) => sources.rowsOf(net), isAlive);
  return { ...means, ...(measurement && (yield* measure(cohort, sources, measurement, isAlive))) };
}

/**
 * The batches of all nets that go on, block by block; `choose` says how many of those left run at once. Programs and addresses are taken anew for each,
 * since code of the caller's may run in between; a program is for a number of rows that no other evaluation changes, as its blocks depend on it.
 */
function* batchesOf(
  cohort: Cohort,
  sources: Sources,
  isAlive: (net: number) => boolean,
  load: (rows: number) => Loaded,
  choose: (left: number, batch: number) => number,
): Generator<Batches, void, undefined> {
  const batch = Math.min(sources.most, EVALUATION_ROWS);
  // The next power of two: few programs for data of all lengths.
  const capacity = 1 << (32 - Math.clz32(batch - 1));
  const work = { rowsOf: (net: number) => sources.rowsOf(net), doneOf: () => 0, batch };
  for (const block of cohort.blocks(load(capacity))) {
    const nets = bitsOf(block, isAlive, cohort.count);
    for (const { nets: some, from, count, rows } of portionsOf(block, nets, 0, Number.POSITIVE_INFINITY, work)) {
      for (let done = 0; done < count; ) {
        const program = load(capacity);
        const now = choose(count - done, batch);
        sources.enter(block, some, false);
        cohort.enter(block);
        yield { block, nets: some, program, position: (from + done) * batch, batch, rows, count: now };
        done += now;
      }
    }
  }
}

/** Computes the metrics of each net that goes on, for its first output that has a loss. */
function* measure(
  cohort: Cohort,
  sources: Sources,
  measurement: Measurement,
  isAlive: (net: number) => boolean,
): Generator<Slice, Record<string, unknown>, undefined> {
  const { width, targetInput, weightInput, hasIds } = measurement;
  const load = (rows: number) => cohort.derived(`${measurement.key}:${rows}`, rows, () => measurement.recipe());
  const running = Array.from({ length: cohort.count }, (_, net) => (isAlive(net) ? measurement.begin() : undefined));
  for (const { block, nets, program, position, batch, rows: all } of batchesOf(cohort, sources, isAlive, load, () => 1)) {
    const rows = Math.min(batch, all - position);
    cohort.train(program, position, 1, batch, all, EVALUATION_STEP + position / batch);
    const { recipe } = program;
    const found = Array.from({ length: block.groups * LANES }, (_, index) => {
      if (!(nets & (1 << index))) return undefined;
      const floats = (node: Node | undefined, width: number) => cohort.readFloats(program, node as Node, index, rows * width);
      const target = recipe.inputs[targetInput] as Node;
      return {
        rows,
        values: floats(recipe.outputs[0], width),
        logits: floats(recipe.outputs[1], width),
        targets: hasIds ? undefined : floats(target, width),
        ids: hasIds ? cohort.readIds(program, target, index, rows) : undefined,
        weight: weightInput === undefined ? undefined : floats(recipe.inputs[weightInput], 1),
      };
    });
    // Metrics are code of the caller's: all was copied before.
    found.forEach((rows, index) => rows && running[block.first * LANES + index]?.add(rows));
    yield { rows: rows * block.groups * LANES, share: (1 + block.first / cohort.groups) / 2 };
  }
  const values = running.map((one) => one?.values());
  const names = Object.keys(values.find((of) => of) ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const list = values.map((of) => of?.[name]);
      const areNumbers = list.every((value, net) => typeof value === 'number' || !values[net]);
      return [name, areNumbers ? Float64Array.from(list, (value) => (value as number | undefined) ?? Number.NaN) : list];
    }),
  );
}

/** Mean losses and accuracies of so many rows; NaN for nets that do not go on. */
export function meansOf(
  cohort: Cohort,
  forms: readonly TargetForm[],
  sums: Float64Array,
  rowsOf: (net: number) => number,
  isAlive: (net: number) => boolean,
): PopulationEvaluation {
  const sumOf = (net: number, bytes: LaneSums) => sums[Math.floor(net / LANES) * cohort.sumCount + bytes / 8 + (net % LANES)] as number;
  const of = (bytes: LaneSums, divisor: (net: number) => number) =>
    Float64Array.from({ length: cohort.count }, (_, net) => (isAlive(net) ? sumOf(net, bytes) / divisor(net) : Number.NaN));
  const weighted = weightingOf(forms[Math.max(0, cohort.deciding)] as TargetForm) !== undefined;
  return {
    loss: of(LaneSums.Loss, rowsOf),
    losses: forms.length > 1 ? forms.map((_, i) => of(LaneSums.Parts + (i + 1) * LaneSums.Size, rowsOf)) : undefined,
    accuracy: cohort.decidesFor(forms) ? of(LaneSums.Correct, (net) => (weighted ? sumOf(net, LaneSums.Weight) : rowsOf(net))) : undefined,
  };
}
