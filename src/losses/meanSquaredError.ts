import { squaredError as squaredErrorRows } from '../ops/squaredError.js';
import { defineLoss, type ValueLoss } from './loss.js';

/** It has none. */
type NoOptions = Readonly<Record<never, never>>;

/** Mean squared error, Σ (u − t)² / (rows × outputs). Targets: as wide as the output. */
export const meanSquaredError: (options?: NoOptions) => ValueLoss = /* @__PURE__ */ defineLoss<NoOptions>({
  name: 'meanSquaredError',
  options: {},
  targets: 'reach',
  meanOver: 'elements',
  rows: squaredErrorRows,
});
