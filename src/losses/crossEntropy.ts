import type { Targets } from '../arguments/values.js';
import type { Node } from '../graph/node.js';
import { features, vector } from '../graph/shape.js';
import { affine, neg } from '../ops/affine.js';
import { crossEntropy as crossEntropyRows } from '../ops/crossEntropy.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { Constant } from '../ops/leaves.js';
import { logSoftmax } from '../ops/logSoftmax.js';
import { mul } from '../ops/mul.js';
import { oneHot } from '../ops/oneHot.js';
import { softmaxOp } from '../ops/softmax.js';
import { checkClasses } from './classes.js';
import {
  type ClassLoss,
  classWeightsOption,
  defineLoss,
  flagOption,
  fromLogitsOption,
  type ReductionOptions,
  reductionOption,
  shareOption,
} from './loss.js';
import { shareOf } from './shareOf.js';

/** Options of the losses on logits. */
export interface CrossEntropyOptions extends ReductionOptions {
  /** The output has no softmax or sigmoid, and the loss is of the logits it gives. Default false. */
  readonly fromLogits?: boolean;
  /** The share s of each target that is spread evenly over what it could be: t becomes (1 − s)·t + s/K, of a sigmoid (1 − s)·t + s/2. Default 0. */
  readonly labelSmoothing?: number;
  /** What the loss of each class is multiplied by; of a sigmoid, that of 0 and that of 1. A mean divides by the rows all the same. Default none. */
  readonly classWeights?: readonly number[];
  /**
   * Whether targets are probabilities. Without it they are any finite numbers that log-probabilities are multiplied by, such as the advantages of a
   * policy gradient. Default true.
   */
  readonly probabilities?: boolean;
}

/** The weights of a loss as a node: one, since a network places the constants of its losses and `outputGradient` reads the same. */
const constants = /* @__PURE__ */ new WeakMap<readonly number[], Node>();

function constantOf(classWeights: readonly number[]): Node {
  const node = constants.get(classWeights) ?? new Constant(vector(classWeights.length), Float32Array.from(classWeights));
  constants.set(classWeights, node);
  return node;
}

/** Rows of values as they count: smoothed, each class by its weight. */
function weighted(t: Node, { labelSmoothing, classWeights }: Required<CrossEntropyOptions>): Node {
  const smooth = labelSmoothing === 0 ? t : affine(t, 1 - labelSmoothing, labelSmoothing / features(t.shape));
  return classWeights.length === 0 ? smooth : mul(smooth, constantOf(classWeights));
}

/**
 * Categorical cross-entropy, −Σ_k t_k log softmax(z)_k = log Σ_l e^{z_l} − Σ_k t_k z_k (notes 18), for an output with softmax.
 * Targets: class ids 0 … K−1, or rows of K probabilities. The mean divides by the rows.
 */
export const crossEntropy: (options?: CrossEntropyOptions) => ClassLoss = /* @__PURE__ */ defineLoss<CrossEntropyOptions, Targets>({
  name: 'crossEntropy',
  options: {
    reduction: reductionOption,
    fromLogits: fromLogitsOption,
    labelSmoothing: /* @__PURE__ */ shareOption(0),
    classWeights: classWeightsOption,
    probabilities: /* @__PURE__ */ flagOption(true),
  },
  targets: ({ probabilities }) => (probabilities ? 'classes' : 'scores'),
  meanOver: 'rows',
  head: softmaxOp,
  decides: 'largest',
  rows(z, t, options) {
    const { labelSmoothing, classWeights, probabilities } = options;
    if (labelSmoothing === 0 && classWeights.length === 0 && (probabilities || t.attributes.classes)) return crossEntropyRows(z, t);
    const values = t.attributes.classes ? oneHot(t, features(z.shape)) : t;
    return neg(sumFeatures(mul(weighted(values, options), logSoftmax(z))));
  },
  // −t/u.
  outputGradient: (u, t, options) => neg(shareOf(weighted(t, options), u)),
  check: (output, { classWeights }) => checkClasses('crossEntropy', output, classWeights),
});
