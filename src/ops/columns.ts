import { ShapeError, ValueError } from '../errors.js';
import { Node, type Op } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { add } from './add.js';

/** y = the inputs side by side. Its gradient is a slice for each. */
export const concatOp: Op = {
  name: 'concat',
  backward(node, dy) {
    let start = 0;
    return node.inputs.map((x) => {
      const width = features(x.shape);
      start += width;
      return slice(dy, start - width, start);
    });
  },
  tangent(node, dx) {
    let start = 0;
    let sum: Node | undefined;
    node.inputs.forEach((x, i) => {
      const d = dx[i];
      const padded = d && pad(d, start, features(node.shape));
      sum = sum && padded ? add(sum, padded) : (sum ?? padded);
      start += features(x.shape);
    });
    return sum;
  },
};

/** The features of all nodes side by side: `[rows, Σ nᵢ]`. @throws ShapeError when batches and vectors are mixed */
export function concat(...nodes: Node[]): Node {
  const [first] = nodes;
  if (!first) throw new ShapeError('concat: no nodes came, expected at least one');
  if (nodes.length === 1) return first;
  for (const node of nodes) {
    if (node.shape.batched !== first.shape.batched || node.shape.size.length !== 1) throw new ShapeError(`concat: ${first} and ${node} cannot stand side by side`);
  }
  const width = nodes.reduce((sum, node) => sum + features(node.shape), 0);
  return new Node(concatOp, nodes, { batched: first.shape.batched, size: [width] });
}

/** y = the features from `start` on. Adjoint of pad. */
export const sliceOp: Op = {
  name: 'slice',
  backward: (node, dy) => [pad(dy, node.attributes.start as number, features((node.inputs[0] as Node).shape))],
  tangent: (node, [dx]) => {
    const start = node.attributes.start as number;
    return dx && slice(dx, start, start + features(node.shape));
  },
};

/** The features `start` … `end` − 1. @throws ValueError when they are not 0 ≤ start < end ≤ features */
export function slice(x: Node, start: number, end: number): Node {
  const width = features(x.shape);
  if (x.shape.size.length !== 1) throw new ShapeError(`slice: ${x} is a matrix, expected a batch or a vector`);
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= width)) {
    throw new ValueError(`slice: range [${start}, ${end}) of ${x}, expected integers 0 ≤ start < end ≤ ${width}`);
  }
  if (end - start === width) return x;
  return new Node(sliceOp, [x], { batched: x.shape.batched, size: [end - start] }, { start });
}

/** y = zeros with x from feature `start` on. Adjoint of slice. */
export const padOp: Op = {
  name: 'pad',
  backward: (node, dy) => {
    const start = node.attributes.start as number;
    return [slice(dy, start, start + features((node.inputs[0] as Node).shape))];
  },
  tangent: (node, [dx]) => dx && pad(dx, node.attributes.start as number, features(node.shape)),
};

/** x within `width` features, from `start` on; the others are 0. */
export function pad(x: Node, start: number, width: number): Node {
  if (features(x.shape) === width) return x;
  return new Node(padOp, [x], { batched: x.shape.batched, size: [width] }, { start });
}
