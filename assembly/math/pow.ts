import { UnaryFunction } from '../kernels/map';

/** c₀ … c₅ of log₂((1 + s)/(1 − s)) ≈ s·Σ cⱼ s²ʲ: minimax on |s| ≤ 0.1716; relative error 2.7e-14. */
const logarithm = memory.data<f64>([
  2.885390081777849947, 0.96179669411335055873, 0.57707794236841492008, 0.41220925170671357529, 0.31990573284619916450, 0.28289955722709486663,
]);

/** c₁ … c₇ of 2^g ≈ 1 + Σ cⱼ gʲ: minimax on |g| ≤ ½; error 4.7e-11. */
const exponential = memory.data<f64>([
  0.69314718070453162913, 0.24022651066560948841, 5.5504103659933336223e-2, 9.6180381320698990488e-3,
  1.3333935054264519846e-3, 1.5466756316336128315e-4, 1.5196156799640469533e-5,
]);

/** 1; 2; 2⁵² + 1023; the exponents outside which a power of two is 0 or infinite in f32; 1.5·2⁵², which rounds to an integer. */
const constants = memory.data<f64>([1, 2, 4503599627371519, -160, 130, 6755399441055744]);

/** The bits of 1 less those of √½; the bits of 1; the bits of 2⁵². */
const integers = memory.data<u64>([0x00095f619980c433, 0x3ff0000000000000, 0x4330000000000000]);

/** 1; ∞; ½; the sign bit. */
const singles = memory.data<f32>([1, f32.POSITIVE_INFINITY, 0.5, -0.0]);

/** How many bit patterns the positive finite floats have; the bits of ∞; all bits but the sign. */
const patterns = memory.data<i32>([0x7f7fffff, 0x7f800000, 0x7fffffff]);

/**
 * x^y. `rest` holds what y lost in rounding to a float: near x = 0 the last bits of an exponent show. All lanes share the exponent.
 * Computes 2^((y + rest)·log₂ x) in double precision and rounds once: 0.501 ulp, and the same bits in both builds. Special cases follow
 * IEEE 754-2019's pow:
 * x⁰ = 1 and 1^y = 1 even for NaN, (−1)^±∞ = 1, negative x with an integer y has the sign of (−1)^y, with another y it is NaN.
 */
@final export class Pow extends UnaryFunction {
  @inline static of(x: v128, y: v128, rest: v128): v128 {
    const magnitude = f32x4.abs(x);
    const exponent = f64x2.add(f64x2.promote_low_f32x4(y), f64x2.promote_low_f32x4(rest));
    const low = power(f64x2.promote_low_f32x4(magnitude), exponent);
    const high = power(f64x2.promote_low_f32x4(i64x2.shuffle(magnitude, magnitude, 1, 0)), exponent);
    const r = i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
    const rare = v128.or(
      i32x4.ge_u(i32x4.sub(x, i32x4.splat(1)), v128.load32_splat(patterns)),
      i32x4.ge_u(v128.and(y, v128.load32_splat(patterns, 8)), v128.load32_splat(patterns, 4)),
    );
    if (v128.any_true(rare)) return powerOfAny(x, y, r);
    return r;
  }

  apply(x: v128, alpha: v128, beta: v128): v128 { return Pow.of(x, alpha, beta); }
}

/** x^y in f64x2, for x the positive finite floats. */
function power(x: v128, y: v128): v128 {
  // x = 2ᵏ·m, √½ ≤ m < √2. The shift leaves k + 1023.
  const biased = i64x2.shr_u(i64x2.add(x, v128.load64_splat(integers)), 52);
  const k = f64x2.sub(v128.or(biased, v128.load64_splat(integers, 16)), v128.load64_splat(constants, 16));
  const m = i64x2.add(i64x2.sub(x, i64x2.shl(biased, 52)), v128.load64_splat(integers, 8));
  const f = f64x2.sub(m, v128.load64_splat(constants));
  const s = f64x2.div(f, f64x2.add(f, v128.load64_splat(constants, 8)));
  const s2 = f64x2.mul(s, s);
  let p = horner(v128.load64_splat(logarithm, 40), s2, v128.load64_splat(logarithm, 32));
  p = horner(p, s2, v128.load64_splat(logarithm, 24));
  p = horner(p, s2, v128.load64_splat(logarithm, 16));
  p = horner(p, s2, v128.load64_splat(logarithm, 8));
  p = horner(p, s2, v128.load64_splat(logarithm));
  return exp2(f64x2.mul(y, horner(p, s, k)));
}

/** 2^w in f64x2, to 4.7e-11; 2^−160 and 2^130 beyond the range of f32. */
export function exp2(w: v128): v128 {
  w = f64x2.pmin(f64x2.pmax(w, v128.load64_splat(constants, 24)), v128.load64_splat(constants, 32));
  const t = f64x2.add(w, v128.load64_splat(constants, 40));
  const g = f64x2.sub(w, f64x2.sub(t, v128.load64_splat(constants, 40)));
  let q = horner(v128.load64_splat(exponential, 48), g, v128.load64_splat(exponential, 40));
  q = horner(q, g, v128.load64_splat(exponential, 32));
  q = horner(q, g, v128.load64_splat(exponential, 24));
  q = horner(q, g, v128.load64_splat(exponential, 16));
  q = horner(q, g, v128.load64_splat(exponential, 8));
  q = horner(q, g, v128.load64_splat(exponential));
  return i64x2.add(horner(q, g, v128.load64_splat(constants)), i64x2.shl(t, 52));
}

/** a·b + c, rounded twice in both builds. */
function horner(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

/** x^y for every x and y, given r = |x|^y where x ≠ 0 and both are finite. */
function powerOfAny(x: v128, y: v128, r: v128): v128 {
  const zero = f32x4.splat(0);
  const one = v128.load32_splat(singles);
  const infinity = v128.load32_splat(singles, 4);
  const magnitude = f32x4.abs(x);
  const grows = v128.xor(f32x4.gt(magnitude, one), f32x4.lt(y, zero));
  const extreme = v128.or(v128.or(f32x4.eq(x, zero), f32x4.eq(magnitude, infinity)), f32x4.eq(f32x4.abs(y), infinity));
  r = v128.bitselect(v128.and(infinity, grows), r, extreme);

  const half = f32x4.mul(y, v128.load32_splat(singles, 8));
  const fraction = f32x4.ne(f32x4.nearest(y), y);
  const odd = v128.andnot(f32x4.ne(f32x4.nearest(half), half), fraction);
  r = v128.or(r, v128.and(v128.and(x, v128.load32_splat(singles, 12)), odd));

  // All bits set: a NaN.
  r = v128.or(r, v128.and(v128.and(f32x4.lt(x, zero), f32x4.lt(magnitude, infinity)), fraction));
  r = v128.or(r, v128.or(f32x4.ne(x, x), f32x4.ne(y, y)));
  const unit = v128.or(f32x4.eq(x, one), v128.and(f32x4.eq(magnitude, one), f32x4.eq(f32x4.abs(y), infinity)));
  return v128.bitselect(one, r, v128.or(unit, f32x4.eq(y, zero)));
}
