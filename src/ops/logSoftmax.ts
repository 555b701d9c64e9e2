import { Opcode } from '../../assembly/opcodes.js';
import { apply, checkNodes, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { expandFeatures, oneFeature, type RowsOp, sumFeatures } from './broadcast.js';
import { mul } from './mul.js';
import { softmax } from './softmax.js';
import { sub } from './sub.js';

/** A row's sum on each of its features. */
function spread(sum: Node, like: Node): Node {
  return expandFeatures(sum, features(like.shape));
}

/** y_j = x_j − log Σ_l e^{x_l}; ∂y_j/∂x_i = [i = j] − softmax(x)_i. */
export const logSoftmaxOp: RowsOp = {
  name: 'logSoftmax',
  opcode: Opcode.LogSoftmax,
  shape([x]) {
    oneFeature('logSoftmax', x as Node);
    return (x as Node).shape;
  },
  backward: ({ inputs: [x] }, dy) => [sub(dy, mul(spread(sumFeatures(dy), dy), softmax(x as Node)))],
  tangent: ({ inputs: [x] }, [dx]) => dx && sub(dx, spread(sumFeatures(mul(dx, softmax(x as Node))), dx)),
};

/** log softmax(x) over the features. A row that is nearly certain keeps its digits, and so do large logits. */
export function logSoftmax(x: Node): Node {
  checkNodes('logSoftmax', [x]);
  return apply(logSoftmaxOp, [x]);
}
