import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { shift } from './affine.js';
import { unary } from './elementwise.js';
import { unaryOp } from './unaryOp.js';

/** y = eˣ − 1; y' = y + 1. */
export const expm1Op = unaryOp('expm1', Opcode.Expm1, (y) => shift(y, 1));

export const expm1Value: Float64Value = { each: (x) => Math.expm1(x) };

/** eˣ − 1, exact for small x. */
export function expm1(x: Node): Node {
  return unary(expm1Op, x);
}
