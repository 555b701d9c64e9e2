import type { Node } from '../graph/node.js';
import { add } from '../ops/add.js';
import { affine } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { exp } from '../ops/exp.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { heaviside } from '../ops/heaviside.js';
import { log } from '../ops/log.js';
import { mul } from '../ops/mul.js';
import { sub } from '../ops/sub.js';
import { defineLoss, factorOption, flagOption, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Options of `poisson`. */
export interface PoissonOptions extends ReductionOptions {
  /** Whether the output is the logarithm of the rate; else it is the rate itself, which is positive. Default true. */
  readonly logInput?: boolean;
  /** Whether log t! is added, which has no output in it, by Stirling's formula. Default false. */
  readonly full?: boolean;
  /** What a rate is raised by, so that its logarithm is finite. Default 1e-8. */
  readonly epsilon?: number;
}

/** The largest float32. */
const MOST = 3.4028234663852886e38;

/** t·log t − t + ½·log(2πt) above 1, else 0. */
function logFactorial(t: Node): Node {
  const count = clip(t, 1, MOST);
  const stirling = sub(mul(log(count), affine(count, 1, 0.5)), affine(count, 1, -0.5 * Math.log(2 * Math.PI)));
  return mul(stirling, heaviside(affine(t, 1, -1), 0));
}

/**
 * Negative log-likelihood of counts under a Poisson distribution, e^u − t·u, or with `logInput: false` u − t·log(u + ε) (PyTorch's PoissonNLLLoss). The
 * mean divides by rows × outputs. Targets: counts, as wide as the output.
 */
export const poisson: (options?: PoissonOptions) => ValueLoss = /* @__PURE__ */ defineLoss<PoissonOptions>({
  name: 'poisson',
  options: {
    logInput: /* @__PURE__ */ flagOption(true),
    full: /* @__PURE__ */ flagOption(false),
    epsilon: /* @__PURE__ */ factorOption(1e-8),
    reduction: reductionOption,
  },
  targets: 'values',
  meanOver: 'elements',
  rows(u, t, { logInput, full, epsilon }) {
    const [rate, logarithm] = logInput ? [exp(u), u] : [u, log(affine(u, 1, epsilon))];
    const terms = sub(rate, mul(t, logarithm));
    return sumFeatures(full ? add(terms, logFactorial(t)) : terms);
  },
});
