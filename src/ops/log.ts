import { Opcode } from '../../assembly/opcodes.js';
import { type Node, shapeOfOnly } from '../graph/node.js';
import { div } from './div.js';
import { type ElementwiseOp, unary } from './elementwise.js';

/** y' = 1/x, applied as a quotient. */
export const logOp: ElementwiseOp = {
  name: 'log',
  opcode: Opcode.Log,
  shape: shapeOfOnly,
  backward: ({ inputs: [x] }, d) => [div(d, x as Node)],
  tangent: ({ inputs: [x] }, [d]) => d && div(d, x as Node),
};

/** The natural logarithm, element by element; log 0 = −∞, log of a negative is NaN. */
export function log(x: Node): Node {
  return unary(logOp, x);
}
