import type { Node } from '../graph/node.js';
import { scale } from './affine.js';
import { elu } from './elu.js';

/** λ·elu(x, α) with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017). */
export function selu(x: Node): Node {
  return scale(elu(x, 1.6732632423543772), 1.0507009873554805);
}
