import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { affine } from './affine.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';
import { unaryOp } from './unaryOp.js';

/** y = 1 / (1 + e⁻ˣ); y' = y·(1 − y). */
export const sigmoidOp = unaryOp('sigmoid', Opcode.Sigmoid, (y) => mul(y, affine(y, -1, 1)), { inLinear: Opcode.Sigmoid, range: () => [0, 1] });

export const sigmoidValue: Float64Value = { each: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))) };

/** 1 / (1 + e⁻ˣ), element by element. */
export function sigmoid(x: Node): Node {
  return unary(sigmoidOp, x);
}
