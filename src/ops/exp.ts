import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { unary } from './elementwise.js';
import { unaryOp } from './unaryOp.js';

/** y = eˣ; y' = y. */
export const expOp = unaryOp('exp', Opcode.Exp, (y) => y);

/** eˣ, element by element. */
export function exp(x: Node): Node {
  return unary(expOp, x);
}
