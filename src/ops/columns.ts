import { ShapeError, ValueError } from '../errors.js';
import { apply, checkConstants, checkNodes, type Node, type Op } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { add } from './add.js';
import { oneFeature } from './broadcast.js';

/** The width of the features `start` … `start` + `width` − 1 of `of`. @throws ValueError when there are no such features */
function checkRange(op: string, start: number, width: number, of: number): number {
  if (!(Number.isInteger(start) && Number.isInteger(width) && 0 <= start && width > 0 && start + width <= of)) {
    throw new ValueError(`${op}: features ${start} to ${start + width} of ${of}, expected whole numbers 0 ≤ start < end ≤ ${of}`);
  }
  return width;
}

/** y = the inputs side by side. Its gradient is a slice for each. */
export const concatOp: Op = {
  name: 'concat',
  shape(nodes) {
    const [first] = nodes;
    if (!first) throw new ShapeError('concat: no nodes came, expected at least one');
    for (const node of nodes) {
      if (node.shape.batched !== first.shape.batched || node.shape.size.length !== 1)
        throw new ShapeError(`concat: ${first} and ${node} cannot stand side by side`);
    }
    return { batched: first.shape.batched, size: [nodes.reduce((sum, node) => sum + features(node.shape), 0)] };
  },
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
  checkNodes('concat', nodes);
  return nodes.length === 1 ? (nodes[0] as Node) : apply(concatOp, nodes);
}

/** y = the features from `start` on. Adjoint of pad. */
export const sliceOp: Op = {
  name: 'slice',
  shape([x], { start, width }) {
    oneFeature('slice', x as Node);
    return { batched: (x as Node).shape.batched, size: [checkRange('slice', start as number, width as number, features((x as Node).shape))] };
  },
  backward: (node, dy) => [pad(dy, node.attributes.start as number, features((node.inputs[0] as Node).shape))],
  tangent: (node, [dx]) => {
    const start = node.attributes.start as number;
    return dx && slice(dx, start, start + features(node.shape));
  },
};

/** The features `start` … `end` − 1. @throws ValueError when they are not 0 ≤ start < end ≤ features */
export function slice(x: Node, start: number, end: number): Node {
  checkConstants('slice', [start, end]);
  const sliced = apply(sliceOp, [x], { start, width: end - start });
  return features(sliced.shape) === features(x.shape) ? x : sliced;
}

/** y = zeros with x from feature `start` on. Adjoint of slice. */
export const padOp: Op = {
  name: 'pad',
  shape([x], { start, width }) {
    oneFeature('pad', x as Node);
    checkRange('pad', start as number, features((x as Node).shape), width as number);
    return { batched: (x as Node).shape.batched, size: [width as number] };
  },
  backward: (node, dy) => {
    const start = node.attributes.start as number;
    return [slice(dy, start, start + features((node.inputs[0] as Node).shape))];
  },
  tangent: (node, [dx]) => dx && pad(dx, node.attributes.start as number, features(node.shape)),
};

/** x within `width` features, from `start` on; the others are 0. */
export function pad(x: Node, start: number, width: number): Node {
  if (features(x.shape) === width) return x;
  return apply(padOp, [x], { start, width });
}
