import { Opcode } from '../../assembly/opcodes.js';
import { type Node, shapeOfOnly } from '../graph/node.js';
import { shift } from './affine.js';
import { div } from './div.js';
import { type ElementwiseOp, unary } from './elementwise.js';

/** y' = 1/(1 + x), applied as a quotient. */
export const log1pOp: ElementwiseOp = {
  name: 'log1p',
  opcode: Opcode.Log1p,
  shape: shapeOfOnly,
  backward: ({ inputs: [x] }, d) => [div(d, shift(x as Node, 1))],
  tangent: ({ inputs: [x] }, [d]) => d && div(d, shift(x as Node, 1)),
};

/** log(1 + x), exact for small x. */
export function log1p(x: Node): Node {
  return unary(log1pOp, x);
}
