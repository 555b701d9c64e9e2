import { madd, nmadd } from '../simd';

/** The |x| from where tanh is 1 in f32; −2·log₂e; the rounder; ½·ln 2; ½; the sign bit. The rounder: 1.5·2²³ + 127, see `math/reduction.ts`. */
const constants = memory.data<f32>([9.25, -2.88539008, 12583039, 0.346573591, 0.5, -0.0]);

/** c₀ … c₄ of (1 − e^−2h)/2 ≈ h + h²·Σ cⱼ hʲ: minimax on |h| ≤ ln 2 / 4 with f32 coefficients; relative error 1.4e-8. */
const polynomial = memory.data<f32>([-0.99999994, 0.6666618, -0.3333397, 0.13386282, -0.04437965]);

/**
 * tanh x for the relaxed build, to 1.96 ulp, 2.00 where a multiply-add rounds twice: a = (1 − e^−2|x|)/2 divided by 1 − a. One rounding lets the reduction
 * |x| = h − n·½·ln 2 do with one constant, and takes half the operations of `math/tanh.ts`. Exactly odd, ±1 at most, −0 stays −0.
 */
export class FusedTanh {
  @inline static of(x: v128): v128 {
    const rounder = v128.load32_splat(constants, 8);
    const half = v128.load32_splat(constants, 16);
    const clamped = f32x4.pmin(f32x4.abs(x), v128.load32_splat(constants));
    const t = madd(clamped, v128.load32_splat(constants, 4), rounder);
    const h = madd(f32x4.sub(t, rounder), v128.load32_splat(constants, 12), clamped);
    let p = madd(v128.load32_splat(polynomial, 16), h, v128.load32_splat(polynomial, 12));
    p = madd(p, h, v128.load32_splat(polynomial, 8));
    p = madd(p, h, v128.load32_splat(polynomial, 4));
    p = madd(p, h, v128.load32_splat(polynomial));
    // (1 − e^−2h)/2, and with s = 2ⁿ = e^−2|x| / e^−2h, n ≤ 0: a = s·e + (1 − s)/2.
    const e = madd(f32x4.mul(h, h), p, h);
    const s = i32x4.shl(t, 23);
    // Round 1 − a by itself: taken from the rounded a, it would double that error.
    const y = f32x4.div(madd(s, e, nmadd(s, half, half)), nmadd(s, e, madd(s, half, half)));
    return v128.or(y, v128.and(x, v128.load32_splat(constants, 20)));
  }
}
