import { describe, fieldOf, isList } from '../../arguments/describe.js';
import { ValueError } from '../../errors.js';

/** Some rows of targets and outputs, for a metric. The arrays are copies, shared by the metrics of one call. */
export interface MetricBatch {
  readonly rows: number;
  /** Features of the output. */
  readonly width: number;
  /** `[rows, width]`. */
  readonly outputs: Float32Array;
  /** z before a final softmax or sigmoid, `[rows, width]`. Decisions are made on it. */
  readonly logits: Float32Array;
  /** `[rows, width]`; undefined where the targets are class ids. */
  readonly targets: Float32Array | undefined;
  /**
   * Decisions per row: 1 for one class of several, or for a single number; `width` for independent labels; 0 for a regression.
   */
  readonly decisions: number;
  /** `[rows, decisions]`: the class of each row, or 1 or 0 for each label. Targets that are values are decided as outputs are. */
  readonly actual: ArrayLike<number>;
  /** `[rows, decisions]`: the result of `classify`; −1 in all of a row whose output is NaN. */
  readonly predicted: ArrayLike<number>;
  /** What each row counts, ≥ 0; undefined where all count once. The targets of a row of weight 0 may be anything. */
  readonly weight?: Float32Array | undefined;
}

/** A metric for `evaluate`. Begun once per evaluation; it gets all rows, batch by batch. Those here sum in float64. */
export interface Metric<Name extends string = string, Value = unknown> {
  /** The key of its value in the result. */
  readonly name: Name;
  /** Whether lower or higher is better, for a `monitor`. Default `'max'`. */
  readonly mode?: 'min' | 'max';
  /**
   * @param width the features of the output
   * @param decides how rows are decided: by the largest number, or each number by itself; undefined for a regression without a threshold
   */
  begin(width: number, decides?: Decides): { add(batch: MetricBatch): void; value(): Value };
}

/** How rows are decided; undefined for a regression. */
export type Decides = 'largest' | 'each' | undefined;

/** The values of metrics by their names. */
export type MetricValues<M extends readonly Metric[]> = {
  readonly [K in M[number] as K['name']]: K extends Metric<string, infer Value> ? Value : never;
};

/** @throws ValueError where there are no decisions to judge */
export function checkDecides(metric: string, decides: Decides): void {
  if (decides === undefined) {
    throw new ValueError(
      `${metric}: the output is a regression and has no decisions; pass evaluate a threshold, as in { metrics, threshold: 0.5 }, or use mae, rmse or r2`,
    );
  }
}

/** The number of classes. @throws ValueError where there are no decisions to judge, and for independent labels */
export function checkClasses(metric: string, width: number, decides: Decides): number {
  checkDecides(metric, decides);
  if (decides === 'each' && width > 1) {
    throw new ValueError(`${metric}: the output has ${width} independent labels, expected classes; use precision, recall and f1, label by label`);
  }
  return Math.max(2, width);
}

/** @throws ValueError for anything but a list of metrics */
export function checkMetrics(call: string, metrics: readonly Metric[]): void {
  if (!isList(metrics)) throw new ValueError(`${call}: metrics is ${describe(metrics)}, expected a list, such as [accuracy, topK(5)]`);
  const odd = metrics.findIndex((metric) => typeof fieldOf(metric, 'begin') !== 'function' || typeof fieldOf(metric, 'name') !== 'string');
  if (odd >= 0)
    throw new ValueError(
      `${call}: metrics[${odd}] is ${describe(metrics[odd])}, expected a metric itself, such as accuracy or topK(5), which neurite exports`,
    );
}

/** Values of every evaluation, which no metric replaces. */
const TAKEN = ['loss', 'losses'];

/** @throws ValueError for a name that another value of an evaluation has */
export function checkNames(call: string, metrics: readonly Metric[]): void {
  const names = [...TAKEN, ...metrics.map(({ name }) => name)];
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0)
    throw new ValueError(`${call}: metrics[${twice - TAKEN.length}] is named '${names[twice]}', which another value has; expected a name of its own`);
}

/** What row i counts. A metric skips rows of weight 0: their targets may be anything. */
export function weightOf({ weight }: MetricBatch, i: number): number {
  return weight ? (weight[i] as number) : 1;
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
