import type { Node } from '../graph/node.js';
import { add } from '../ops/add.js';
import { affine, neg } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { mul } from '../ops/mul.js';
import { sigmoid, sigmoidOp } from '../ops/sigmoid.js';
import { softplus } from '../ops/softplus.js';
import { gammaOption, modulation } from './gammaOption.js';
import { defineLoss, fromLogitsOption, type ReductionOptions, reductionOption, shareOption, type ValueLoss } from './loss.js';

/** Options of the focal losses. */
export interface FocalOptions extends ReductionOptions {
  /** γ ≥ 0, how much less rows count that are decided rightly already. Default 2. */
  readonly gamma?: number;
  /** α, the weight of 1; that of 0 is 1 − α. Default 0.25. */
  readonly alpha?: number;
  /** The output has no sigmoid, and the loss is of the logits it gives. Default false. */
  readonly fromLogits?: boolean;
}

/** Of each element: the cross-entropy of the logit, times α or 1 − α, times (1 − p)^γ, p the probability of what the target is. */
function elements(z: Node, t: Node, { gamma, alpha }: Required<FocalOptions>): Node {
  const other = affine(t, -1, 1);
  // Each from its own side: log(1 + e^z) − t·z and 1 − σ(z) would lose their digits.
  const crossEntropy = add(mul(softplus(z), other), mul(softplus(neg(z)), t));
  const missing = add(mul(sigmoid(z), other), mul(sigmoid(neg(z)), t));
  return mul(mul(crossEntropy, affine(t, 2 * alpha - 1, 1 - alpha)), modulation(missing, gamma));
}

/**
 * Focal loss, −α_t (1 − p_t)^γ log p_t of each output by itself (Lin et al. 2017, equation 5; torchvision's sigmoid_focal_loss), for an output with
 * sigmoid: rows that are decided rightly count little. Targets: as wide as the output, in [0, 1]. The mean divides by rows × outputs. For one class of
 * several there is `categoricalFocal`.
 */
export const focal: (options?: FocalOptions) => ValueLoss = /* @__PURE__ */ defineLoss<FocalOptions>({
  name: 'focal',
  options: { gamma: gammaOption, alpha: /* @__PURE__ */ shareOption(0.25), reduction: reductionOption, fromLogits: fromLogitsOption },
  targets: 'unit',
  meanOver: 'elements',
  head: sigmoidOp,
  decides: 'each',
  rows: (z, t, options) => sumFeatures(elements(z, t, options)),
});
