import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { elements, formatShape, matrix, type Shape, vector } from '../graph/shape.js';
import { expandFeatures, sumFeatures } from './expandFeatures.js';
import { fill, uniformValue } from './leaves.js';
import { rowsOp } from './rowsOp.js';

function requireMatrix(op: string, x: Node): Shape {
  if (x.shape.batched || x.shape.size.length !== 2) throw new ShapeError(`${op}: ${x} is no matrix`);
  return x.shape;
}

/** y = Σ of all elements of a matrix, `[1]`. Adjoint of spread. */
export const totalOp = rowsOp('total', Opcode.SumFeatures, {
  diagonal: false,
  shape([x]) {
    requireMatrix('total', x as Node);
    return vector(1);
  },
  backward: (node, dy) => [spread(dy, (node.inputs[0] as Node).shape)],
  tangent: (_, [dx]) => dx && total(dx),
});

export const totalValue: Float64Value = { all: (_, [x]) => Float64Array.of((x as Float64Array).reduce((a, b) => a + b, 0)) };

/** The sum of all elements of a vector or a matrix, `[1]`. @throws ShapeError for a batch */
export function total(x: Node): Node {
  if (x.shape.batched) throw new ShapeError(`total: ${x} is a batch, expected a vector or a matrix`);
  if (x.shape.size.length === 1) return sumFeatures(x);
  const u = uniformValue(x);
  return u ? fill(vector(1), u.value * elements(x.shape), u.factors) : apply(totalOp, [x]);
}

/** y[i, j] = x, one number `[1]` as every element of a matrix. Adjoint of total. */
export const spreadOp = rowsOp('spread', Opcode.ExpandFeatures, {
  attributes: { m: 'size', n: 'size' },
  diagonal: false,
  shape([x], { m, n }) {
    const { shape } = x as Node;
    if (shape.batched || shape.size.length !== 1 || elements(shape) !== 1)
      throw new ShapeError(`spread: ${x} came, expected ${formatShape(vector(1))}`);
    return matrix(m as number, n as number);
  },
  backward: (_, dy) => [total(dy)],
  tangent: (node, [dx]) => dx && spread(dx, node.shape),
});

export const spreadValue: Float64Value = {
  all: (node, [x]) => new Float64Array(elements(node.shape)).fill((x as Float64Array)[0] as number),
};

/** One number `[1]` as every element of a vector or a matrix. */
export function spread(x: Node, shape: Shape): Node {
  const [m, n] = shape.size as [number, number?];
  if (n === undefined) return expandFeatures(x, m);
  const u = uniformValue(x);
  return u ? fill(shape, u.value, u.factors) : apply(spreadOp, [x], { m, n });
}
