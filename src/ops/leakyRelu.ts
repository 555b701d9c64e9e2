import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { affine } from './affine.js';
import { clip } from './clip.js';
import { unary } from './elementwise.js';
import { heaviside } from './heaviside.js';
import { unaryOp } from './unaryOp.js';

/** 1 where x > 0, else α. */
function slope(y: Node, x: Node): Node {
  const alpha = y.attributes.alpha as number;
  // For α in [0, 1] the sign of y tells that of x, which then need not be kept; the clip gives 1 and α exactly.
  return alpha >= 0 && alpha <= 1 ? clip(heaviside(y, 0), alpha, 1) : affine(heaviside(x, 0), 1 - alpha, alpha);
}

/** y = x where x > 0, else α·x; y' = 1 where x > 0, else α, at 0 too. */
export const leakyReluOp = unaryOp('leakyRelu', Opcode.LeakyRelu, slope, {
  inLinear: Opcode.LeakyRelu,
  constants: ({ attributes }) => String(attributes.alpha),
});

export const leakyReluValue: Float64Value = { each: (x, alpha) => (x > 0 ? x : alpha * x), side: (x) => Math.sign(x) };

/** x where x > 0, else α·x; α = 0.01 by default. */
export function leakyRelu(x: Node, alpha = 0.01): Node {
  return unary(leakyReluOp, x, alpha);
}
