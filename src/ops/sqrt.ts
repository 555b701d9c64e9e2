import { Opcode } from '../../assembly/opcodes.js';
import { type Node, shapeOfOnly } from '../graph/node.js';
import { scale } from './affine.js';
import { div } from './div.js';
import { type ElementwiseOp, unary } from './elementwise.js';

/** y' = 1/(2y), applied as a quotient. */
export const sqrtOp: ElementwiseOp = {
  name: 'sqrt',
  opcode: Opcode.Sqrt,
  shape: shapeOfOnly,
  backward: (y, d) => [div(scale(d, 0.5), y)],
  tangent: (y, [d]) => d && div(scale(d, 0.5), y),
};

/** √x, element by element; of a negative it is NaN. */
export function sqrt(x: Node): Node {
  return unary(sqrtOp, x);
}
