import { Opcode } from '../../assembly/opcodes.js';
import { commonShape, type Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { binary, type ElementwiseOp } from './elementwise.js';

/** y = a + b, element by element. */
export const addOp: ElementwiseOp = {
  name: 'add',
  opcode: Opcode.Add,
  shape: (inputs) => commonShape('add', inputs),
  backward: (_, dy) => [dy, dy],
  tangent: (_, [da, db]) => addDefined(da, db),
};

/** a + b element by element, with broadcasting: a vector is added to each row. */
export function add(a: Node, b: Node): Node {
  return binary(addOp, ...broadcast('add', a, b));
}

/** The sum of two terms of a derivative, either of which may be zero (`undefined`). */
export function addDefined(a: Node | undefined, b: Node | undefined): Node | undefined {
  return a && b ? add(a, b) : (a ?? b);
}
