import { describe, isList } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import { features } from '../graph/shape.js';
import { add } from '../ops/add.js';
import { affine } from '../ops/affine.js';
import { slice } from '../ops/columns.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { maximum } from '../ops/maximum.js';
import { sub } from '../ops/sub.js';
import { defineLoss, type LossOption, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Options of `quantile`. */
export interface QuantileOptions extends ReductionOptions {
  /** τ, the share of targets that is to lie below the output; of several quantiles, a list of them. Default 0.5, the median. */
  readonly tau?: number | readonly number[];
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && Math.fround(value) > 0 && Math.fround(value) < 1;
}

const tauOption: LossOption<number | readonly number[]> = {
  usual: 0.5,
  accepts: (value) => (isList(value) ? value.length > 0 && value.every(isShare) : isShare(value)),
  expected: 'a number between 0 and 1, or a list of such',
};

/** The quantiles, in the order of the output. */
function sharesOf({ tau }: Required<QuantileOptions>): readonly number[] {
  return typeof tau === 'number' ? [tau] : tau;
}

/**
 * Quantile (pinball) loss, max(τ·d, (τ − 1)·d) with d = t − u, whose least is the τ-quantile (Koenker & Bassett 1978). For Q quantiles of K targets the
 * output has Q·K features: the first quantile of each target, then the second of each, and so on. Targets: K wide. The mean divides by rows × outputs.
 */
export const quantile: (options?: QuantileOptions) => ValueLoss = /* @__PURE__ */ defineLoss<QuantileOptions>({
  name: 'quantile',
  options: { tau: tauOption, reduction: reductionOption },
  targets: 'values',
  targetFeatures: (outputs, options) => outputs / sharesOf(options).length,
  meanOver: 'elements',
  rows(u, t, options) {
    const k = features(t.shape);
    const terms = sharesOf(options).map((tau, i, { length }) => {
      const d = sub(t, length === 1 ? u : slice(u, i * k, (i + 1) * k));
      return maximum(affine(d, tau, 0), affine(d, tau - 1, 0));
    });
    return sumFeatures(terms.reduce(add));
  },
  check(output, options) {
    const [width, { length }] = [features(output.shape), sharesOf(options)];
    if (width % length === 0) return;
    throw new ValueError(`quantile: the output has ${width} features, expected a multiple of ${length}, the quantiles in ${describe(options.tau)}`);
  },
});
