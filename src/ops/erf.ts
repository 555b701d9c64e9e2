import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { neg, scale } from './affine.js';
import { unary } from './elementwise.js';
import { exp } from './exp.js';
import { square } from './square.js';
import { unaryOp } from './unaryOp.js';

/** y = erf x; y' = 2/√π · e^−x² (DLMF 7.2.1). */
export const erfOp = unaryOp('erf', Opcode.Erf, (_, x) => scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)));

/** The error function, element by element. */
export function erf(x: Node): Node {
  return unary(erfOp, x);
}
