import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { add } from '../ops/add.js';
import { affine, neg } from '../ops/affine.js';
import { binaryCrossEntropy as binaryCrossEntropyRows } from '../ops/binaryCrossEntropy.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { mul } from '../ops/mul.js';
import { sigmoidOp } from '../ops/sigmoid.js';
import { softplus } from '../ops/softplus.js';
import { sub } from '../ops/sub.js';
import type { CrossEntropyOptions } from './crossEntropy.js';
import { classWeightsOption, defineLoss, flagOption, fromLogitsOption, reductionOption, shareOption, type ValueLoss } from './loss.js';
import { shareOf } from './shareOf.js';

function smoothed(t: Node, { labelSmoothing }: Required<CrossEntropyOptions>): Node {
  return labelSmoothing === 0 ? t : affine(t, 1 - labelSmoothing, labelSmoothing / 2);
}

/** w₁·t·log(1 + e^−z) + w₀·(1 − t)·log(1 + e^z) of each element: each from its own side, so that nothing cancels. */
function elements(z: Node, target: Node, options: Required<CrossEntropyOptions>): Node {
  const t = smoothed(target, options);
  const [w0 = 1, w1 = 1] = options.classWeights;
  return add(mul(affine(t, w1, 0), softplus(neg(z))), mul(affine(t, -w0, w0), softplus(z)));
}

/**
 * Binary cross-entropy, −[t log a + (1 − t) log(1 − a)] = log(1 + e^z) − t·z (notes 17), for an output with sigmoid.
 * Targets: as wide as the output, in [0, 1]. The mean divides by rows × outputs.
 */
export const binaryCrossEntropy: (options?: CrossEntropyOptions) => ValueLoss = /* @__PURE__ */ defineLoss<CrossEntropyOptions>({
  name: 'binaryCrossEntropy',
  options: {
    reduction: reductionOption,
    fromLogits: fromLogitsOption,
    labelSmoothing: /* @__PURE__ */ shareOption(0),
    classWeights: classWeightsOption,
    probabilities: /* @__PURE__ */ flagOption(true),
  },
  targets: ({ probabilities }) => (probabilities ? 'unit' : 'values'),
  meanOver: 'elements',
  head: sigmoidOp,
  decides: 'each',
  rows: (z, t, options) =>
    options.classWeights.length === 0 ? binaryCrossEntropyRows(z, smoothed(t, options)) : sumFeatures(elements(z, t, options)),
  elements,
  // w₀(1 − t)/(1 − u) − w₁·t/u (notes 39).
  outputGradient(u, target, options) {
    const t = smoothed(target, options);
    const [w0 = 1, w1 = 1] = options.classWeights;
    return sub(shareOf(affine(t, -w0, w0), affine(u, -1, 1)), shareOf(affine(t, w1, 0), u));
  },
  check(_, { classWeights: { length } }) {
    if (length !== 0 && length !== 2)
      throw new ValueError(`binaryCrossEntropy: classWeights has ${length} numbers, expected 2: the weights of 0 and of 1`);
  },
});
