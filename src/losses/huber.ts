import { affine } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { mul } from '../ops/mul.js';
import { sub } from '../ops/sub.js';
import { defineLoss, factorOption, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Options of `huber`. */
export interface HuberOptions extends ReductionOptions {
  /** δ, the error up to which the loss is a square. Default 1. */
  readonly delta?: number;
}

/**
 * ½d² where |d| ≤ δ, else δ·(|d| − ½δ), d = u − t (Huber 1964): a square for small errors, whose slope large ones do not exceed. With d clipped to
 * [−δ, δ] as q that is q·(d − ½q), which has its second derivative at 0 too. The mean divides by rows × outputs. Targets: as wide as the output.
 */
export const huber: (options?: HuberOptions) => ValueLoss = /* @__PURE__ */ defineLoss<HuberOptions>({
  name: 'huber',
  options: { delta: /* @__PURE__ */ factorOption(1), reduction: reductionOption },
  targets: 'values',
  meanOver: 'elements',
  rows(u, t, { delta }) {
    const d = sub(u, t);
    const q = clip(d, -delta, delta);
    return sumFeatures(mul(q, sub(d, affine(q, 0.5, 0))));
  },
});
