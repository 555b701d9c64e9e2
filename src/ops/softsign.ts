import type { Node } from '../graph/node.js';
import { abs } from './abs.js';
import { shift } from './affine.js';
import { div } from './div.js';

/** x / (1 + |x|). */
export function softsign(x: Node): Node {
  return div(x, shift(abs(x), 1));
}
