import type { Node } from '../graph/node.js';
import { sumFeatures } from './expandFeatures.js';
import { square } from './square.js';
import { sub } from './sub.js';

/** Σ_k (u_k − t_k)² of each row, `[rows, 1]`. */
export function squaredError(u: Node, t: Node): Node {
  return sumFeatures(square(sub(u, t)));
}
