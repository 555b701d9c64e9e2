import { add } from '../ops/add.js';
import { affine } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { softplus } from '../ops/softplus.js';
import { sub } from '../ops/sub.js';
import { defineLoss, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/**
 * log cosh d of the error d = u − t, about ½d² for small errors and |d| − log 2 for large ones (Keras' LogCosh): d + log(1 + e^{−2d}) − log 2, which
 * does not overflow. Below |d| ≈ 10⁻³ the rounding of log 2 is more than the loss. The mean divides by rows × outputs. Targets: as wide as the output.
 */
export const logCosh: (options?: ReductionOptions) => ValueLoss = /* @__PURE__ */ defineLoss<ReductionOptions>({
  name: 'logCosh',
  options: { reduction: reductionOption },
  targets: 'values',
  meanOver: 'elements',
  rows(u, t) {
    const d = sub(u, t);
    return sumFeatures(add(d, affine(softplus(affine(d, -2, 0)), 1, -Math.LN2)));
  },
});
