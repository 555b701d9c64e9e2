import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { binary } from './elementwise.js';
import { extremumOp } from './extremum.js';
import { sub } from './sub.js';

/** y = min(a, b), element by element. */
export const minOp = extremumOp('min', Opcode.Min, (a, b) => sub(b, a));

/** min(a, b) element by element, with broadcasting. */
export function min(a: Node, b: Node): Node {
  return binary(minOp, ...broadcast('min', a, b));
}
