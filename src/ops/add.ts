import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { binaryOp } from './elementwise.js';

/** y = a + b, element by element. */
export const addOp = binaryOp('add', Opcode.Add, {
  backward: (_, dy) => [dy, dy],
});

export const addValue: Float64Value = { each: (a, b) => a + b };

/** a + b element by element, with broadcasting: a vector is added to each row. */
export function add(a: Node, b: Node): Node {
  return apply(addOp, broadcast('add', a, b));
}
