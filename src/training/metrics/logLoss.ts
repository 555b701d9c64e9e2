import { made } from '../../arguments/recipe.js';
import { checkClasses, type Metric, weightOf } from './metric.js';

/**
 * The mean over the rows of −log p, with the probability p of the row's class (natural logarithm). p is the softmax of the logits, of a single
 * output their sigmoid; it is never rounded to 0, so that nothing is clipped. Targets that are probabilities count as their class. NaN where an
 * output is. As `log_loss` of scikit-learn. Not for several labels.
 */
export const logLoss: Metric<'logLoss', number> = /* @__PURE__ */ made(['logLoss'], {
  name: 'logLoss',
  mode: 'min',
  begin: (width, decides) => {
    checkClasses('logLoss', width, decides);
    let sum = 0;
    let all = 0;
    return {
      add(batch) {
        const { rows, logits, actual } = batch;
        for (let i = 0; i < rows; i++) {
          const weight = weightOf(batch, i);
          if (weight === 0) continue;
          const own = actual[i] as number;
          all += weight;
          if (width === 1) {
            // log(1 + exp(s)) without overflow, s = −z for class 1 and z for class 0.
            const z = logits[i] as number;
            const s = own === 1 ? -z : z;
            sum += weight * (Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s))));
            continue;
          }
          // log Σ exp(z − z_max) + z_max − z, of the own class.
          const row = logits.subarray(i * width, (i + 1) * width);
          const most = row.reduce((a, b) => Math.max(a, b));
          const exponentials = row.reduce((to, z) => to + Math.exp(z - most), 0);
          sum += weight * (Math.log(exponentials) + (most - (row[own] as number)));
        }
      },
      value: () => sum / all,
    };
  },
});
