import type { Node } from '../graph/node.js';
import { clip } from '../ops/clip.js';
import { div } from '../ops/div.js';

/** The smallest number float32 has above 0: a quotient of 0 by it is 0, where 0/0 would be NaN. */
const LEAST = 2 ** -149;

/** part / of, for probabilities: what is no part of nothing is 0. */
export function shareOf(part: Node, of: Node): Node {
  return div(part, clip(of, LEAST, 1));
}
