import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { expandFeatures, oneFeature, type RowsOp, sumFeatures } from './broadcast.js';
import { mul } from './mul.js';
import { sub } from './sub.js';

/** J·d = y ⊙ (d − Σ_l d_l y_l): the Jacobian diag(y) − y yᵀ is symmetric, so one rule serves both directions. */
function chain(y: Node, d: Node): Node {
  return mul(y, sub(d, expandFeatures(sumFeatures(mul(d, y)), features(y.shape))));
}

/** y_k = e^{x_k} / Σ_l e^{x_l} over the features of each row (notes 5). */
export const softmaxOp: RowsOp = {
  name: 'softmax',
  opcode: Opcode.Softmax,
  shape([x]) {
    oneFeature('softmax', x as Node);
    return (x as Node).shape;
  },
  backward: (y, dy) => [chain(y, dy)],
  tangent: (y, [dx]) => dx && chain(y, dx),
};

/** The softmax over the features, stable: the row's largest value is taken off first. */
export function softmax(x: Node): Node {
  return apply(softmaxOp, [x]);
}
