import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { binary } from './elementwise.js';
import { extremumOp } from './extremum.js';
import { sub } from './sub.js';

/** y = max(a, b), element by element. */
export const maxOp = extremumOp('max', Opcode.Max, (a, b) => sub(a, b));

/** max(a, b) element by element, with broadcasting. */
export function max(a: Node, b: Node): Node {
  return binary(maxOp, ...broadcast('max', a, b));
}
