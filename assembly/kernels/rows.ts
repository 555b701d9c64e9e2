/** Kernels between [rows, features] and its row or feature sums. */
import { areApart, isTensor } from '../preconditions';
import { loadTail } from './map';

/** Lane masks: the vector that starts at word 4 − n keeps its first n lanes, the one that starts at word 4 + n its last n. */
const LANES = memory.data<i32>([-1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1], 16);

/** All bits set in the first n ≤ 4 lanes. */
export function firstLanes(n: usize): v128 {
  return v128.load(LANES + ((4 - n) << 2));
}

/** All bits set in the last n ≤ 4 lanes. */
export function lastLanes(n: usize): v128 {
  return v128.load(LANES + ((4 + n) << 2));
}

/** (l₀ + l₁) + (l₂ + l₃) */
export function addLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The largest lane; NaN where one is. */
export function maxLane(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

/**
 * y[features] = Σ_rows x, or y += Σ_rows x where `accumulate` (the gradient of a bias, notes 28); x has rows of `rowLength` floats.
 *
 * Each feature is summed in the order of the rows, ((x₀ + x₁) + x₂) + …, whatever the number of features. `accumulate` adds the
 * finished sum to y. Error at most (rows − 1)·ε·Σ|x|, ε = 2⁻²⁴.
 */
export function sumRows(y: usize, x: usize, rows: usize, features: usize, rowLength: usize, accumulate: bool): void {
  const stride = rowLength << 2;
  const bytes = rows * stride;
  const end = y + (features << 2);
  for (; y + 64 <= end; y += 64, x += 64) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    for (let at = x, stop = x + bytes; at < stop; at += stride) {
      a = f32x4.add(a, v128.load(at));
      b = f32x4.add(b, v128.load(at, 16));
      c = f32x4.add(c, v128.load(at, 32));
      d = f32x4.add(d, v128.load(at, 48));
    }
    if (accumulate) {
      a = f32x4.add(v128.load(y), a);
      b = f32x4.add(v128.load(y, 16), b);
      c = f32x4.add(v128.load(y, 32), c);
      d = f32x4.add(v128.load(y, 48), d);
    }
    v128.store(y, a);
    v128.store(y, b, 16);
    v128.store(y, c, 32);
    v128.store(y, d, 48);
  }
  for (; y + 16 <= end; y += 16, x += 16) {
    let a = f32x4.splat(0);
    for (let at = x, stop = x + bytes; at < stop; at += stride) a = f32x4.add(a, v128.load(at));
    v128.store(y, accumulate ? f32x4.add(v128.load(y), a) : a);
  }
  for (; y < end; y += 4, x += 4) {
    let a: f32 = 0;
    for (let at = x, stop = x + bytes; at < stop; at += stride) a += load<f32>(at);
    store<f32>(y, accumulate ? load<f32>(y) + a : a);
  }
}

/**
 * y[rows] = Σ_features x.
 *
 * Four running sums, of the elements whose index leaves 0, 1, 2 or 3 on division by four, then (s₀ + s₁) + (s₂ + s₃).
 * Error at most (⌈features / 4⌉ + 1)·ε·Σ|x|.
 */
export function sumFeatures(y: usize, x: usize, rows: usize, features: usize): void {
  const full = (features & ~3) << 2;
  const rest = features & 3;
  const mask = firstLanes(rest);
  for (let end = y + (rows << 2); y < end; y += 4) {
    let sum = f32x4.splat(0);
    for (const stop = x + full; x < stop; x += 16) sum = f32x4.add(sum, v128.load(x));
    if (rest) {
      sum = f32x4.add(sum, v128.and(loadTail(x, rest), mask));
      x += rest << 2;
    }
    store<f32>(y, addLanes(sum));
  }
}

/** y[rows, features] = x[features] on each row. */
export function expandRows(y: usize, x: usize, rows: usize, features: usize): void {
  for (let i: usize = 0; i < rows; i++) y = copyFloats(y, x, features);
}

/** y[rows, features] = x[rows] in each feature. */
export function expandFeatures(y: usize, x: usize, rows: usize, features: usize): void {
  for (let end = x + (rows << 2); x < end; x += 4) {
    fill(y, features, load<f32>(x));
    y += features << 2;
  }
}

/** y[rows] = max over features; NaN where one is among them, +0 above −0. */
export function maxFeatures(y: usize, x: usize, rows: usize, features: usize): void {
  for (let end = y + (rows << 2); y < end; y += 4) {
    store<f32>(y, maxOf(x, features));
    x += features << 2;
  }
}

/** The largest of n ≥ 1 floats; NaN where one is among them. */
export function maxOf(x: usize, n: usize): f32 {
  if (n < 4) return maxLane(loadTail(x, n));
  const last = x + ((n - 4) << 2);
  let largest = v128.load(last);
  for (; x < last; x += 16) largest = f32x4.max(largest, v128.load(x));
  return maxLane(largest);
}

/** y[row, yOffset + j] = x[row, xOffset + j] for j < width; the strides are the rows' lengths. */
export function copyColumns(y: usize, x: usize, rows: usize, width: usize, yStride: usize, yOffset: usize, xStride: usize, xOffset: usize): void {
  if (!ASC_NO_ASSERT) {
    assert(yOffset + width <= yStride && xOffset + width <= xStride, 'copyColumns: the columns lie within the rows');
    assert(isTensor(y, rows * yStride) && isTensor(x, rows * xStride), 'copyColumns: y and x are words in the heap');
    assert(areApart(y, rows * yStride, x, rows * xStride), 'copyColumns: y is apart from x');
  }
  y += yOffset << 2;
  x += xOffset << 2;
  for (let i: usize = 0; i < rows; i++) {
    copyFloats(y, x, width);
    y += yStride << 2;
    x += xStride << 2;
  }
}

/** Copies n floats bit for bit. @returns the address behind the last one written */
export function copyFloats(y: usize, x: usize, n: usize): usize {
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, x += 16) v128.store(y, v128.load(x));
  for (; y < end; y += 4, x += 4) store<u32>(y, load<u32>(x));
  return end;
}

/** y[row, f] = 1 where f = ids[row], else 0. An id ≥ features leaves its row zero. */
export function oneHot(y: usize, ids: usize, rows: usize, features: usize): void {
  fill(y, rows * features, 0);
  for (let end = ids + (rows << 2); ids < end; ids += 4) {
    const id: usize = load<u32>(ids);
    if (id < features) store<f32>(y + (id << 2), 1);
    y += features << 2;
  }
}

/** y = value over n elements. */
export function fill(y: usize, n: usize, value: f32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(y, n), 'fill: y is n floats in the heap');
  const end = y + (n << 2);
  const value4 = f32x4.splat(value);
  for (; y + 16 <= end; y += 16) v128.store(y, value4);
  for (; y < end; y += 4) store<f32>(y, value);
}
