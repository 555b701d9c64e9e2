import { UnaryFunction } from '../kernels/map';
import { madd } from '../simd';
import { Log, logOfAny } from './log';

/** 1; the sign bit. */
const constants = memory.data<f32>([1, -0.0]);

/** The bits of the smallest float, and how many patterns there are from there to 2¹²⁷. */
const integers = memory.data<i32>([1, 0x7effffff]);

/** ln(1 + x), to 1.55 ulp, fused or not. −∞ at −1, NaN below, −0 stays −0. */
@final export class Log1p extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const one = v128.load32_splat(constants);
    const u = f32x4.add(x, one);
    // 1 + x = 2ᵏ·(1 + f). f takes back what u lost in rounding, so that a small x is f itself.
    const lost = f32x4.sub(x, f32x4.sub(u, one));
    const k = Log.exponent(u);
    const shift = i32x4.shl(k, 23);
    const f = madd(i32x4.sub(one, shift), lost, f32x4.sub(i32x4.sub(u, shift), one));
    const y = v128.or(Log.sum(f, f32x4.convert_i32x4_s(k)), v128.and(x, v128.load32_splat(constants, 4)));
    const rare = i32x4.ge_u(i32x4.sub(u, v128.load32_splat(integers)), v128.load32_splat(integers, 4));
    if (v128.any_true(rare)) return v128.bitselect(logOfAny(u), y, rare);
    return y;
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Log1p.of(x); }
}
