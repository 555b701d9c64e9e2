import { describe, fieldOf, isList } from '../arguments/describe.js';
import { ValueError } from '../errors.js';

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
  /** What each row counts, ≥ 0; undefined where all count once. */
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
  begin(width: number, decides?: 'largest' | 'each'): { add(batch: MetricBatch): void; value(): Value };
}

/** The values of metrics by their names. */
export type MetricValues<M extends readonly Metric[]> = {
  readonly [K in M[number] as K['name']]: K extends Metric<string, infer Value> ? Value : never;
};

/**
 * One number per class, and their mean over the classes that occur among targets or decisions (macro average). For independent labels, one
 * number per label, and their mean over all.
 */
export interface PerClass {
  readonly perClass: readonly number[];
  readonly macro: number;
}

/** @throws ValueError where there are no decisions to judge */
function checkDecides(metric: string, decides: 'largest' | 'each' | undefined): void {
  if (decides === undefined) {
    throw new ValueError(
      `${metric}: the output is a regression and has no decisions; pass evaluate a threshold, as in { metrics, threshold: 0.5 }, or use mae, rmse or r2`,
    );
  }
}

/** The counts of one class or label. */
interface Count {
  right: number;
  actual: number;
  predicted: number;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Computes `of` for each class or label, from its correct decisions, its rows and the decisions for it. */
function perClass(name: string, width: number, decides: 'largest' | 'each' | undefined, of: (count: Count) => number) {
  checkDecides(name, decides);
  const labels = decides === 'each' && width > 1;
  const counts = Array.from({ length: Math.max(2, width) }, (): Count => ({ right: 0, actual: 0, predicted: 0 }));
  return {
    add({ rows, decisions, actual, predicted }: MetricBatch) {
      for (let i = 0; i < rows * decisions; i++) {
        // A label that is neither present nor predicted counts nowhere. Each row has one class.
        const own = labels ? (actual[i] === 1 ? i % decisions : -1) : (actual[i] as number);
        const found = labels ? (predicted[i] === 1 ? i % decisions : -1) : (predicted[i] as number);
        if (own >= 0) (counts[own] as Count).actual++;
        if (found >= 0) (counts[found] as Count).predicted++;
        if (own >= 0 && own === found) (counts[own] as Count).right++;
      }
    },
    value(): PerClass {
      // 0/0 counts as 0: a class without rows or without decisions.
      const values = counts.map((count) => count.right && of(count));
      const judged = labels ? values : values.filter((_, k) => (counts[k] as Count).actual + (counts[k] as Count).predicted > 0);
      return { perClass: values, macro: total(judged) / judged.length };
    },
  };
}

/** @throws ValueError for anything but a list of metrics */
export function checkMetrics(call: string, metrics: readonly Metric[]): void {
  if (!isList(metrics)) throw new ValueError(`${call}: metrics is ${describe(metrics)}, expected a list, such as [accuracy, topK(5)]`);
  const odd = metrics.findIndex((metric) => typeof fieldOf(metric, 'begin') !== 'function' || typeof fieldOf(metric, 'name') !== 'string');
  if (odd >= 0) throw new ValueError(`${call}: metrics[${odd}] is ${describe(metrics[odd])}, expected a metric, such as accuracy or topK(5)`);
}

/** The share of correct rows; for several labels, correct in all of them (subset accuracy). A row whose output is NaN is wrong. */
export const accuracy: Metric<'accuracy', number> = {
  name: 'accuracy',
  begin: (_, decides) => {
    checkDecides('accuracy', decides);
    let right = 0;
    let count = 0;
    return {
      add({ rows, decisions, actual, predicted }) {
        count += rows;
        for (let i = 0; i < rows; i++) {
          let same = true;
          for (let j = i * decisions; j < (i + 1) * decisions; j++) if (actual[j] !== predicted[j]) same = false;
          if (same) right++;
        }
      },
      value: () => right / count,
    };
  },
};

/** Counts how often each class (a row) was predicted as each class (a column). A row whose output is NaN is in no column. Not for several labels. */
export const confusionMatrix: Metric<'confusionMatrix', readonly (readonly number[])[]> = {
  name: 'confusionMatrix',
  begin: (width, decides) => {
    checkDecides('confusionMatrix', decides);
    if (decides === 'each' && width > 1) {
      throw new ValueError(
        `confusionMatrix: the output has ${width} independent labels, expected classes; use precision, recall and f1, label by label`,
      );
    }
    const classes = Math.max(2, width);
    const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
    return {
      add({ rows, actual, predicted }) {
        for (let i = 0; i < rows; i++) {
          const row = counts[actual[i] as number] as number[];
          const k = predicted[i] as number;
          if (k >= 0) row[k] = (row[k] as number) + 1;
        }
      },
      value: () => counts,
    };
  },
};

/** The share of the decisions for a class or label that is correct; 0 for one that is never predicted. */
export const precision: Metric<'precision', PerClass> = {
  name: 'precision',
  begin: (width, decides) => perClass('precision', width, decides, ({ right, predicted }) => right / predicted),
};

/** The share of the rows of a class or label that is correct; 0 for one without rows. A row whose output is NaN is wrong. */
export const recall: Metric<'recall', PerClass> = {
  name: 'recall',
  begin: (width, decides) => perClass('recall', width, decides, ({ right, actual }) => right / actual),
};

/** The harmonic mean of precision and recall, 2·right / (rows + decisions) of a class or label. */
export const f1: Metric<'f1', PerClass> = {
  name: 'f1',
  begin: (width, decides) => perClass('f1', width, decides, ({ right, actual, predicted }) => (2 * right) / (actual + predicted)),
};

/** The share of rows whose class is among the k of the largest logits; `top5` for k = 5. On ties the lower class comes first, as in `classify`. */
export function topK<const K extends number>(k: K): Metric<`top${K}`, number> {
  if (!(Number.isInteger(k) && k > 0)) throw new ValueError(`topK: k is ${describe(k)}, expected a whole number > 0`);
  return {
    name: `top${k}`,
    begin: (width, decides) => {
      if (width < 2) throw new ValueError(`topK: the output has ${width} feature, expected one for each class`);
      checkDecides('topK', decides);
      if (decides === 'each') throw new ValueError(`topK: the output has ${width} independent labels, expected classes`);
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
              // Written so that a NaN logit, of the own class or of another, never helps.
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

/** A metric that sums over each output and target, column by column. */
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
  mode: 'min',
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
  mode: 'min',
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
