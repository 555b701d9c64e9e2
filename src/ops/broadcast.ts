import { ShapeError } from '../errors.js';
import { checkNodes, type Node } from '../graph/node.js';
import { features, sameShape } from '../graph/shape.js';
import { expandFeatures } from './expandFeatures.js';
import { expandRows } from './expandRows.js';

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
