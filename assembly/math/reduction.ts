import { madd, nmadd } from '../simd';

/** log₂e; ln 2 as a part of 9 bits, whose products with exponents are exact, and the rest of it; 1. */
const constants = memory.data<f32>([1.44269504, 0.693359375, -2.12194440e-4, 1]);

/** c₂ … c₆ of e^r ≈ 1 + r + r²·Σ cⱼ₊₂ rʲ: minimax on |r| ≤ 0.347 with f32 coefficients; relative error 3.2e-9. */
const exponential = memory.data<f32>([0.499999940395, 0.166665196419, 4.16682399809e-2, 8.36882740259e-3, 1.38232414611e-3]);

/** c₂ … c₇ of e^r − 1 ≈ r + r²·Σ cⱼ₊₂ rʲ: the same for (e^r − 1)/r; relative error 4.7e-10. */
const exponentialMinusOne = memory.data<f32>([0.5, 0.166666656733, 4.16664779186e-2, 8.33356659859e-3, 1.39337126166e-3, 1.97434448637e-4]);

/** 1.5·2²³: a float this large has no fraction. Adding it rounds to an integer and leaves that in the low bits. */
export const ROUNDER: f32 = 12582912;

/**
 * The argument reduction of eˣ and its relatives: x = n·ln 2 + r, n an integer, |r| ≤ ln 2 / 2.
 * n is kept as t = n + rounder, rounder = ROUNDER + bias: the bits of t shifted left by 23 are those of 2^(n + bias − 127).
 */
export class Reduction {
  /** t, for |x| < 2²¹. */
  @inline static round(x: v128, rounder: v128): v128 {
    return madd(x, v128.load32_splat(constants), rounder);
  }

  /** e^r. */
  @inline static exp(x: v128, t: v128, rounder: v128): v128 {
    const n = f32x4.sub(t, rounder);
    const high = Reduction.high(x, n);
    const r = Reduction.low(high, n);
    const r2 = f32x4.mul(r, r);
    const a = madd(v128.load32_splat(exponential, 4), r, v128.load32_splat(exponential));
    const b = madd(v128.load32_splat(exponential, 12), r, v128.load32_splat(exponential, 8));
    const p = madd(madd(v128.load32_splat(exponential, 16), r2, b), r2, a);
    return f32x4.add(f32x4.add(high, Reduction.low(f32x4.mul(p, r2), n)), v128.load32_splat(constants, 12));
  }

  /** e^r − 1. */
  @inline static expm1(x: v128, t: v128, rounder: v128): v128 {
    const n = f32x4.sub(t, rounder);
    const high = Reduction.high(x, n);
    const r = Reduction.low(high, n);
    const r2 = f32x4.mul(r, r);
    const a = madd(v128.load32_splat(exponentialMinusOne, 4), r, v128.load32_splat(exponentialMinusOne));
    const b = madd(v128.load32_splat(exponentialMinusOne, 12), r, v128.load32_splat(exponentialMinusOne, 8));
    const c = madd(v128.load32_splat(exponentialMinusOne, 20), r, v128.load32_splat(exponentialMinusOne, 16));
    const p = madd(madd(c, r2, b), r2, a);
    return f32x4.add(high, Reduction.low(f32x4.mul(p, r2), n));
  }

  /** x − n·(the high part of ln 2): exact. */
  @inline private static high(x: v128, n: v128): v128 {
    return nmadd(n, v128.load32_splat(constants, 4), x);
  }

  /** y − n·(the low part of ln 2). Rounds at the size of y: in a sum with r, subtract it from the smaller terms. */
  @inline private static low(y: v128, n: v128): v128 {
    return nmadd(n, v128.load32_splat(constants, 8), y);
  }
}
