import { UnaryFunction } from '../kernels/map';
import { madd } from '../simd';
import { Reduction, ROUNDER } from './reduction';

/** The interval outside which eˣ − 1 is −1 or infinite in f32; from where 2ⁿ can be 2¹²⁸; the rounder; 1; the sign bit. */
const constants = memory.data<f32>([-18, 89, 88, ROUNDER + 127, 1, -0.0]);

/** eˣ − 1, to 1.61 ulp (fused multiply-add: 1.59). −0 stays −0. */
@final export class Expm1 extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const rounder = v128.load32_splat(constants, 12);
    const clamped = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(constants)), v128.load32_splat(constants, 4));
    const t = Reduction.round(clamped, rounder);
    const e = Reduction.expm1(clamped, t, rounder);
    // 2ⁿ·e + (2ⁿ − 1). Where n may be 128, compute half of it and double the result.
    const huge = f32x4.gt(clamped, v128.load32_splat(constants, 8));
    const scale = i32x4.shl(i32x4.add(t, huge), 23);
    const y = madd(scale, e, f32x4.sub(scale, v128.load32_splat(constants, 16)));
    return v128.or(f32x4.add(y, v128.and(y, huge)), v128.and(x, v128.load32_splat(constants, 20)));
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Expm1.of(x); }
}
