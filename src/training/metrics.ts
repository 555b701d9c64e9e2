import { ValueError } from '../errors.js';
import { describe } from '../values.js';

/** What a metric sees of a data set at a time: some rows of targets and outputs. Its arrays are copies, shared by the metrics of one call. */
export interface MetricBatch {
  readonly rows: number;
  /** Features of the output. */
  readonly width: number;
  /** `[rows, width]`. */
  readonly outputs: Float32Array;
  /** z before a final softmax or sigmoid, `[rows, width]`: what decisions are made on. */
  readonly logits: Float32Array;
  /** `[rows, width]`; undefined where the targets are class ids. */
  readonly targets: Float32Array | undefined;
  /** The class of each row: its id, else where the largest target is; for one output, 1 where the target is at least ½. */
  readonly actual: ArrayLike<number>;
  /** What `classify` says of each row. */
  readonly predicted: ArrayLike<number>;
}

/** A measure of how good outputs are, for `evaluate`: begun once per evaluation, it sees all rows, batch by batch, and sums up in float64. */
export interface Metric<Name extends string = string, Value = unknown> {
  /** The key of its value in the result. */
  readonly name: Name;
  /** @param width the features of the output */
  begin(width: number): { add(batch: MetricBatch): void; value(): Value };
}

/** The values of metrics by their names. */
export type MetricValues<M extends readonly Metric[]> = {
  readonly [K in M[number] as K['name']]: K extends Metric<string, infer Value> ? Value : never;
};

/** One number per class, and their mean over the classes that occur among targets or decisions (macro average). */
export interface PerClass {
  readonly perClass: readonly number[];
  readonly macro: number;
}

/** Counts decisions, [actual][predicted], and makes a value of the counts. */
function counting<Value>(width: number, of: (counts: number[][]) => Value) {
  const classes = Math.max(2, width);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  return {
    add({ rows, actual, predicted }: MetricBatch) {
      for (let i = 0; i < rows; i++) {
        const row = counts[actual[i] as number] as number[];
        row[predicted[i] as number] = (row[predicted[i] as number] as number) + 1;
      }
    },
    value: () => of(counts),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Per class, `of` its right decisions, its rows and the decisions for it. */
function perClass(width: number, of: (right: number, actual: number, predicted: number) => number) {
  return counting(width, (counts): PerClass => {
    const each = counts.map((row, k) => ({
      right: row[k] as number,
      actual: total(row),
      predicted: total(counts.map((other) => other[k] as number)),
    }));
    // 0/0, a class without rows or without decisions, counts as 0.
    const values = each.map(({ right, actual, predicted }) => right && of(right, actual, predicted));
    const occurring = values.filter((_, k) => (each[k] as (typeof each)[0]).actual + (each[k] as (typeof each)[0]).predicted > 0);
    return { perClass: values, macro: total(occurring) / occurring.length };
  });
}

/** @throws ValueError for what is no list of metrics */
export function checkMetrics(call: string, metrics: readonly Metric[]): void {
  if (!Array.isArray(metrics)) throw new ValueError(`${call}: metrics is ${describe(metrics)}, expected a list, such as [accuracy, topK(5)]`);
  const odd = metrics.findIndex((metric) => typeof metric?.begin !== 'function');
  if (odd >= 0) throw new ValueError(`${call}: metrics[${odd}] is ${describe(metrics[odd])}, expected a metric, such as accuracy or topK(5)`);
}

/** The share of rows decided rightly. */
export const accuracy: Metric<'accuracy', number> = {
  name: 'accuracy',
  begin: (width) => counting(width, (counts) => total(counts.map((row, k) => row[k] as number)) / total(counts.flat())),
};

/** How often each class (a row) was taken for each class (a column). */
export const confusionMatrix: Metric<'confusionMatrix', readonly (readonly number[])[]> = {
  name: 'confusionMatrix',
  begin: (width) => counting(width, (counts) => counts),
};

/** Of the decisions for a class, the share that is right. 0 for a class never decided for. */
export const precision: Metric<'precision', PerClass> = {
  name: 'precision',
  begin: (width) => perClass(width, (right, _, predicted) => right / predicted),
};

/** Of the rows of a class, the share decided rightly. 0 for a class without rows. */
export const recall: Metric<'recall', PerClass> = {
  name: 'recall',
  begin: (width) => perClass(width, (right, actual) => right / actual),
};

/** The harmonic mean of precision and recall, 2·right / (rows + decisions) of a class. */
export const f1: Metric<'f1', PerClass> = {
  name: 'f1',
  begin: (width) => perClass(width, (right, actual, predicted) => (2 * right) / (actual + predicted)),
};

/** The share of rows whose class is among the k of the largest logits; `top5` for k = 5. On ties the lower class comes first, as in `classify`. */
export function topK<const K extends number>(k: K): Metric<`top${K}`, number> {
  if (!(Number.isInteger(k) && k > 0)) throw new ValueError(`topK: k is ${describe(k)}, expected a whole number > 0`);
  return {
    name: `top${k}`,
    begin: (width) => {
      if (width < 2) throw new ValueError(`topK: the output has ${width} feature, expected one for each class`);
      let right = 0;
      let count = 0;
      return {
        add({ rows, logits, actual }) {
          count += rows;
          for (let i = 0; i < rows; i++) {
            const own = actual[i] as number;
            const z = logits[i * width + own] as number;
            let before = 0;
            for (let j = 0; j < width; j++) {
              const other = logits[i * width + j] as number;
              // Written so that a NaN, as row's own or as another's, never helps.
              if (j !== own && !(z > other || (z === other && own < j))) before++;
            }
            if (before < k) right++;
          }
        },
        value: () => right / count,
      };
    },
  };
}

/** Sums of something of each output and target, column by column. */
function summing<Value>(name: string, width: number, add: (column: number, u: number, t: number) => void, value: (count: number) => Value) {
  let count = 0;
  return {
    add({ rows, outputs, targets }: MetricBatch) {
      if (!targets) throw new ValueError(`${name}: the targets are class ids, expected values`);
      for (let i = 0; i < rows * width; i++) add(i % width, outputs[i] as number, targets[i] as number);
      count += rows * width;
    },
    value: () => value(count),
  };
}

/** Mean absolute error, Σ |u − t| / (rows × outputs). */
export const mae: Metric<'mae', number> = {
  name: 'mae',
  begin: (width) => {
    let sum = 0;
    return summing(
      'mae',
      width,
      (_, u, t) => {
        sum += Math.abs(u - t);
      },
      (count) => sum / count,
    );
  },
};

/** Root of the mean squared error, √(Σ (u − t)² / (rows × outputs)). */
export const rmse: Metric<'rmse', number> = {
  name: 'rmse',
  begin: (width) => {
    let sum = 0;
    return summing(
      'rmse',
      width,
      (_, u, t) => {
        sum += (u - t) * (u - t);
      },
      (count) => Math.sqrt(sum / count),
    );
  },
};

/**
 * The coefficient of determination, R² = 1 − Σ (u − t)² / Σ (t − mean t)², averaged over the outputs: 1 is perfect, 0 no better than the mean.
 * Not finite where the targets of an output are all the same.
 */
export const r2: Metric<'r2', number> = {
  name: 'r2',
  begin: (width) => {
    const columns = Array.from({ length: width }, () => ({ n: 0, mean: 0, spread: 0, error: 0 }));
    return summing(
      'r2',
      width,
      (j, u, t) => {
        const column = columns[j] as (typeof columns)[0];
        // Welford's update: exact where the mean is large and the spread is small.
        const d = t - column.mean;
        column.mean += d / ++column.n;
        column.spread += d * (t - column.mean);
        column.error += (u - t) * (u - t);
      },
      () => total(columns.map(({ error, spread }) => 1 - error / spread)) / width,
    );
  },
};
