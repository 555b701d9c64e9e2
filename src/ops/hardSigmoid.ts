import type { Node } from '../graph/node.js';
import { affine } from './affine.js';
import { clip } from './clip.js';

/** clip(x/6 + ½, 0, 1). */
export function hardSigmoid(x: Node): Node {
  return clip(affine(x, 1 / 6, 0.5), 0, 1);
}
