/**
 * Kernels over the features of a row, of four nets at once: an element is a vector, lane l that of net l. Each lane has the bits that its net has by
 * itself: what is a lane of a horizontal sum there (`kernels/rows.ts`, `kernels/softmax.ts`) is a sum of its own here, added in the same order.
 */
import { Exp } from '../math/exp';
import { Log } from '../math/log';
import { Log1p } from '../math/log1p';
import { isLanes } from '../preconditions';

/** y[rows] = Σ_features x, in the order of `sumFeatures`. */
export function laneSumFeatures(y: usize, x: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows) && isLanes(x, rows * features), 'laneSumFeatures: y and x are vectors in the heap');
  const full = (features & ~3) << 4;
  const rest = features & 3;
  for (let end = y + (rows << 4); y < end; y += 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (const stop = x + full; x < stop; x += 64) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    if (rest) s0 = f32x4.add(s0, v128.load(x));
    if (rest > 1) s1 = f32x4.add(s1, v128.load(x, 16));
    if (rest > 2) s2 = f32x4.add(s2, v128.load(x, 32));
    x += rest << 4;
    v128.store(y, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
}

/** y[rows, features] = x[rows] in each feature. */
export function laneExpandFeatures(y: usize, x: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows * features) && isLanes(x, rows), 'laneExpandFeatures: y and x are vectors in the heap');
  for (let end = x + (rows << 4); x < end; x += 16) {
    const value = v128.load(x);
    for (const stop = y + (features << 4); y < stop; y += 16) v128.store(y, value);
  }
}

/** y[row, f] = 1 where f = ids[row], else 0. */
export function laneOneHot(y: usize, ids: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows * features) && isLanes(ids, rows), 'laneOneHot: y and ids are vectors in the heap');
  const one = f32x4.splat(1);
  for (let end = ids + (rows << 4); ids < end; ids += 16) {
    const id = v128.load(ids);
    for (let f: usize = 0; f < features; f++, y += 16) v128.store(y, v128.and(one, i32x4.eq(id, i32x4.splat(<i32>f))));
  }
}

/** y[rows] = max over features; NaN where one is among them, +0 above −0. */
export function laneMaxFeatures(y: usize, x: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows) && isLanes(x, rows * features), 'laneMaxFeatures: y and x are vectors in the heap');
  for (let end = y + (rows << 4); y < end; y += 16, x += features << 4) v128.store(y, laneMax(x, features));
}

/** The largest of n ≥ 1 elements of each net; NaN where one is among them. */
export function laneMax(x: usize, n: usize): v128 {
  let largest = v128.load(x);
  for (const end = x + (n << 4); x < end; x += 16) largest = f32x4.max(largest, v128.load(x));
  return largest;
}

/**
 * y = e^{x − largest} over n ≥ 1 elements, and their sum, in the order of `exponentials`; y may be x.
 */
export function laneExponentials(y: usize, x: usize, n: usize, largest: v128): v128 {
  for (let at: usize = 0; at < n << 4; at += 16) v128.store(y + at, Exp.ofNonPositive(f32x4.sub(v128.load(x + at), largest)));
  return laneSum(y, n);
}

/** Σ of n ≥ 1 elements that are not −0: four running sums, of which the last n mod 4 elements join the last, or the first where n < 4. */
export function laneSum(x: usize, n: usize): v128 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  if (n < 4) {
    s0 = v128.load(x);
    if (n > 1) s1 = v128.load(x, 16);
    if (n > 2) s2 = v128.load(x, 32);
    return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  }
  const end = x + (n << 4);
  for (const stop = x + ((n & ~3) << 4); x < stop; x += 64) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
  }
  const rest = n & 3;
  if (rest) s3 = f32x4.add(s3, v128.load(end - 16));
  if (rest > 1) s2 = f32x4.add(s2, v128.load(end - 32));
  if (rest > 2) s1 = f32x4.add(s1, v128.load(end - 48));
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

/** Σ e^{x − largest}, with the bits of `laneExponentials`. */
export function laneSumExponentials(x: usize, n: usize, largest: v128): v128 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const behind: usize = n < 4 ? 0 : 4 - (n & 3);
  const full = n & ~3;
  for (let j: usize = 0; j < n; j++, x += 16) {
    const e = Exp.ofNonPositive(f32x4.sub(v128.load(x), largest));
    const to = j < full ? j & 3 : (j & 3) + behind;
    if (to == 0) s0 = f32x4.add(s0, e);
    else if (to == 1) s1 = f32x4.add(s1, e);
    else if (to == 2) s2 = f32x4.add(s2, e);
    else s3 = f32x4.add(s3, e);
  }
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

/** y[row, j] = e^{x_j − max} / Σ e^{x_l − max}; y may be x. */
export function laneSoftmax(y: usize, x: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows * features) && isLanes(x, rows * features), 'laneSoftmax: y and x are vectors in the heap');
  const stride = features << 4;
  for (let i: usize = 0; i < rows; i++, x += stride, y += stride) {
    const sum = laneExponentials(y, x, features, laneMax(x, features));
    for (let at: usize = 0; at < stride; at += 16) v128.store(y + at, f32x4.div(v128.load(y + at), sum));
  }
}

/** y[row] = max + log Σ e^{x_l − max}. */
export function laneLogSumExp(y: usize, x: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows) && isLanes(x, rows * features), 'laneLogSumExp: y and x are vectors in the heap');
  for (let end = y + (rows << 4); y < end; y += 16, x += features << 4) {
    const largest = laneMax(x, features);
    // ∞ − ∞ would be NaN.
    const finite = f32x4.lt(f32x4.abs(largest), f32x4.splat(Infinity));
    const value = f32x4.add(largest, Log.of(laneSumExponentials(x, features, largest)));
    v128.store(y, v128.bitselect(value, largest, finite));
  }
}

/** y[row, j] = (x_j − max) − log1p(Σ e^{x_l − max} over all but one of the largest); y may be x. */
export function laneLogSoftmax(y: usize, x: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows * features) && isLanes(x, rows * features), 'laneLogSoftmax: y and x are vectors in the heap');
  const stride = features << 4;
  for (let i: usize = 0; i < rows; i++, x += stride, y += stride) {
    const largest = laneMax(x, features);
    const log = Log1p.of(sumOthers(x, features, largest));
    for (let at: usize = 0; at < stride; at += 16) v128.store(y + at, f32x4.sub(f32x4.sub(v128.load(x + at), largest), log));
  }
}

/** Σ e^{x − largest} without one of the largest, which are counted, not summed: four running sums by the index mod 4. */
function sumOthers(x: usize, n: usize, largest: v128): v128 {
  const one = f32x4.splat(1);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let ties = s0;
  for (let j: usize = 0; j < n; j++, x += 16) {
    const value = v128.load(x);
    const equal = f32x4.eq(value, largest);
    const e = v128.andnot(Exp.ofNonPositive(f32x4.sub(value, largest)), equal);
    // A count of small whole numbers is exact in any order.
    ties = f32x4.add(ties, v128.and(one, equal));
    const to = j & 3;
    if (to == 0) s0 = f32x4.add(s0, e);
    else if (to == 1) s1 = f32x4.add(s1, e);
    else if (to == 2) s2 = f32x4.add(s2, e);
    else s3 = f32x4.add(s3, e);
  }
  return f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), f32x4.sub(ties, one));
}
