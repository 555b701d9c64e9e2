import { ValueError } from '../errors.js';
import { affine } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { mul } from '../ops/mul.js';
import { relu } from '../ops/relu.js';
import { rangeOf } from './decisions.js';
import { defineLoss, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/**
 * Hinge loss, max(0, 1 − s·u) of each output by itself, s = 2t − 1 (Keras' Hinge): for an output whose sign decides.
 * Targets: labels 0 and 1, as wide as the output. The mean divides by rows × outputs.
 */
export const hinge: (options?: ReductionOptions) => ValueLoss = /* @__PURE__ */ defineLoss<ReductionOptions>({
  name: 'hinge',
  options: { reduction: reductionOption },
  targets: 'unit',
  meanOver: 'elements',
  decides: 'each',
  rows: (u, t) => sumFeatures(relu(affine(mul(affine(t, 2, -1), u), -1, 1))),
  check(output) {
    if (rangeOf(output)[0] < 0) return;
    throw new ValueError(
      `hinge: the output ${output} is never negative, expected one whose sign decides, such as one without activation or with 'tanh'`,
    );
  },
});
