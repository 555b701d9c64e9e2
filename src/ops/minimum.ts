import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { extremumOp } from './extremum.js';
import { sub } from './sub.js';

/** y = min(a, b), element by element. */
export const minimumOp = extremumOp('minimum', Opcode.Minimum, (a, b) => sub(b, a));

export const minimumValue: Float64Value = { each: (a, b) => Math.min(a, b), side: (a, b) => Math.sign(a - b) };

/** min(a, b) element by element, with broadcasting. */
export function minimum(a: Node, b: Node): Node {
  return apply(minimumOp, broadcast('minimum', a, b));
}
