import { UnaryFunction } from '../kernels/map';
import { madd } from '../simd';

/** Where erf is 1 in f32; 1; the sign bit; where the second approximation begins. */
const constants = memory.data<f32>([4, 1, -0.0, 1.1]);

/** c₀ … c₆ of erf(x)/x − 1 ≈ Σ cⱼ x²ʲ: minimax on |x| ≤ 1.1 with f32 coefficients; error 4.9e-9. */
const small = memory.data<f32>([
  0.128379166126, -0.376126110554, 0.112833708525, -2.68439035863e-2, 5.16850082204e-3, -7.83118477557e-4, 7.25541249267e-5,
]);

/** c₀ … c₇ of the fourth root of 1 − erf(x) ≈ Σ cⱼ xʲ on 1.1 ≤ x ≤ 4, its fourth power minimax with f32 coefficients; error 1.1e-8. */
const large = memory.data<f32>([
  1.00518751144, -0.307549297810, -6.54930695891e-2, -4.85969297588e-2, 6.51139989495e-2, -2.18963120133e-2, 3.17994062789e-3, -1.75602588570e-4,
]);

/** erf x = 2/√π ∫₀ˣ e^−t² dt, to 1.80 ulp (fused multiply-add: 1.69): exactly odd, ±1 at most, −0 stays −0. */
@final export class Erf extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const one = v128.load32_splat(constants, 4);
    const sign = v128.and(x, v128.load32_splat(constants, 8));
    const t = f32x4.pmin(v128.xor(x, sign), v128.load32_splat(constants));
    const t2 = f32x4.mul(t, t);

    let p = madd(v128.load32_splat(small, 24), t2, v128.load32_splat(small, 20));
    p = madd(p, t2, v128.load32_splat(small, 16));
    p = madd(p, t2, v128.load32_splat(small, 12));
    p = madd(p, t2, v128.load32_splat(small, 8));
    p = madd(p, t2, v128.load32_splat(small, 4));
    p = madd(madd(p, t2, v128.load32_splat(small, 0)), t, t);

    const a = madd(v128.load32_splat(large, 4), t, v128.load32_splat(large, 0));
    const b = madd(v128.load32_splat(large, 12), t, v128.load32_splat(large, 8));
    const c = madd(v128.load32_splat(large, 20), t, v128.load32_splat(large, 16));
    const d = madd(v128.load32_splat(large, 28), t, v128.load32_splat(large, 24));
    let q = madd(madd(madd(d, t2, c), t2, b), t2, a);
    q = f32x4.mul(q, q);
    q = f32x4.mul(q, q);

    return v128.or(v128.bitselect(f32x4.sub(one, q), p, f32x4.gt(t, v128.load32_splat(constants, 12))), sign);
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Erf.of(x); }
}
