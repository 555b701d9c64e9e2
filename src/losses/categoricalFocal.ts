import type { Targets } from '../arguments/values.js';
import { features } from '../graph/shape.js';
import { affine } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { logSoftmax } from '../ops/logSoftmax.js';
import { mul } from '../ops/mul.js';
import { oneHot } from '../ops/oneHot.js';
import { softmax, softmaxOp } from '../ops/softmax.js';
import { checkClasses } from './classes.js';
import type { FocalOptions } from './focal.js';
import { gammaOption, modulation } from './gammaOption.js';
import { type ClassLoss, defineLoss, fromLogitsOption, reductionOption, shareOption } from './loss.js';

/**
 * Focal loss for one class of several, −α Σ_k t_k (1 − p_k)^γ log p_k with p = softmax(z), as Keras' CategoricalFocalCrossentropy: rows that are decided
 * rightly count little. For an output with softmax. Targets: class ids 0 … K−1, or rows of K probabilities. The mean divides by the rows.
 */
export const categoricalFocal: (options?: FocalOptions) => ClassLoss = /* @__PURE__ */ defineLoss<FocalOptions, Targets>({
  name: 'categoricalFocal',
  options: { gamma: gammaOption, alpha: /* @__PURE__ */ shareOption(0.25), reduction: reductionOption, fromLogits: fromLogitsOption },
  targets: 'classes',
  meanOver: 'rows',
  head: softmaxOp,
  decides: 'largest',
  rows(z, target, { gamma, alpha }) {
    const t = target.attributes.classes ? oneHot(target, features(z.shape)) : target;
    const missing = affine(softmax(z), -1, 1);
    return sumFeatures(mul(mul(affine(t, -alpha, 0), modulation(missing, gamma)), logSoftmax(z)));
  },
  check: (output) => checkClasses('categoricalFocal', output),
});
