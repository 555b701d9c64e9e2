import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { affine } from './affine.js';
import { clip } from './clip.js';
import { unary } from './elementwise.js';
import { step } from './step.js';
import { unaryOp } from './unaryOp.js';

/** y = x where x > 0, else α·x; y' = 1 where x > 0, else α, at 0 too. */
export const leakyReluOp = unaryOp('leakyRelu', Opcode.LeakyRelu, (y, x) => {
  const alpha = y.attributes.alpha as number;
  // For α in [0, 1] the sign of y tells that of x, which then need not be kept; the clip gives 1 and α exactly.
  return alpha >= 0 && alpha <= 1 ? clip(step(y, 0), alpha, 1) : affine(step(x, 0), 1 - alpha, alpha);
});

/** x where x > 0, else α·x; α = 0.01 by default (notes 36). */
export function leakyRelu(x: Node, alpha = 0.01): Node {
  return unary(leakyReluOp, x, alpha);
}
