import { UnaryFunction } from '../kernels/map';
import { exp2 } from './pow';

/** c₀ … c₁₂ of ln(erfc(z)·e^{z²}/t) ≈ Σ cⱼ uʲ, with t = 2/(2 + z) and u = (13·t − 7.5)/5.5: Chebyshev on 0 ≤ z ≤ 11; error 1.7e-10. */
const coefficients = memory.data<f64>([
  -0.5673654736008614, 0.5785679663481345, 1.7633803958146926e-2, -3.0776153196909501e-2, -1.413795354745275e-3, 4.033095829391548e-3,
  -2.4652210524628515e-4, -6.284435375420117e-4, 1.549965046817192e-4, 8.44126414352786e-5, -4.33009165749354e-5, -6.664384325176798e-6,
  6.077979051042348e-6,
]);

/** Where erfc is 0 in f32; 2; the line from t to u; log₂ e. */
const constants = memory.data<f64>([11, 2, 2.3636363636363638, -1.3636363636363635, 1.4426950408889634]);

/** erfc x = 1 − erf x = 2/√π ∫ₓ^∞ e^−t² dt, computed in double precision and rounded once: 0.503 ulp, also for large x. */
@final export class Erfc extends UnaryFunction {
  @inline static of(x: v128): v128 {
    const low = complement(f64x2.promote_low_f32x4(x));
    const high = complement(f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 0)));
    return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Erfc.of(x); }
}

function complement(x: v128): v128 {
  const two = v128.load64_splat(constants, 8);
  // min, not pmin, keeps a NaN.
  const z = f64x2.min(f64x2.abs(x), v128.load64_splat(constants));
  const t = f64x2.div(two, f64x2.add(two, z));
  const u = f64x2.add(f64x2.mul(t, v128.load64_splat(constants, 16)), v128.load64_splat(constants, 24));
  let p = v128.load64_splat(coefficients, 96);
  for (let at = coefficients + 88; at >= coefficients; at -= 8) p = f64x2.add(f64x2.mul(p, u), v128.load64_splat(at));
  const y = f64x2.mul(t, exp2(f64x2.mul(f64x2.sub(p, f64x2.mul(z, z)), v128.load64_splat(constants, 32))));
  const negative = f64x2.lt(x, f64x2.splat(0));
  // The exponential does not keep a NaN.
  return v128.or(v128.bitselect(f64x2.sub(two, y), y, negative), f64x2.ne(x, x));
}
