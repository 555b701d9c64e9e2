import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { scale } from './affine.js';
import { div } from './div.js';
import { chainOp, fromZero, unary } from './elementwise.js';

/** y' = 1/(2y), applied as a quotient. */
export const sqrtOp = chainOp('sqrt', Opcode.Sqrt, (y, d) => div(scale(d, 0.5), y), { range: fromZero });

export const sqrtValue: Float64Value = { each: (x) => Math.sqrt(x) };

/** √x, element by element; of a negative it is NaN. */
export function sqrt(x: Node): Node {
  return unary(sqrtOp, x);
}
