import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { neg } from './affine.js';
import { broadcast } from './broadcast.js';
import { binaryOp } from './elementwise.js';

/** y = a − b, element by element. */
export const subOp = binaryOp('sub', Opcode.Sub, {
  backward: (_, dy) => [dy, neg(dy)],
});

export const subValue: Float64Value = { each: (a, b) => a - b };

/** a − b element by element, with broadcasting. */
export function sub(a: Node, b: Node): Node {
  return apply(subOp, broadcast('sub', a, b));
}
