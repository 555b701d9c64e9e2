import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { unary } from './elementwise.js';
import { sigmoid } from './sigmoid.js';
import { unaryOp } from './unaryOp.js';

/** y = log(1 + eˣ); y' = σ(x). */
export const softplusOp = unaryOp('softplus', Opcode.Softplus, (_, x) => sigmoid(x));

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|), element by element. */
export function softplus(x: Node): Node {
  return unary(softplusOp, x);
}
