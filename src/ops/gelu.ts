import type { Node } from '../graph/node.js';
import { scale } from './affine.js';
import { erfc } from './erfc.js';
import { mul } from './mul.js';

/** x·Φ(x) = ½x·erfc(−x/√2) (Hendrycks & Gimpel 2016), the exact form. 1 + erf(x/√2) would cancel far below 0. */
export function gelu(x: Node): Node {
  return mul(scale(x, 0.5), erfc(scale(x, -Math.SQRT1_2)));
}
