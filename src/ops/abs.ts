import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { affine } from './affine.js';
import { unary } from './elementwise.js';
import { step } from './step.js';
import { unaryOp } from './unaryOp.js';

/** y = |x|; y' = −1, 0 at 0, 1. */
export const absOp = unaryOp('abs', Opcode.Abs, (_, x) => affine(step(x, 0.5), 2, -1));

/** |x|, element by element. */
export function abs(x: Node): Node {
  return unary(absOp, x);
}
