import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { apply, checkNodes, type Node, type Op } from '../graph/node.js';
import { batch, elements, features, type Shape, sameShape, vector } from '../graph/shape.js';
import { fill, uniformValue } from './leaves.js';

/** An op between a tensor and its sums over rows or features. */
export interface RowsOp extends Op {
  readonly opcode: Opcode;
}

function vectorLength(op: string, x: Node): number {
  if (x.shape.batched || x.shape.size.length !== 1) throw new ShapeError(`${op}: ${x} is no vector`);
  return features(x.shape);
}

function requireBatch(op: string, x: Node): Node {
  if (!x.shape.batched) throw new ShapeError(`${op}: ${x} is no batch, expected [rows, features]`);
  return x;
}

/** The shape of one number for each row, or of a single one. @throws ShapeError for a matrix */
export function oneFeature(op: string, x: Node): Shape {
  if (x.shape.size.length !== 1) throw new ShapeError(`${op}: ${x} is a matrix, expected a batch or a vector`);
  return { batched: x.shape.batched, size: [1] };
}

/** The same value repeated, or summed, is again one value: no kernel runs. */
function uniform(x: Node, shape: Shape, times = 1): Node | undefined {
  const u = uniformValue(x);
  return u && fill(shape, u.value * times, u.factors);
}

/** y[row, f] = x[f]: a vector on each row. Adjoint of sumRows. */
export const expandRowsOp: RowsOp = {
  name: 'expandRows',
  opcode: Opcode.ExpandRows,
  shape: ([x]) => batch(vectorLength('expandRows', x as Node)),
  backward: (_, dy) => [sumRows(dy)],
  tangent: (_, [dx]) => dx && expandRows(dx),
};

export function expandRows(x: Node): Node {
  return uniform(x, batch(features(x.shape))) ?? apply(expandRowsOp, [x]);
}

/** y[f] = Σ_rows x[row, f]. Adjoint of expandRows. */
export const sumRowsOp: RowsOp = {
  name: 'sumRows',
  opcode: Opcode.SumRows,
  shape: ([x]) => vector(features(requireBatch('sumRows', x as Node).shape)),
  backward: (_, dy) => [expandRows(dy)],
  tangent: (_, [dx]) => dx && sumRows(dx),
};

export function sumRows(x: Node): Node {
  return apply(sumRowsOp, [x]);
}

/** y[row, f] = x[row] for `width` features. Adjoint of sumFeatures. */
export const expandFeaturesOp: RowsOp = {
  name: 'expandFeatures',
  opcode: Opcode.ExpandFeatures,
  shape([x], { width }) {
    if (elements((x as Node).shape) !== 1) throw new ShapeError(`expandFeatures: ${x} has more than the one feature expected`);
    return { batched: (x as Node).shape.batched, size: [width as number] };
  },
  backward: (_, dy) => [sumFeatures(dy)],
  tangent: (node, [dx]) => dx && expandFeatures(dx, features(node.shape)),
};

export function expandFeatures(x: Node, width: number): Node {
  if (width === 1) return x;
  return uniform(x, { batched: x.shape.batched, size: [width] }) ?? apply(expandFeaturesOp, [x], { width });
}

/** y[row] = Σ_f x[row, f]. Adjoint of expandFeatures. */
export const sumFeaturesOp: RowsOp = {
  name: 'sumFeatures',
  opcode: Opcode.SumFeatures,
  shape: ([x]) => oneFeature('sumFeatures', x as Node),
  backward: (node, dy) => [expandFeatures(dy, features((node.inputs[0] as Node).shape))],
  tangent: (_, [dx]) => dx && sumFeatures(dx),
};

/** The sum over the features: `[rows, n]` → `[rows, 1]`. */
export function sumFeatures(x: Node): Node {
  checkNodes('sum', [x]);
  const width = features(x.shape);
  if (width === 1) return x;
  return uniform(x, { batched: x.shape.batched, size: [1] }, width) ?? apply(sumFeaturesOp, [x]);
}

/**
 * Two nodes brought to one shape: a vector is repeated on each row, a single feature across the features.
 * @throws ShapeError naming both where neither fits the other
 */
export function broadcast(op: string, a: Node, b: Node): [Node, Node] {
  checkNodes(op, [a, b]);
  if (sameShape(a.shape, b.shape)) return [a, b];
  if (a.shape.size.length === 1 && b.shape.size.length === 1) {
    const rows = a.shape.batched || b.shape.batched;
    const [m, n] = [features(a.shape), features(b.shape)];
    if (m === n || m === 1 || n === 1) {
      const stretch = (x: Node) => {
        const tall = rows && !x.shape.batched ? expandRows(x) : x;
        return expandFeatures(tall, features(x.shape) === 1 ? Math.max(m, n) : 1);
      };
      return [stretch(a), stretch(b)];
    }
  }
  throw new ShapeError(`${op}: ${a} and ${b} have shapes that fit neither each other nor a broadcast over rows or a single feature`);
}
