import type { Node } from '../graph/node.js';
import { mul } from './mul.js';
import { sigmoid } from './sigmoid.js';

/** x·σ(x) (Elfwing et al. 2018), also called swish. */
export function silu(x: Node): Node {
  return mul(x, sigmoid(x));
}
