/**
 * The few vector idioms that differ between the builds or read badly when spelt out. The release builds are both compiled with relaxed SIMD; the
 * baseline loses it afterwards (scripts/unfuse.mjs), so that the two agree in all but these. The debug build is compiled without.
 */

/** a·b + c in each lane: one rounding in the relaxed build where the hardware has it, two in the baseline. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a·b in each lane. */
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<f32>(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** Stores a register tile of four rows and eight columns, rows one behind the other: floats or integers. */
// @ts-ignore: decorator
@inline
export function storeTile(t: usize, t00: v128, t01: v128, t10: v128, t11: v128, t20: v128, t21: v128, t30: v128, t31: v128): void {
  v128.store(t, t00);
  v128.store(t, t01, 16);
  v128.store(t, t10, 32);
  v128.store(t, t11, 48);
  v128.store(t, t20, 64);
  v128.store(t, t21, 80);
  v128.store(t, t30, 96);
  v128.store(t, t31, 112);
}
