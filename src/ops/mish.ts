import type { Node } from '../graph/node.js';
import { mul } from './mul.js';
import { softplus } from './softplus.js';
import { tanh } from './tanh.js';

/** x·tanh(softplus(x)) (Misra 2019). */
export function mish(x: Node): Node {
  return mul(x, tanh(softplus(x)));
}
