import { UnaryFunction } from '../kernels/map';
import { madd, nmadd } from '../simd';

/** ½; ln 2 as a part of 9 bits, whose products with exponents are exact, and the rest of it; 1; 2²³; 23; ∞. */
const constants = memory.data<f32>([0.5, 0.693359375, -2.12194440e-4, 1, 8388608, 23, f32.POSITIVE_INFINITY]);
const ONE: usize = 12;

/** c₃ … c₁₀ of ln(1 + f) ≈ f − f²/2 + c₃f³ + … + c₁₀f¹⁰: minimax on √½ ≤ 1 + f ≤ √2 with f32 coefficients; relative error 7.9e-9. */
const polynomial = memory.data<f32>([
  0.333333730698, -0.250008404255, 0.199989899993, -0.166212067008, 0.142389073968, -0.132123559713, 0.125658899546, -7.28602111339e-2,
]);

/** The bits of √½; the bits of the smallest normal float; how many patterns from there to Infinity. */
const integers = memory.data<i32>([0x3f3504f3, 0x00800000, 0x7f000000]);

/** ln x, to 0.96 ulp (fused multiply-add: 0.93). −∞ at ±0, NaN below; denormals keep the bound. */
@final export class Log extends UnaryFunction {
  /** ln(1 + f) + k·ln 2 for √½ ≤ 1 + f ≤ √2 and integers k. */
  @inline static sum(f: v128, k: v128): v128 {
    const f2 = f32x4.mul(f, f);
    const a = madd(v128.load32_splat(polynomial, 4), f, v128.load32_splat(polynomial, 0));
    const b = madd(v128.load32_splat(polynomial, 12), f, v128.load32_splat(polynomial, 8));
    const c = madd(v128.load32_splat(polynomial, 20), f, v128.load32_splat(polynomial, 16));
    const d = madd(v128.load32_splat(polynomial, 28), f, v128.load32_splat(polynomial, 24));
    const p = f32x4.mul(madd(madd(madd(d, f2, c), f2, b), f2, a), f);
    const low = madd(k, v128.load32_splat(constants, 8), f32x4.mul(f2, f32x4.sub(p, v128.load32_splat(constants))));
    return madd(k, v128.load32_splat(constants, 4), f32x4.add(f, low));
  }

  /** k such that x/2ᵏ lies in [√½, √2): an integer, for positive normal x. */
  @inline static exponent(x: v128): v128 {
    return i32x4.shr_s(i32x4.sub(x, v128.load32_splat(integers)), 23);
  }

  /** Lanes of x that `of` cannot take: below the normal numbers, infinite or NaN. */
  @inline static rare(x: v128): v128 {
    return i32x4.ge_u(i32x4.sub(x, v128.load32_splat(integers, 4)), v128.load32_splat(integers, 8));
  }

  @inline static normal(x: v128): v128 {
    const k = Log.exponent(x);
    return Log.sum(f32x4.sub(i32x4.sub(x, i32x4.shl(k, 23)), v128.load32_splat(constants, ONE)), f32x4.convert_i32x4_s(k));
  }

  @inline static of(x: v128): v128 {
    const y = Log.normal(x);
    if (v128.any_true(Log.rare(x))) return logOfAny(x);
    return y;
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Log.of(x); }
}

/** ln x for every x. `Log.of` calls it when a lane is zero, negative, denormal, infinite or NaN. */
export function logOfAny(x: v128): v128 {
  const denormal = f32x4.lt(x, v128.load32_splat(integers, 4));
  const scaled = v128.bitselect(f32x4.mul(x, v128.load32_splat(constants, 16)), x, denormal);
  const k = Log.exponent(scaled);
  const f = f32x4.sub(i32x4.sub(scaled, i32x4.shl(k, 23)), v128.load32_splat(constants, ONE));
  let y = Log.sum(f, f32x4.sub(f32x4.convert_i32x4_s(k), v128.and(denormal, v128.load32_splat(constants, 20))));
  const infinity = v128.load32_splat(constants, 24);
  const zero = f32x4.splat(0);
  y = v128.bitselect(infinity, y, f32x4.eq(x, infinity));
  y = v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, zero));
  // All bits set: a NaN.
  return v128.or(y, v128.not(f32x4.ge(x, zero)));
}
