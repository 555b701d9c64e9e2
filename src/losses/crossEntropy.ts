import type { Targets } from '../arguments/values.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { neg } from '../ops/affine.js';
import { crossEntropy as crossEntropyRows } from '../ops/crossEntropy.js';
import { softmaxOp } from '../ops/softmax.js';
import { type ClassLoss, defineLoss, fromLogitsOption, type Reduction, reductionOption } from './loss.js';
import { shareOf } from './shareOf.js';

/** Options of the losses on logits. */
export interface CrossEntropyOptions {
  /** Default `'mean'`. */
  readonly reduction?: Reduction;
  /** The output has no softmax or sigmoid, and the loss is of the logits it gives. Default false. */
  readonly fromLogits?: boolean;
}

/**
 * Categorical cross-entropy, −Σ_k t_k log softmax(z)_k = log Σ_l e^{z_l} − Σ_k t_k z_k (notes 18), for an output with softmax.
 * Targets: class ids 0 … K−1, or rows of K probabilities. The mean divides by the rows.
 */
export const crossEntropy: (options?: CrossEntropyOptions) => ClassLoss = /* @__PURE__ */ defineLoss<CrossEntropyOptions, Targets>({
  name: 'crossEntropy',
  options: { reduction: reductionOption, fromLogits: fromLogitsOption },
  targets: 'classes',
  meanOver: 'rows',
  head: softmaxOp,
  decides: 'largest',
  rows: crossEntropyRows,
  // −t/u.
  outputGradient: (u, t) => neg(shareOf(t, u)),
  check(output: Node) {
    if (features(output.shape) >= 2) return;
    throw new ValueError(
      `crossEntropy: the output has 1 feature, expected one for each of at least 2 classes; for one probability use 'sigmoid' with binaryCrossEntropy()`,
    );
  },
});
