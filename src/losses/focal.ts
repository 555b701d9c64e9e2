import type { Node } from '../graph/node.js';
import { add } from '../ops/add.js';
import { affine } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { mul } from '../ops/mul.js';
import { pow } from '../ops/pow.js';
import { sigmoid, sigmoidOp } from '../ops/sigmoid.js';
import { softplus } from '../ops/softplus.js';
import { sub } from '../ops/sub.js';
import { gammaOption } from './gammaOption.js';
import { defineLoss, fromLogitsOption, type ReductionOptions, reductionOption, shareOption, type ValueLoss } from './loss.js';

/** Options of the focal losses. */
export interface FocalOptions extends ReductionOptions {
  /** γ, how much less rows count that are decided rightly already. 0 or a number ≥ 1: between, the slope is infinite. Default 2. */
  readonly gamma?: number;
  /** α, the weight of 1; that of 0 is 1 − α. Default 0.25. */
  readonly alpha?: number;
  /** The output has no sigmoid, and the loss is of the logits it gives. Default false. */
  readonly fromLogits?: boolean;
}

/** Of each element: the cross-entropy of the logit, times α or 1 − α, times (1 − p)^γ, p the probability of what the target is. */
function elements(z: Node, t: Node, { gamma, alpha }: Required<FocalOptions>): Node {
  const crossEntropy = sub(softplus(z), mul(t, z));
  const weight = affine(t, 2 * alpha - 1, 1 - alpha);
  // 1 − p = σ(z)·(1 − t) + σ(−z)·t, each from its own side: 1 − σ(z) would lose its digits.
  const missing = add(mul(sigmoid(z), affine(t, -1, 1)), mul(sigmoid(affine(z, -1, 0)), t));
  return mul(mul(crossEntropy, weight), pow(missing, gamma));
}

/**
 * Focal loss, −α_t (1 − p_t)^γ log p_t of each output by itself (Lin et al. 2017, equation 5), for an output with sigmoid: rows that are decided
 * rightly count little. Targets: as wide as the output, in [0, 1]. The mean divides by rows × outputs. For one class of several there is
 * `categoricalFocal`.
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
