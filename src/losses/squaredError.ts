import { squaredError as squaredErrorRows } from '../ops/squaredError.js';
import { defineLoss, factorOption, type ValueLoss } from './loss.js';

/** Options of `squaredError`. */
export interface SquaredErrorOptions {
  /** A factor on the loss. Default 1. */
  readonly scale?: number;
}

/** scale · Σ (u − t)² over outputs and batch (notes 20; with scale ½, notes 38). Targets: as wide as the output. */
export const squaredError: (options?: SquaredErrorOptions) => ValueLoss = /* @__PURE__ */ defineLoss<SquaredErrorOptions>({
  name: 'squaredError',
  options: { scale: /* @__PURE__ */ factorOption(1) },
  fixed: { reduction: 'sum' },
  targets: 'reach',
  meanOver: 'elements',
  rows: squaredErrorRows,
});
