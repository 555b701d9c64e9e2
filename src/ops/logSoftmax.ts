import type { Node } from '../graph/node.js';
import { logSumExp } from './logSumExp.js';
import { sub } from './sub.js';

/** log softmax(x) = x − logSumExp(x) over the features. */
export function logSoftmax(x: Node): Node {
  return sub(x, logSumExp(x));
}
