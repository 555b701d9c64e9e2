import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { neg, scale } from './affine.js';
import { unary } from './elementwise.js';
import { exp } from './exp.js';
import { square } from './square.js';
import { unaryOp } from './unaryOp.js';

/** y = erf x; y' = 2/√π · e^−x² (DLMF 7.2.1). */
export const erfOp = unaryOp('erf', Opcode.Erf, (_, x) => scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)));

/**
 * erf x: the series 2/√π·Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n+1)) (DLMF 7.6.1) up to 2, whose terms lose no more than two digits there, and beyond it
 * 1 − erfc x with the continued fraction of erfc (DLMF 7.9.1) taken to 80 terms: an error below 1e-14.
 */
export function erf64(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a > 2) {
    let tail = a;
    for (let k = 80; k > 0; k--) tail = a + k / 2 / tail;
    return Math.sign(x) * (1 - Math.exp(-a * a) / (tail * Math.sqrt(Math.PI)));
  }
  let power = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    power *= (-x * x) / n;
    sum += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export const erfValue: Float64Value = { each: (x) => erf64(x) };

/** The error function, element by element. */
export function erf(x: Node): Node {
  return unary(erfOp, x);
}
