import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { batch, features, vector } from '../graph/shape.js';
import { repeatUniform } from './leaves.js';
import { rowsOp } from './rowsOp.js';

/** y[row, f] = x[f]: a vector on each row. Adjoint of sumRows. */
export const expandRowsOp = rowsOp('expandRows', Opcode.ExpandRows, {
  diagonal: true,
  repeats: 'rows',
  shape([x]) {
    const { batched, size } = (x as Node).shape;
    if (batched || size.length !== 1) throw new ShapeError(`expandRows: ${x} is no vector`);
    return batch(size[0] as number);
  },
  backward: (_, dy) => [sumRows(dy)],
});

export const expandRowsValue: Float64Value = {
  all(node, [x], rows) {
    const n = features(node.shape);
    return Float64Array.from({ length: n * rows }, (_, i) => (x as Float64Array)[i % n] as number);
  },
};

export function expandRows(x: Node): Node {
  return repeatUniform(x, batch(features(x.shape))) ?? apply(expandRowsOp, [x]);
}

/** y[f] = Σ_rows x[row, f]. Adjoint of expandRows. A prediction has it nowhere: rows are independent there. */
export const sumRowsOp = rowsOp('sumRows', Opcode.SumRows, {
  diagonal: true,
  shape([x]) {
    if (!(x as Node).shape.batched) throw new ShapeError(`sumRows: ${x} is no batch, expected [rows, features]`);
    return vector(features((x as Node).shape));
  },
  backward: (_, dy) => [expandRows(dy)],
});

export function sumRows(x: Node): Node {
  return apply(sumRowsOp, [x]);
}
