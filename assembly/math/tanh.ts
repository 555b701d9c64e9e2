import { UnaryFunction } from '../kernels/map';
import { madd } from '../simd';
import { Reduction, ROUNDER } from './reduction';

/** The sign bit; twice the −|x| from where tanh is ±1 in f32; the rounder; 1; −2·artanh ½. */
const constants = memory.data<f32>([-0.0, -18.5, ROUNDER + 127, 1, -1.09861229]);

/** c₀ … c₃ of tanh x ≈ x + x³·Σ cⱼ x²ʲ: minimax on |x| ≤ 0.55 with f32 coefficients; relative error 3.7e-8. */
const small = memory.data<f32>([-0.333329468966, 0.133207291365, -5.26720136404e-2, 1.64378918707e-2]);

/**
 * tanh x, to 1.50 ulp, fused or not: −tanh |x| = 2w/(1 + w) − 1 with w = e^−2|x| where that is beyond ½, a polynomial between.
 * Exactly odd, ±1 at most, −0 stays −0.
 */
@final export class Tanh extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const z = Tanh.exponent(x);
    return Tanh.from(x, z, Tanh.exponential(z));
  }

  /** −2|x| */
  @inline static exponent(x: v128): v128 {
    return v128.or(f32x4.add(x, x), v128.load32_splat(constants));
  }

  /** w = e^z for z = −2|x|. */
  @inline static exponential(z: v128): v128 {
    const rounder = v128.load32_splat(constants, 8);
    const clamped = f32x4.pmax(z, v128.load32_splat(constants, 4));
    const t = Reduction.round(clamped, rounder);
    return f32x4.mul(Reduction.exp(clamped, t, rounder), i32x4.shl(t, 23));
  }

  /** tanh x, given z = −2|x| and w = e^z. */
  @inline static from(x: v128, z: v128, w: v128): v128 {
    const signBit = v128.load32_splat(constants);
    const one = v128.load32_splat(constants, 12);
    const large = f32x4.sub(f32x4.div(f32x4.add(w, w), f32x4.add(w, one)), one);

    const x2 = f32x4.mul(x, x);
    const a = madd(v128.load32_splat(small, 4), x2, v128.load32_splat(small, 0));
    const b = madd(v128.load32_splat(small, 12), x2, v128.load32_splat(small, 8));
    const p = madd(f32x4.mul(madd(b, f32x4.mul(x2, x2), a), x2), x, x);
    return v128.bitselect(x, v128.bitselect(large, p, f32x4.lt(z, v128.load32_splat(constants, 16))), signBit);
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Tanh.of(x); }
}
