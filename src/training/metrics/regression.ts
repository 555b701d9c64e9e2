/** Metrics of values: the distance of outputs and targets. */
import { made } from '../../arguments/recipe.js';
import { ValueError } from '../../errors.js';
import { type Metric, type MetricBatch, total, weightOf } from './metric.js';

/** A metric that sums over each output and target by weight, column by column. `value` gets the weight of all. */
function summing<Value>(
  name: string,
  width: number,
  add: (column: number, u: number, t: number, weight: number) => void,
  value: (all: number) => Value,
) {
  let all = 0;
  return {
    add(batch: MetricBatch) {
      const { rows, outputs, targets } = batch;
      if (!targets) throw new ValueError(`${name}: the targets are class ids, expected values`);
      for (let i = 0; i < rows; i++) {
        const weight = weightOf(batch, i);
        if (weight === 0) continue;
        for (let j = 0; j < width; j++) add(j, outputs[i * width + j] as number, targets[i * width + j] as number, weight);
        all += weight * width;
      }
    },
    value: () => value(all),
  };
}

/** A mean over rows × outputs. */
function meanOf(name: string, width: number, of: (u: number, t: number) => number, value = (mean: number) => mean) {
  let sum = 0;
  const add = (_: number, u: number, t: number, weight: number) => {
    sum += weight * of(u, t);
  };
  return summing(name, width, add, (all) => value(sum / all));
}

/** Mean absolute error, Σ |u − t| / (rows × outputs). */
export const mae: Metric<'mae', number> = /* @__PURE__ */ made(['mae'], {
  name: 'mae',
  mode: 'min',
  begin: (width) => meanOf('mae', width, (u, t) => Math.abs(u - t)),
});

/** Root of the mean squared error, √(Σ (u − t)² / (rows × outputs)). */
export const rmse: Metric<'rmse', number> = /* @__PURE__ */ made(['rmse'], {
  name: 'rmse',
  mode: 'min',
  begin: (width) => meanOf('rmse', width, (u, t) => (u - t) * (u - t), Math.sqrt),
});

/**
 * Mean absolute percentage error, Σ |u − t| / max(|t|, ε) / (rows × outputs): a share, 0.1 for ten percent. ε = 2⁻⁵², so that a target of 0 gives a
 * very large number. As `mean_absolute_percentage_error` of scikit-learn.
 */
export const mape: Metric<'mape', number> = /* @__PURE__ */ made(['mape'], {
  name: 'mape',
  mode: 'min',
  begin: (width) => meanOf('mape', width, (u, t) => Math.abs(u - t) / Math.max(Math.abs(t), Number.EPSILON)),
});

/**
 * The coefficient of determination, R² = 1 − Σ (u − t)² / Σ (t − mean t)², averaged over the outputs: 1 is perfect, 0 no better than the mean.
 * Not finite where the targets of an output are all the same.
 */
export const r2: Metric<'r2', number> = /* @__PURE__ */ made(['r2'], {
  name: 'r2',
  begin: (width) => {
    const columns = Array.from({ length: width }, () => ({ all: 0, mean: 0, spread: 0, error: 0 }));
    return summing(
      'r2',
      width,
      (j, u, t, weight) => {
        const column = columns[j] as (typeof columns)[0];
        // Welford's update, by weight (West 1979): exact where the mean is large and the spread is small.
        const d = t - column.mean;
        column.all += weight;
        column.mean += (d * weight) / column.all;
        column.spread += weight * d * (t - column.mean);
        column.error += weight * (u - t) * (u - t);
      },
      () => total(columns.map(({ error, spread }) => 1 - error / spread)) / width,
    );
  },
});
