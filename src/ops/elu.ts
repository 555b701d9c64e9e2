import type { Node } from '../graph/node.js';
import { add } from './add.js';
import { scale } from './affine.js';
import { clip } from './clip.js';
import { expm1 } from './expm1.js';
import { relu } from './relu.js';

/** x where x > 0, else α·(eˣ − 1) (Clevert et al. 2016); α = 1 by default. Its slope at 0 is α. */
export function elu(x: Node, alpha = 1): Node {
  return add(relu(x), scale(expm1(clip(x, -Infinity, 0)), alpha));
}
