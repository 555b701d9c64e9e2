import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { fromZero, unary } from './elementwise.js';
import { sigmoid } from './sigmoid.js';
import { unaryOp } from './unaryOp.js';

/** y = log(1 + eˣ); y' = σ(x). */
export const softplusOp = unaryOp('softplus', Opcode.Softplus, (_, x) => sigmoid(x), { range: fromZero });

/** log(1 + eˣ) in float64, however large x is. */
export function softplus64(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

export const softplusValue: Float64Value = { each: (x) => softplus64(x) };

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|), element by element. */
export function softplus(x: Node): Node {
  return unary(softplusOp, x);
}
