import { affine } from '../ops/affine.js';
import { binaryCrossEntropy as binaryCrossEntropyRows } from '../ops/binaryCrossEntropy.js';
import { mul } from '../ops/mul.js';
import { sigmoidOp } from '../ops/sigmoid.js';
import { softplus } from '../ops/softplus.js';
import { sub } from '../ops/sub.js';
import type { CrossEntropyOptions } from './crossEntropy.js';
import { defineLoss, fromLogitsOption, reductionOption, type ValueLoss } from './loss.js';
import { shareOf } from './shareOf.js';

/**
 * Binary cross-entropy, −[t log a + (1 − t) log(1 − a)] = log(1 + e^z) − t·z (notes 17), for an output with sigmoid.
 * Targets: as wide as the output, in [0, 1]. The mean divides by rows × outputs.
 */
export const binaryCrossEntropy: (options?: CrossEntropyOptions) => ValueLoss = /* @__PURE__ */ defineLoss<CrossEntropyOptions>({
  name: 'binaryCrossEntropy',
  options: { reduction: reductionOption, fromLogits: fromLogitsOption },
  targets: 'unit',
  meanOver: 'elements',
  head: sigmoidOp,
  decides: 'each',
  rows: binaryCrossEntropyRows,
  elements: (z, t) => sub(softplus(z), mul(t, z)),
  // (1 − t)/(1 − u) − t/u (notes 39).
  outputGradient: (u, t) => sub(shareOf(affine(t, -1, 1), affine(u, -1, 1)), shareOf(t, u)),
});
