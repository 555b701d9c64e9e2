import { Opcode } from '../../assembly/opcodes.js';
import { apply, checkNodes, type Float64Value, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { expandFeatures, sumFeatures } from './expandFeatures.js';
import { mul } from './mul.js';
import { oneFeature, rowsOp } from './rowsOp.js';
import { logSumExp64, softmax } from './softmax.js';
import { sub } from './sub.js';

/** A row's sum on each of its features. */
function spread(sum: Node, like: Node): Node {
  return expandFeatures(sum, features(like.shape));
}

/** y_j = x_j − log Σ_l e^{x_l}; ∂y_j/∂x_i = [i = j] − softmax(x)_i. */
export const logSoftmaxOp = rowsOp('logSoftmax', Opcode.LogSoftmax, {
  diagonal: false,
  shape([x]) {
    oneFeature('logSoftmax', x as Node);
    return (x as Node).shape;
  },
  backward: ({ inputs: [x] }, dy) => [sub(dy, mul(spread(sumFeatures(dy), dy), softmax(x as Node)))],
});

export const logSoftmaxValue: Float64Value = {
  all(node, [x]) {
    const n = features(node.shape);
    const totals = logSumExp64(x as Float64Array, n);
    return (x as Float64Array).map((v, i) => v - (totals[Math.floor(i / n)] as number));
  },
};

/** log softmax(x) over the features. A row that is nearly certain keeps its digits, and so do large logits. */
export function logSoftmax(x: Node): Node {
  checkNodes('logSoftmax', [x]);
  return apply(logSoftmaxOp, [x]);
}
