import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { extremumOp } from './extremum.js';
import { sub } from './sub.js';

/** y = max(a, b), element by element. */
export const maximumOp = extremumOp('maximum', Opcode.Maximum, (a, b) => sub(a, b));

export const maximumValue: Float64Value = { each: (a, b) => Math.max(a, b), side: (a, b) => Math.sign(a - b) };

/** max(a, b) element by element, with broadcasting. */
export function maximum(a: Node, b: Node): Node {
  return apply(maximumOp, broadcast('maximum', a, b));
}
