import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { binaryOp } from './elementwise.js';

/** y = a + b, element by element. */
export const addOp = binaryOp('add', Opcode.Add, {
  backward: (_, dy) => [dy, dy],
  tangent: (_, [da, db]) => addDefined(da, db),
});

export const addValue: Float64Value = { each: (a, b) => a + b };

/** a + b element by element, with broadcasting: a vector is added to each row. */
export function add(a: Node, b: Node): Node {
  return apply(addOp, broadcast('add', a, b));
}

/** The sum of two terms of a derivative, either of which may be zero (`undefined`). */
export function addDefined(a: Node | undefined, b: Node | undefined): Node | undefined {
  return a && b ? add(a, b) : (a ?? b);
}
