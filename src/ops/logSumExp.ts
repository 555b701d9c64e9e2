import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { expandFeatures } from './expandFeatures.js';
import { mul } from './mul.js';
import { oneFeature, rowsOp } from './rowsOp.js';
import { logSumExp64, softmax } from './softmax.js';

/** y = log Σ_l e^{x_l}; ∂y/∂x = softmax(x). */
export const logSumExpOp = rowsOp('logSumExp', Opcode.LogSumExp, {
  diagonal: true,
  shape: ([x]) => oneFeature('logSumExp', x as Node),
  backward({ inputs: [x] }, dy) {
    const slope = softmax(x as Node);
    return [mul(expandFeatures(dy, features(slope.shape)), slope)];
  },
});

export const logSumExpValue: Float64Value = { all: (node, [x]) => logSumExp64(x as Float64Array, features((node.inputs[0] as Node).shape)) };

/** log Σ eˣ over the features, stable: `[rows, n]` → `[rows, 1]`. */
export function logSumExp(x: Node): Node {
  return apply(logSumExpOp, [x]);
}
