/** Metrics of one class a row, all computed from the confusion matrix. */
import { made } from '../../arguments/recipe.js';
import { checkClasses, type Decides, type Metric, type MetricBatch, total, weightOf } from './metric.js';

/**
 * Rows are the actual classes, columns the predicted ones, and a last column the rows that are undecided, whose output is NaN.
 * An undecided row agrees with no class.
 */
type Matrix = readonly (readonly number[])[];

/** Counts rows by weight, then computes `of` the matrix. */
function ofMatrix<Value>(name: string, width: number, decides: Decides, of: (matrix: Matrix) => Value) {
  const classes = checkClasses(name, width, decides);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes + 1).fill(0));
  return {
    add(batch: MetricBatch) {
      for (let i = 0; i < batch.rows; i++) {
        const weight = weightOf(batch, i);
        if (weight === 0) continue;
        const row = matrix[batch.actual[i] as number] as number[];
        const found = batch.predicted[i] as number;
        const k = found < 0 ? classes : found;
        row[k] = (row[k] as number) + weight;
      }
    },
    value: () => of(matrix),
  };
}

/** Sums of the rows, of the columns, of the diagonal and of all. */
function sumsOf(matrix: Matrix) {
  const actual = matrix.map(total);
  const predicted = Array.from({ length: matrix.length + 1 }, (_, k) => total(matrix.map((row) => row[k] as number)));
  return { actual, predicted, right: total(matrix.map((row, k) => row[k] as number)), all: total(actual) };
}

/** Σ a·b over the classes. */
function product(a: readonly number[], b: readonly number[]): number {
  return total(a.map((value, k) => value * (b[k] as number)));
}

/**
 * Counts how often each class (a row) was predicted as each class (a column), by weight. A row whose output is NaN is in no column. Not for
 * several labels.
 */
export const confusionMatrix: Metric<'confusionMatrix', readonly (readonly number[])[]> = /* @__PURE__ */ made(['confusionMatrix'], {
  name: 'confusionMatrix',
  begin: (width, decides) => ofMatrix('confusionMatrix', width, decides, (matrix) => matrix.map((row) => row.slice(0, -1))),
});

/**
 * The mean over the classes of their recalls, right / rows of the class: 1/classes for a constant decision, however unequal the classes. A class
 * without rows counts nowhere. A row whose output is NaN is wrong. As `balanced_accuracy_score` of scikit-learn. Not for several labels.
 */
export const balancedAccuracy: Metric<'balancedAccuracy', number> = /* @__PURE__ */ made(['balancedAccuracy'], {
  name: 'balancedAccuracy',
  begin: (width, decides) =>
    ofMatrix('balancedAccuracy', width, decides, (matrix) => {
      const recalls = matrix.flatMap((row, k) => (total(row) > 0 ? [(row[k] as number) / total(row)] : []));
      return total(recalls) / recalls.length;
    }),
});

/**
 * Cohen's kappa, κ = 1 − (n² − n·Σ Cₖₖ) / (n² − Σ aₖ·pₖ), with aₖ rows of class k and pₖ decisions for it: 1 where all agree, 0 for agreement
 * by chance. NaN where all rows and decisions are of one class. As `cohen_kappa_score` of scikit-learn (Cohen 1960). Not for several labels.
 */
export const cohenKappa: Metric<'cohenKappa', number> = /* @__PURE__ */ made(['cohenKappa'], {
  name: 'cohenKappa',
  begin: (width, decides) =>
    ofMatrix('cohenKappa', width, decides, (matrix) => {
      const { actual, predicted, right, all } = sumsOf(matrix);
      // Where no pair differs by chance either, rounding must not make a quotient of it.
      const single = actual.indexOf(all);
      if (single >= 0 && predicted[single] === all) return Number.NaN;
      return 1 - (all * (all - right)) / (all * all - product(actual, predicted));
    }),
});

/**
 * Matthews' correlation of classes and decisions, (n·Σ Cₖₖ − Σ aₖ·pₖ) / √((n² − Σ pₖ²)·(n² − Σ aₖ²)), from −1 to 1: 1 where all agree. 0 where all
 * rows or all decisions are of one class. As `matthews_corrcoef` of scikit-learn (Gorodkin 2004). Not for several labels.
 */
export const matthews: Metric<'matthews', number> = /* @__PURE__ */ made(['matthews'], {
  name: 'matthews',
  begin: (width, decides) =>
    ofMatrix('matthews', width, decides, (matrix) => {
      const { actual, predicted, right, all } = sumsOf(matrix);
      if (all > 0 && (actual.includes(all) || predicted.includes(all))) return 0;
      const spread = Math.sqrt(all * all - product(predicted, predicted)) * Math.sqrt(all * all - product(actual, actual));
      return (all * right - product(actual, predicted)) / spread;
    }),
});
