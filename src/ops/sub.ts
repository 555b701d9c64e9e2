import { Opcode } from '../../assembly/opcodes.js';
import { commonShape, type Node } from '../graph/node.js';
import { neg } from './affine.js';
import { broadcast } from './broadcast.js';
import { binary, type ElementwiseOp } from './elementwise.js';

/** y = a − b, element by element. */
export const subOp: ElementwiseOp = {
  name: 'sub',
  opcode: Opcode.Sub,
  shape: (inputs) => commonShape('sub', inputs),
  backward: (_, dy) => [dy, neg(dy)],
  tangent: (_, [da, db]) => (da && db ? sub(da, db) : (da ?? (db && neg(db)))),
};

/** a − b element by element, with broadcasting. */
export function sub(a: Node, b: Node): Node {
  return binary(subOp, ...broadcast('sub', a, b));
}
