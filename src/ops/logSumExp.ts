import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { expandFeatures, oneFeature, type RowsOp, sumFeatures } from './broadcast.js';
import { mul } from './mul.js';
import { softmax } from './softmax.js';

/** y = log Σ_l e^{x_l}; ∂y/∂x = softmax(x). */
export const logSumExpOp: RowsOp = {
  name: 'logSumExp',
  opcode: Opcode.LogSumExp,
  shape: ([x]) => oneFeature('logSumExp', x as Node),
  backward({ inputs: [x] }, dy) {
    const slope = softmax(x as Node);
    return [mul(expandFeatures(dy, features(slope.shape)), slope)];
  },
  tangent: ({ inputs: [x] }, [dx]) => dx && sumFeatures(mul(dx, softmax(x as Node))),
};

/** log Σ eˣ over the features, stable: `[rows, n]` → `[rows, 1]`. */
export function logSumExp(x: Node): Node {
  return apply(logSumExpOp, [x]);
}
