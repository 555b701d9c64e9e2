import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { scale } from './affine.js';
import { fromZero, unary } from './elementwise.js';
import { unaryOp } from './unaryOp.js';

/** y = x²; y' = 2x. */
export const squareOp = unaryOp('square', Opcode.Square, (_, x) => scale(x, 2), { range: fromZero });

export const squareValue: Float64Value = { each: (x) => x * x };

/** x², element by element. */
export function square(x: Node): Node {
  return unary(squareOp, x);
}
