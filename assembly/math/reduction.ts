import { madd, nmadd } from '../simd';

/** log₂e; ln 2 as a part of 9 bits, whose products with exponents are exact, and the rest of it. */
const constants = memory.data<f32>([1.44269504, 0.693359375, -2.12194440e-4]);

/** c₂ … c₆ of e^r ≈ 1 + r + c₂r² + … + c₆r⁶: minimax for (e^r − 1)/r on |r| ≤ 0.347 with f32 coefficients; relative error 1.4e-8. */
const polynomial = memory.data<f32>([0.499999970198, 0.166665434837, 4.16675060987e-2, 8.36655590683e-3, 1.38642871752e-3]);

/** 1.5·2²³: a float this large has no fraction, so that adding it rounds to an integer, which then stands in the low bits. */
export const ROUNDER: f32 = 12582912;

/**
 * What eˣ and all that is made from it share: x = n·ln 2 + r, n an integer, |r| ≤ ln 2 / 2.
 * n travels as t = n + rounder, rounder = ROUNDER + bias: the bits of t shifted left by 23 are those of 2^(n + bias − 127).
 */
export class Reduction {
  /** t, for |x| < 2²¹. */
  @inline static round(x: v128, rounder: v128): v128 {
    return madd(x, v128.load32_splat(constants), rounder);
  }

  /** r */
  @inline static remainder(x: v128, t: v128, rounder: v128): v128 {
    const n = f32x4.sub(t, rounder);
    return nmadd(n, v128.load32_splat(constants, 8), nmadd(n, v128.load32_splat(constants, 4), x));
  }

  /** e^r − 1, to about 0.7 ulp. */
  @inline static expm1(r: v128): v128 {
    const r2 = f32x4.mul(r, r);
    const a = madd(v128.load32_splat(polynomial, 4), r, v128.load32_splat(polynomial, 0));
    const b = madd(v128.load32_splat(polynomial, 12), r, v128.load32_splat(polynomial, 8));
    return madd(madd(madd(v128.load32_splat(polynomial, 16), r2, b), r2, a), r2, r);
  }
}
