import type { Node } from '../graph/node.js';
import { scale, shift } from './affine.js';
import { erf } from './erf.js';
import { mul } from './mul.js';

/** x·Φ(x) = ½x·(1 + erf(x/√2)) (Hendrycks & Gimpel 2016), the exact form. */
export function gelu(x: Node): Node {
  return mul(scale(x, 0.5), shift(erf(scale(x, Math.SQRT1_2)), 1));
}
