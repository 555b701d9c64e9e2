import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { neg, scale } from './affine.js';
import { unary } from './elementwise.js';
import { exp } from './exp.js';
import { square } from './square.js';
import { unaryOp } from './unaryOp.js';

/** y = 1 − erf x; y' = −2/√π · e^−x² (DLMF 7.2.2). */
export const erfcOp = unaryOp('erfc', Opcode.Erfc, (_, x) => scale(exp(neg(square(x))), -2 / Math.sqrt(Math.PI)));

/** The complementary error function 1 − erf x, element by element; it keeps its digits where it is small. */
export function erfc(x: Node): Node {
  return unary(erfcOp, x);
}
