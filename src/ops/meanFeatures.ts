import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { scale } from './affine.js';
import { sumFeatures } from './expandFeatures.js';

/** The mean over the features: `[rows, n]` → `[rows, 1]`. */
export function meanFeatures(x: Node): Node {
  return scale(sumFeatures(x), 1 / features(x.shape));
}
