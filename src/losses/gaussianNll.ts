import { ValueError } from '../errors.js';
import { features } from '../graph/shape.js';
import { add } from '../ops/add.js';
import { affine } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { slice } from '../ops/columns.js';
import { div } from '../ops/div.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { log } from '../ops/log.js';
import { square } from '../ops/square.js';
import { sub } from '../ops/sub.js';
import { defineLoss, factorOption, flagOption, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Options of `gaussianNll`. */
export interface GaussianNllOptions extends ReductionOptions {
  /** Whether ½ log 2π is added, which has no output in it. Default false. */
  readonly full?: boolean;
  /** The least variance; an output below it counts as this, and has no slope there. Default 1e-6. */
  readonly epsilon?: number;
}

/** The largest float32. */
const MOST = 3.4028234663852886e38;

/**
 * Negative log-likelihood of normally distributed targets, ½(log v + (m − t)²/v) (PyTorch's GaussianNLLLoss). The output has 2K features: the means m
 * of K targets, then their variances v, which are positive, as in `concat(mean, softplus(variance))`. Targets: K wide. The mean divides by rows × K.
 */
export const gaussianNll: (options?: GaussianNllOptions) => ValueLoss = /* @__PURE__ */ defineLoss<GaussianNllOptions>({
  name: 'gaussianNll',
  options: { full: /* @__PURE__ */ flagOption(false), epsilon: /* @__PURE__ */ factorOption(1e-6), reduction: reductionOption },
  targets: 'values',
  targetFeatures: (outputs) => outputs / 2,
  meanOver: 'targets',
  rows(u, t, { full, epsilon }) {
    const k = features(t.shape);
    const [mean, variance] = [slice(u, 0, k), clip(slice(u, k, 2 * k), epsilon, MOST)];
    const twice = add(log(variance), div(square(sub(mean, t)), variance));
    return sumFeatures(affine(twice, 0.5, full ? 0.5 * Math.log(2 * Math.PI) : 0));
  },
  check(output) {
    if (features(output.shape) % 2 === 0) return;
    throw new ValueError(`gaussianNll: the output has ${features(output.shape)} features, expected an even number: the means, then their variances`);
  },
});
