import { affine } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { maximum } from '../ops/maximum.js';
import { sub } from '../ops/sub.js';
import { defineLoss, type LossOption, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Options of `quantile`. */
export interface QuantileOptions extends ReductionOptions {
  /** τ, the share of targets that is to lie below the output. Default 0.5, the median. */
  readonly tau?: number;
}

const tauOption: LossOption<number> = {
  usual: 0.5,
  accepts: (value) => typeof value === 'number' && value > 0 && value < 1,
  expected: 'a number between 0 and 1',
};

/**
 * Quantile (pinball) loss, max(τ·d, (τ − 1)·d) with d = t − u, whose least is the τ-quantile (Koenker & Bassett 1978). For several quantiles a network has
 * an output for each, with a loss of its own. The mean divides by rows × outputs. Targets: as wide as the output.
 */
export const quantile: (options?: QuantileOptions) => ValueLoss = /* @__PURE__ */ defineLoss<QuantileOptions>({
  name: 'quantile',
  options: { tau: tauOption, reduction: reductionOption },
  targets: 'values',
  meanOver: 'elements',
  rows(u, t, { tau }) {
    const d = sub(t, u);
    return sumFeatures(maximum(affine(d, tau, 0), affine(d, tau - 1, 0)));
  },
});
