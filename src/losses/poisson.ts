import { affine } from '../ops/affine.js';
import { exp } from '../ops/exp.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { log } from '../ops/log.js';
import { mul } from '../ops/mul.js';
import { sub } from '../ops/sub.js';
import { defineLoss, flagOption, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Options of `poisson`. */
export interface PoissonOptions extends ReductionOptions {
  /** Whether the output is the logarithm of the rate; else it is the rate itself, which is positive. Default true. */
  readonly logInput?: boolean;
}

/** What a rate is raised by, so that its logarithm is finite. */
const LEAST_RATE = 1e-8;

/**
 * Negative log-likelihood of counts under a Poisson distribution, without the term that has no output in it: e^u − t·u, or with `logInput: false`
 * u − t·log(u + 10⁻⁸) (PyTorch's PoissonNLLLoss). The mean divides by rows × outputs. Targets: counts, as wide as the output.
 */
export const poisson: (options?: PoissonOptions) => ValueLoss = /* @__PURE__ */ defineLoss<PoissonOptions>({
  name: 'poisson',
  options: { logInput: /* @__PURE__ */ flagOption(true), reduction: reductionOption },
  targets: 'values',
  meanOver: 'elements',
  rows(u, t, { logInput }) {
    const [rate, logarithm] = logInput ? [exp(u), u] : [u, log(affine(u, 1, LEAST_RATE))];
    return sumFeatures(sub(rate, mul(t, logarithm)));
  },
});
