import { abs } from '../ops/abs.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { sub } from '../ops/sub.js';
import { defineLoss, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Mean absolute error, Σ |u − t| / (rows × outputs). Targets: as wide as the output. */
export const meanAbsoluteError: (options?: ReductionOptions) => ValueLoss = /* @__PURE__ */ defineLoss<ReductionOptions>({
  name: 'meanAbsoluteError',
  options: { reduction: reductionOption },
  targets: 'reach',
  meanOver: 'elements',
  rows: (u, t) => sumFeatures(abs(sub(u, t))),
});
