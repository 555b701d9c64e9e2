import { UnaryFunction } from '../kernels/map';
import { Reduction, ROUNDER } from './reduction';

/**
 * The interval outside which eˣ is 0 or infinite in f32; rounders with the biases of `of` and `ofNonPositive`
 * (both even, so that they decide ties alike); 2⁻²⁵.
 */
const constants = memory.data<f32>([-104, 89, ROUNDER + 254, ROUNDER + 152, 2.98023224e-8]);

/**
 * eˣ, to 0.92 ulp, fused or not. Infinity above 88.72283, denormal below −87.33655, 0 below −103.97208.
 */
@final export class Exp extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const rounder = v128.load32_splat(constants, 8);
    x = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(constants)), v128.load32_splat(constants, 4));
    const t = Reduction.round(x, rounder);
    const p = Reduction.exp(x, t, rounder);
    // Multiply by 2ⁿ in two factors, since n runs from −150 to 128. The first product is exact, the second rounds once.
    const half = i32x4.shr_s(t, 1);
    const scaled = f32x4.mul(p, i32x4.shl(half, 23));
    return f32x4.mul(scaled, i32x4.shl(i32x4.sub(t, half), 23));
  }

  /** The same bits for x ≤ 0, with fewer instructions. */
  @inline static ofNonPositive(x: v128): v128 {
    const rounder = v128.load32_splat(constants, 12);
    x = f32x4.pmax(x, v128.load32_splat(constants));
    const t = Reduction.round(x, rounder);
    const p = Reduction.exp(x, t, rounder);
    const scaled = f32x4.mul(p, i32x4.shl(t, 23));
    return f32x4.mul(scaled, v128.load32_splat(constants, 16));
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Exp.of(x); }
}
