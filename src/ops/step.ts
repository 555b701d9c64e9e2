import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { unary } from './elementwise.js';
import { unaryOp } from './unaryOp.js';

/** y = 1[x > 0], and `alpha` at 0; y' = 0 everywhere. */
export const stepOp = unaryOp('step', Opcode.Step, () => undefined);

/** 1 where x > 0, `atZero` where x = 0, else 0. The hard threshold (notes 2) has 1 at 0. */
export function step(x: Node, atZero = 1): Node {
  return unary(stepOp, x, atZero);
}
