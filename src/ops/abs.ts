import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { affine } from './affine.js';
import { fromZero, unary } from './elementwise.js';
import { heaviside } from './heaviside.js';
import { unaryOp } from './unaryOp.js';

/** y = |x|; y' = −1, 0 at 0, 1. */
export const absOp = unaryOp('abs', Opcode.Abs, (_, x) => affine(heaviside(x, 0.5), 2, -1), { range: fromZero });

export const absValue: Float64Value = { each: (x) => Math.abs(x), side: (x) => Math.sign(x) };

/** |x|, element by element. */
export function abs(x: Node): Node {
  return unary(absOp, x);
}
