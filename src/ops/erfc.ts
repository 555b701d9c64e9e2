import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { neg, scale } from './affine.js';
import { unary } from './elementwise.js';
import { erf64 } from './erf.js';
import { exp } from './exp.js';
import { square } from './square.js';
import { unaryOp } from './unaryOp.js';

/** y = 1 − erf x; y' = −2/√π · e^−x² (DLMF 7.2.2). */
export const erfcOp = unaryOp('erfc', Opcode.Erfc, (_, x) => scale(exp(neg(square(x))), -2 / Math.sqrt(Math.PI)));

/** 1 − erf x, by the continued fraction of erfc where it is small (DLMF 7.9.1). */
export const erfcValue: Float64Value = {
  each(x) {
    if (!(x > 2)) return 1 - erf64(x);
    let tail = x;
    for (let k = 80; k > 0; k--) tail = x + k / 2 / tail;
    return Math.exp(-x * x) / (tail * Math.sqrt(Math.PI));
  },
};

/** The complementary error function 1 − erf x, element by element; it keeps its digits where it is small. */
export function erfc(x: Node): Node {
  return unary(erfcOp, x);
}
