/** How packed weights and quantized rows lie in memory. Integers of eight bits are kept in sixteen, so that no loop widens them. */

/** Columns of a panel: rows of w. */
export const NR: usize = 8;

/** Rows of a strip. */
export const MR: usize = 4;

/** Scales in front of a panel, and of the pairs of a strip, in bytes. */
export const PANEL_SCALES: usize = NR << 2;
export const STRIP_SCALES: usize = MR << 2;

/** Bytes of a tile of sums, which is the first of a strip: parts of a product by several threads share nothing that is written. */
export const TILE: usize = (MR * NR) << 2;

/** The largest magnitude of a weight. */
export const WEIGHT_LIMIT: f32 = 127;

/** A row of less magnitude than 2⁻⁹⁶ is quantized as if it had that: no scale, and no reciprocal of one, leaves the normal numbers. */
export const SMALLEST: i32 = 0x0f800000;

/** Bits of +∞. Magnitudes from here on are not finite. */
export const INFINITE: i32 = 0x7f800000;

/** 1.5·2²³. Added to a number below 2²² in magnitude, it leaves the nearest integer, ties to even, in the low bits. */
export const ROUNDING: f32 = 12582912;

/** Terms are multiplied two by two. */
export function pairsOf(k: usize): usize {
  return (k + 1) >> 1;
}

/** Bytes of a panel: its eight scales, then eight pairs for each pair of terms. */
export function panelSize(k: usize): usize {
  return PANEL_SCALES + pairsOf(k) * (NR << 2);
}

/** Bytes of a strip: a tile, four scales, then four pairs for each pair of terms. */
export function stripSize(k: usize): usize {
  return TILE + STRIP_SCALES + pairsOf(k) * (MR << 2);
}

/** The largest magnitude of the k inputs of a layer, so that no sum of 32 bits overflows: sixteen bits, or fewer from 517 inputs on. */
export function inputLimit(k: usize): f32 {
  return <f32>min<u32>(0x7fff, 0x7fffffff / (127 * max<u32>(1, <u32>k)));
}

/** The bits of the largest magnitude of k floats: greater than those of a finite number where one is not finite. */
export function largest(x: usize, k: usize): i32 {
  const magnitude = i32x4.splat(0x7fffffff);
  const end = x + (k << 2);
  let most4 = i32x4.splat(0);
  for (; x + 16 <= end; x += 16) most4 = i32x4.max_s(most4, v128.and(v128.load(x), magnitude));
  let most = max(
    max(i32x4.extract_lane(most4, 0), i32x4.extract_lane(most4, 1)),
    max(i32x4.extract_lane(most4, 2), i32x4.extract_lane(most4, 3)),
  );
  for (; x < end; x += 4) most = max(most, load<i32>(x) & 0x7fffffff);
  return max(most, SMALLEST);
}
