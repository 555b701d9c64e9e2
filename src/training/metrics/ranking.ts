/** Metrics of how well scores rank the rows of a class before all others, whatever the threshold. */
import { made } from '../../arguments/recipe.js';
import { checkDecides, type Decides, type Metric, type MetricBatch, weightOf } from './metric.js';
import type { PerClass } from './perClass.js';

/** What lies at or above one threshold: the weight of the rows of the class, and of the others. */
interface Point {
  readonly positive: number;
  readonly negative: number;
}

/** The points of all thresholds, one for each distinct score, the highest first. */
function pointsOf(scores: readonly number[], positives: readonly boolean[], weights: readonly number[]): Point[] {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => {
    const [x, y] = [scores[a] as number, scores[b] as number];
    return x === y ? 0 : x < y ? 1 : -1;
  });
  const points: Point[] = [];
  let positive = 0;
  let negative = 0;
  order.forEach((i, at) => {
    if (positives[i]) positive += weights[i] as number;
    else negative += weights[i] as number;
    if (at === order.length - 1 || scores[i] !== scores[order[at + 1] as number]) points.push({ positive, negative });
  });
  return points;
}

/**
 * The score of class k: increasing with its probability. Of several classes its odds against the others, log(p / (1 − p)) = zₖ − log Σ exp(zⱼ),
 * j ≠ k, which differ where probabilities have rounded to 1.
 */
function scoreOf(logits: Float32Array, at: number, width: number, k: number, decides: Decides): number {
  const own = logits[at + k] as number;
  if (decides === 'each') return own;
  let most = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < width; j++) if (j !== k) most = Math.max(most, logits[at + j] as number);
  let sum = 0;
  for (let j = 0; j < width; j++) if (j !== k) sum += Math.exp((logits[at + j] as number) - most);
  return own - (most + Math.log(sum));
}

/** Computes `of` for the ranking of each class or label; of a single output, for its 1 alone. */
function ofRanking(name: string, width: number, decides: Decides, of: (points: readonly Point[], last: Point) => number) {
  checkDecides(name, decides);
  const weights: number[] = [];
  const columns = Array.from({ length: width }, () => ({ scores: [] as number[], positives: [] as boolean[] }));
  return {
    add(batch: MetricBatch) {
      const { rows, logits, actual } = batch;
      for (let i = 0; i < rows; i++) {
        const weight = weightOf(batch, i);
        if (weight === 0) continue;
        weights.push(weight);
        columns.forEach(({ scores, positives }, k) => {
          const isActual = decides === 'each' ? actual[i * width + k] === 1 : actual[i] === k;
          const score = scoreOf(logits, i * width, width, k, decides);
          // A NaN ranks where it does the most harm.
          scores.push(Number.isNaN(score) ? (isActual ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : score);
          positives.push(isActual);
        });
      }
    },
    value(): PerClass {
      const perClass = columns.map(({ scores, positives }) => {
        const points = pointsOf(scores, positives, weights);
        const last = points.at(-1);
        return last && last.positive > 0 && last.negative > 0 ? of(points, last) : Number.NaN;
      });
      const judged = perClass.filter((value) => !Number.isNaN(value));
      return { perClass, macro: judged.reduce((sum, value) => sum + value, 0) / judged.length };
    },
  };
}

/** Σ of `of` over neighbouring points, from the one where nothing is above the threshold. */
function sumOver(points: readonly Point[], of: (before: Point, after: Point) => number): number {
  let before: Point = { positive: 0, negative: 0 };
  let sum = 0;
  for (const after of points) {
    sum += of(before, after);
    before = after;
  }
  return sum;
}

/** The share of rows of the class among those above a threshold; 1 above all scores. */
function precisionAtPoint({ positive, negative }: Point): number {
  return positive + negative > 0 ? positive / (positive + negative) : 1;
}

/**
 * The area under the ROC curve: how likely a row of the class scores higher than one of another class, half of the ties counting (Hanley & McNeil
 * 1982). 0.5 is chance. One number for a single output and for each label, of its rows of 1; of several classes each against all others. NaN for
 * a class or label that has no rows, or all; `macro` is the mean over the others. Ranked by the logits; a row whose output is NaN ranks worst.
 * As `roc_auc_score` of scikit-learn, with `multi_class='ovr'`. Keeps the scores of all rows until the end.
 */
export const rocAuc: Metric<'rocAuc', PerClass> = /* @__PURE__ */ made(['rocAuc'], {
  name: 'rocAuc',
  begin: (width, decides) =>
    ofRanking('rocAuc', width, decides, (points, last) => {
      const area = sumOver(points, (a, b) => ((b.negative - a.negative) * (a.positive + b.positive)) / 2);
      return area / last.positive / last.negative;
    }),
});

/**
 * The area under the precision-recall curve by the trapezoidal rule, from the point (0, 1): as `auc` of `precision_recall_curve` in scikit-learn.
 * Between its points it is too high; `averagePrecision` is not. For which classes: see `rocAuc`.
 */
export const prAuc: Metric<'prAuc', PerClass> = /* @__PURE__ */ made(['prAuc'], {
  name: 'prAuc',
  begin: (width, decides) =>
    ofRanking('prAuc', width, decides, (points, last) => {
      const area = sumOver(points, (a, b) => ((b.positive - a.positive) * (precisionAtPoint(a) + precisionAtPoint(b))) / 2);
      return area / last.positive;
    }),
});

/**
 * Average precision, Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds, with recalls R and precisions P: as `average_precision_score` of scikit-learn.
 * The share of positive rows is chance. For which classes: see `rocAuc`.
 */
export const averagePrecision: Metric<'averagePrecision', PerClass> = /* @__PURE__ */ made(['averagePrecision'], {
  name: 'averagePrecision',
  begin: (width, decides) =>
    ofRanking('averagePrecision', width, decides, (points, last) => {
      const area = sumOver(points, (a, b) => (b.positive - a.positive) * precisionAtPoint(b));
      return area / last.positive;
    }),
});
