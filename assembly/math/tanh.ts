import { UnaryFunction } from '../map';
import { madd } from '../simd';
import { Reduction, ROUNDER } from './reduction';

/** Where tanh is 1 in f32, doubled; the rounder; 1; 2; the sign bit. */
const constants = memory.data<f32>([18.5, ROUNDER + 127, 1, 2, -0.0]);

/** tanh x = (e^2|x| − 1) / (e^2|x| + 1), with the sign of x: exactly odd, ±1 at most, −0 stays −0. */
@final export class Tanh extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const rounder = v128.load32_splat(constants, 4);
    const sign = v128.and(x, v128.load32_splat(constants, 16));
    const magnitude = v128.xor(x, sign);
    const z = f32x4.pmin(f32x4.add(magnitude, magnitude), v128.load32_splat(constants));
    const t = Reduction.round(z, rounder);
    const e = Reduction.expm1(Reduction.remainder(z, t, rounder));
    const scale = i32x4.shl(t, 23);
    const y = madd(scale, e, f32x4.sub(scale, v128.load32_splat(constants, 8)));
    return v128.or(f32x4.div(y, f32x4.add(y, v128.load32_splat(constants, 12))), sign);
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Tanh.of(x); }
}
