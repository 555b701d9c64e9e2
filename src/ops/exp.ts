import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { fromZero, unary } from './elementwise.js';
import { unaryOp } from './unaryOp.js';

/** y = eˣ; y' = y. */
export const expOp = unaryOp('exp', Opcode.Exp, (y) => y, { range: fromZero });

export const expValue: Float64Value = { each: (x) => Math.exp(x) };

/** eˣ, element by element. */
export function exp(x: Node): Node {
  return unary(expOp, x);
}
