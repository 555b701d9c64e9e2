/** Metrics of each class or label by itself: precision, recall, F1. */
import { describe } from '../../arguments/describe.js';
import { made } from '../../arguments/recipe.js';
import { ValueError } from '../../errors.js';
import { checkDecides, type Decides, type Metric, type MetricBatch, total, weightOf } from './metric.js';

/**
 * One number per class, and their mean over the classes that occur among targets or decisions (macro average). For independent labels, one
 * number per label, and their mean over all.
 */
export interface PerClass {
  readonly perClass: readonly number[];
  readonly macro: number;
}

/** What a report says of one class, or on average. */
export interface ClassReport {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** The weight of the rows of the class: their number where each counts once. */
  readonly support: number;
}

/** Precision, recall, F1 and support of each class, with their averages. */
export interface ClassificationReport {
  /** In the order of the class ids or labels. */
  readonly perClass: readonly ClassReport[];
  /** The share of correct rows; for several labels, correct in all of them. */
  readonly accuracy: number;
  /** The mean over the classes that occur among targets or decisions; over all labels. */
  readonly macro: ClassReport;
  /** The mean over the classes by their support. */
  readonly weighted: ClassReport;
}

/** The counts of one class or label, by weight. */
interface Count {
  right: number;
  actual: number;
  predicted: number;
}

// 0/0 counts as 0: a class without rows or without decisions.
const precisionOf = ({ right, predicted }: Count) => right && right / predicted;
const recallOf = ({ right, actual }: Count) => right && right / actual;
const f1Of = ({ right, actual, predicted }: Count) => right && (2 * right) / (actual + predicted);

/** Counts for each class or label its correct decisions, its rows and the decisions for it. */
class Counts {
  readonly labels: boolean;
  readonly all: readonly Count[];

  constructor(width: number, labels: boolean) {
    this.labels = labels;
    this.all = Array.from({ length: labels ? width : Math.max(2, width) }, (): Count => ({ right: 0, actual: 0, predicted: 0 }));
  }

  add(batch: MetricBatch): void {
    const { rows, decisions, actual, predicted } = batch;
    for (let i = 0; i < rows * decisions; i++) {
      const weight = weightOf(batch, Math.floor(i / decisions));
      if (weight === 0) continue;
      // A label that is neither present nor predicted counts nowhere. Each row has one class.
      if (this.labels) this.count(i % decisions, actual[i] === 1, predicted[i] === 1, weight);
      else {
        const own = actual[i] as number;
        const found = predicted[i] as number;
        this.count(own, true, found === own, weight);
        if (found >= 0 && found !== own) this.count(found, false, true, weight);
      }
    }
  }

  count(k: number, actual: boolean, predicted: boolean, weight: number): void {
    const count = this.all[k] as Count;
    if (actual) count.actual += weight;
    if (predicted) count.predicted += weight;
    if (actual && predicted) count.right += weight;
  }

  /** Those that an average is over: all labels, and the classes that occur. */
  judged<T>(values: readonly T[]): readonly T[] {
    return this.labels ? values : values.filter((_, k) => (this.all[k] as Count).actual + (this.all[k] as Count).predicted > 0);
  }

  value(of: (count: Count) => number): PerClass {
    const perClass = this.all.map(of);
    const judged = this.judged(perClass);
    return { perClass, macro: total(judged) / judged.length };
  }
}

/** Computes `of` for each class or label. */
function perClass(name: string, width: number, decides: Decides, of: (count: Count) => number) {
  checkDecides(name, decides);
  const counts = new Counts(width, decides === 'each' && width > 1);
  return { add: (batch: MetricBatch) => counts.add(batch), value: () => counts.value(of) };
}

/** The share of the decisions for a class or label that is correct; 0 for one that is never predicted. */
export const precision: Metric<'precision', PerClass> = /* @__PURE__ */ made(['precision'], {
  name: 'precision',
  begin: (width, decides) => perClass('precision', width, decides, precisionOf),
});

/** The share of the rows of a class or label that is correct; 0 for one without rows. A row whose output is NaN is wrong. */
export const recall: Metric<'recall', PerClass> = /* @__PURE__ */ made(['recall'], {
  name: 'recall',
  begin: (width, decides) => perClass('recall', width, decides, recallOf),
});

/** The harmonic mean of precision and recall, 2·right / (rows + decisions) of a class or label. */
export const f1: Metric<'f1', PerClass> = /* @__PURE__ */ made(['f1'], {
  name: 'f1',
  begin: (width, decides) => perClass('f1', width, decides, f1Of),
});

/** Computes `of` where each output by itself is decided by a threshold: of a single output, of a label, or of a class against all others. */
function atThreshold<const Name extends string, const T extends number>(
  name: Name,
  threshold: T,
  of: (count: Count) => number,
): Metric<`${Name}${T}`, PerClass> {
  if (typeof threshold !== 'number' || !Number.isFinite(threshold))
    throw new ValueError(`${name}: threshold is ${describe(threshold)}, expected a finite number`);
  return made([name, threshold], {
    name: `${name}${threshold}`,
    begin: (width, decides) => {
      checkDecides(name, decides);
      const counts = new Counts(width, true);
      return {
        add(batch) {
          const { rows, outputs, actual } = batch;
          for (let i = 0; i < rows * width; i++) {
            const row = Math.floor(i / width);
            const weight = weightOf(batch, row);
            if (weight === 0) continue;
            const isActual = decides === 'each' ? actual[i] === 1 : actual[row] === i % width;
            counts.count(i % width, isActual, (outputs[i] as number) >= threshold, weight);
          }
        },
        value: () => counts.value(of),
      };
    },
  });
}

/**
 * The precision where an output of at least `threshold` counts as a decision: one number for a single output, for each label, or for each class
 * of a softmax against all others; `precisionAt0.3` for 0.3. 0 without decisions. The mean is over all.
 *
 * @param threshold of the output, as `predict` gives it
 */
export function precisionAt<const T extends number>(threshold: T): Metric<`precisionAt${T}`, PerClass> {
  return atThreshold('precisionAt', threshold, precisionOf);
}

/** The recall where an output of at least `threshold` counts as a decision, as in `precisionAt`. 0 without rows of the class. */
export function recallAt<const T extends number>(threshold: T): Metric<`recallAt${T}`, PerClass> {
  return atThreshold('recallAt', threshold, recallOf);
}

/** F1 where an output of at least `threshold` counts as a decision, as in `precisionAt`. */
export function f1At<const T extends number>(threshold: T): Metric<`f1At${T}`, PerClass> {
  return atThreshold('f1At', threshold, f1Of);
}

/**
 * Precision, recall, F1 and support of each class or label, their means over the classes that occur, and their means by support. As
 * `classification_report` of scikit-learn, with 0 for 0/0. A row whose output is NaN is wrong.
 */
export const classificationReport: Metric<'classificationReport', ClassificationReport> = /* @__PURE__ */ made(['classificationReport'], {
  name: 'classificationReport',
  begin: (width, decides) => {
    checkDecides('classificationReport', decides);
    const counts = new Counts(width, decides === 'each' && width > 1);
    let right = 0;
    let all = 0;
    return {
      add(batch) {
        counts.add(batch);
        const { rows, decisions, actual, predicted } = batch;
        for (let i = 0; i < rows; i++) {
          const weight = weightOf(batch, i);
          if (weight === 0) continue;
          all += weight;
          let same = true;
          for (let j = i * decisions; j < (i + 1) * decisions; j++) if (actual[j] !== predicted[j]) same = false;
          if (same) right += weight;
        }
      },
      value() {
        const perClass = counts.all.map((count) => ({
          precision: precisionOf(count),
          recall: recallOf(count),
          f1: f1Of(count),
          support: count.actual,
        }));
        const support = total(perClass.map((one) => one.support));
        const mean = (of: readonly ClassReport[], weight: (one: ClassReport) => number): ClassReport => {
          const sum = total(of.map(weight));
          // Labels of which no row has any have no mean by support.
          const average = (field: 'precision' | 'recall' | 'f1') => sum && total(of.map((one) => weight(one) * one[field])) / sum;
          return { precision: average('precision'), recall: average('recall'), f1: average('f1'), support };
        };
        return {
          perClass,
          accuracy: right / all,
          macro: mean(counts.judged(perClass), () => 1),
          weighted: mean(perClass, (one) => one.support),
        };
      },
    };
  },
});
