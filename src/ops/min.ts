import { checkNodes, type Node } from '../graph/node.js';
import { neg } from './affine.js';
import { checkOne, max } from './max.js';

/** The smallest feature of each row, −max(−x): `[rows, n]` → `[rows, 1]`. @throws NeuriteError for two nodes, which `minimum` takes */
export function min(x: Node): Node;
export function min(x: Node, ...more: readonly unknown[]): Node {
  checkNodes('min', [x]);
  checkOne('min', more);
  return neg(max(neg(x)));
}
