import type { Node } from '../graph/node.js';
import { sumFeatures } from './expandFeatures.js';
import { mul } from './mul.js';

/** Σ_f a_f·b_f for each row: `[rows, n]`, `[rows, n]` → `[rows, 1]`. */
export function dot(a: Node, b: Node): Node {
  return sumFeatures(mul(a, b));
}
