import { UnaryFunction } from '../map';
import { madd } from '../simd';

/** Where erf is 1 in f32; 1; the sign bit. */
const constants = memory.data<f32>([3.93, 1, -0.0]);

/** c₀ … c₆ of erf(x)/x − 1 ≈ Σ cⱼ x²ʲ: minimax on |x| ≤ 1 with f32 coefficients; error 1.3e-9. */
const small = memory.data<f32>([
  0.128379166126, -0.376126289368, 0.112836189568, -2.68551744521e-2, 5.19084464759e-3, -8.03183589596e-4, 7.92413047748e-5,
]);

/** c₀ … c₇ of the eighth root of 1 − erf(x) ≈ Σ cⱼ xʲ on 1 ≤ x ≤ 3.93, its eighth power minimax among f32 coefficients; error 3.6e-9. */
const large = memory.data<f32>([
  1.00037288666, -0.142934650183, -6.55390173197e-2, -7.04352138564e-3,
  1.02485539392e-2, -1.49831664749e-3, -4.15296053689e-5, 1.57842623594e-5,
]);

/** erf x = 2/√π ∫₀ˣ e^−t² dt: exactly odd, ±1 at most, −0 stays −0. */
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
    q = f32x4.mul(q, q);

    return v128.or(v128.bitselect(f32x4.sub(one, q), p, f32x4.gt(t, one)), sign);
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Erf.of(x); }
}
