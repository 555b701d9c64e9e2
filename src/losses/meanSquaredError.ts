import { squaredError as squaredErrorRows } from '../ops/squaredError.js';
import { defineLoss, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Mean squared error, Σ (u − t)² / (rows × outputs). Targets: as wide as the output. */
export const meanSquaredError: (options?: ReductionOptions) => ValueLoss = /* @__PURE__ */ defineLoss<ReductionOptions>({
  name: 'meanSquaredError',
  options: { reduction: reductionOption },
  targets: 'reach',
  meanOver: 'elements',
  rows: squaredErrorRows,
});
