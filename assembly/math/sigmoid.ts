import { UnaryFunction } from '../kernels/map';
import { nmadd } from '../simd';
import { Exp } from './exp';

/** 1; the sign bit. */
const constants = memory.data<f32>([1, -0.0]);

/**
 * σ(x) = 1 / (1 + e^−x), to 1.97 ulp, fused or not. Computed from e^−|x|, which keeps the relative accuracy on both sides.
 * Denormal below −87.33655, 0 below −103.97208.
 */
@final export class Sigmoid extends UnaryFunction {
  @inline static of(x: v128): v128 {
    return Sigmoid.from(x, Sigmoid.exponential(x));
  }

  /** e^−|x| */
  @inline static exponential(x: v128): v128 {
    return Exp.ofNonPositive(v128.or(x, v128.load32_splat(constants, 4)));
  }

  /** σ(x), given e = e^−|x|. */
  @inline static from(x: v128, e: v128): v128 {
    const one = v128.load32_splat(constants);
    const sum = f32x4.add(one, e);
    const y = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), sum);
    // What the sum lost in rounding, relative to it. It matters at small e, where the sum is near 1.
    return nmadd(y, f32x4.sub(e, f32x4.sub(sum, one)), y);
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Sigmoid.of(x); }
}
