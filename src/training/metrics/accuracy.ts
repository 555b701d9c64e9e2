import { describe } from '../../arguments/describe.js';
import { made } from '../../arguments/recipe.js';
import { ValueError } from '../../errors.js';
import { checkDecides, type Metric, type MetricBatch, weightOf } from './metric.js';

/** The share of the rows that `isRight`, by their weights. */
function shareOf(isRight: (batch: MetricBatch, i: number) => boolean) {
  let right = 0;
  let all = 0;
  return {
    add(batch: MetricBatch) {
      for (let i = 0; i < batch.rows; i++) {
        const weight = weightOf(batch, i);
        if (weight === 0) continue;
        all += weight;
        if (isRight(batch, i)) right += weight;
      }
    },
    value: () => right / all,
  };
}

/** The share of correct rows; for several labels, correct in all of them (subset accuracy). A row whose output is NaN is wrong. */
export const accuracy: Metric<'accuracy', number> = /* @__PURE__ */ made(['accuracy'], {
  name: 'accuracy',
  begin: (_, decides) => {
    checkDecides('accuracy', decides);
    return shareOf(({ decisions, actual, predicted }, i) => {
      for (let j = i * decisions; j < (i + 1) * decisions; j++) if (actual[j] !== predicted[j]) return false;
      return true;
    });
  },
});

/** The share of rows whose class is among the k of the largest logits; `top5` for k = 5. On ties the lower class comes first, as in `classify`. */
export function topK<const K extends number>(k: K): Metric<`top${K}`, number> {
  if (!(Number.isInteger(k) && k > 0)) throw new ValueError(`topK: k is ${describe(k)}, expected a whole number > 0`);
  return made(['topK', k], {
    name: `top${k}`,
    begin: (width, decides) => {
      if (width < 2) throw new ValueError(`topK: the output has ${width} feature, expected one for each class`);
      checkDecides('topK', decides);
      if (decides === 'each') throw new ValueError(`topK: the output has ${width} independent labels, expected classes`);
      return shareOf(({ logits, actual }, i) => {
        const own = actual[i] as number;
        const z = logits[i * width + own] as number;
        let before = 0;
        for (let j = 0; j < width; j++) {
          const other = logits[i * width + j] as number;
          // Written so that a NaN logit, of the own class or of another, never helps.
          if (j !== own && !(z > other || (z === other && own < j))) before++;
        }
        return before < k;
      });
    },
  });
}
