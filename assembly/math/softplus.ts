import { UnaryFunction } from '../kernels/map';
import { Exp } from './exp';
import { Log } from './log';

/** √2 − 1; 1; ½; the sign bit. */
const constants = memory.data<f32>([0.414213562, 1, 0.5, -0.0]);

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), to 1.79 ulp, fused or not. It does not overflow, and keeps the small values of negative x. */
@final export class Softplus extends UnaryFunction {
  @inline static of(x: v128): v128 {
    return Softplus.from(x, Exp.ofNonPositive(v128.or(x, v128.load32_splat(constants, 12))));
  }

  /** The same, given e = e^−|x|. */
  @inline static from(x: v128, e: v128): v128 {
    const one = v128.load32_splat(constants, 4);
    // 1 + e lies between 1 and 2: either 1 + f or 2·(1 + f).
    const k = f32x4.gt(e, v128.load32_splat(constants));
    const f = v128.bitselect(f32x4.mul(f32x4.sub(e, one), v128.load32_splat(constants, 8)), e, k);
    return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), Log.sum(f, v128.and(k, one)));
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Softplus.of(x); }
}
