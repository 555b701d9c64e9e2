import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { expandFeatures, sumFeatures } from './expandFeatures.js';
import { mul } from './mul.js';
import { oneFeature, rowsOp } from './rowsOp.js';
import { sub } from './sub.js';

/** y_k = e^{x_k} / Σ_l e^{x_l} over the features of each row. */
export const softmaxOp = rowsOp(
  'softmax',
  Opcode.Softmax,
  {
    diagonal: false,
    shape([x]) {
      oneFeature('softmax', x as Node);
      return (x as Node).shape;
    },
    // dx = y ⊙ (dy − Σ_l dy_l y_l), by the Jacobian diag(y) − y yᵀ.
    backward: (y, dy) => [mul(y, sub(dy, expandFeatures(sumFeatures(mul(dy, y)), features(y.shape))))],
    range: (y) => (features(y.shape) === 1 ? [1, 1] : [0, 1]),
  },
  true,
);

/** log Σ eˣ of each row of n numbers, the largest taken off first. */
export function logSumExp64(x: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: x.length / n }, (_, r) => {
    const row = x.subarray(r * n, (r + 1) * n);
    const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0));
  });
}

export const softmaxValue: Float64Value = {
  all(node, [x]) {
    const n = features(node.shape);
    const totals = logSumExp64(x as Float64Array, n);
    return (x as Float64Array).map((v, i) => Math.exp(v - (totals[Math.floor(i / n)] as number)));
  },
};

/** The softmax over the features, stable: the row's largest value is taken off first. */
export function softmax(x: Node): Node {
  return apply(softmaxOp, [x]);
}
