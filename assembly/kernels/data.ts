/** Copies rows of a data set, in the order of the epoch, to the buffers of a program; checks that data are finite. */
import { DataType } from '../opcodes';
import { isTensor } from '../preconditions';
import { isInBlock } from '../blocks';
import { copyFloats } from './rows';

/**
 * y[row, :] = data[order[position + row], :]·scale + offset; order = 0: rows position, position + 1, …
 *
 * Float32 and Uint8 give fl(fl(x·scale) + offset), the same bits in both builds; Uint8 is converted exactly first. Float32 with
 * scale 1 and offset 0, and Uint32 (class ids) always, are copied bit for bit.
 */
export function gather(y: usize, data: usize, order: usize, position: usize, rows: usize, features: usize, type: i32, scale: f32, offset: f32): void {
  const stride = type == DataType.Uint8 ? features : features << 2;
  if (!ASC_NO_ASSERT) {
    assert(isTensor(y, rows * features), 'gather: y[rows, features] is floats in the heap');
    assert(order == 0 || isTensor(order + (position << 2), rows), 'gather: the order has a number for each row');
    assert(isInBlock(data, lastRow(order, position, rows) * stride), 'gather: the rows lie in the column');
  }
  const plain = type == DataType.Uint32 || (type == DataType.Float32 && scale == 1 && offset == 0);
  if (!order) return copyRow(y, data + position * stride, rows * features, type, plain, scale, offset);
  const group = stride < LINE ? rows : max(1, TOGETHER / stride);
  const end = order + ((position + rows) << 2);
  for (let at = order + (position << 2); at < end; ) {
    const next = min(end, at + (group << 2));
    if (stride >= LINE) for (let row = at; row < next; row += 4) touch(data + <usize>load<u32>(row) * stride, stride);
    for (; at < next; at += 4, y += features << 2) copyRow(y, data + <usize>load<u32>(at) * stride, features, type, plain, scale, offset);
  }
}

/** One more than the largest number of the rows that `gather` reads. Debug build only. */
function lastRow(order: usize, position: usize, rows: usize): usize {
  if (!order) return position + rows;
  let last: usize = 0;
  for (let i = position; i < position + rows; i++) last = max(last, <usize>load<u32>(order + (i << 2)) + 1);
  return last;
}

/** Bytes of a cache line. Rows at least as long are prefetched in groups, so that their cache misses overlap. */
const LINE: usize = 64;

/** Bytes of rows that are prefetched together. */
const TOGETHER: usize = 1 << 12;

/** What `touch` read last. Keeps the optimizer from removing the loads. */
let touched: u8 = 0;

/** Prefetches by reading a byte of each cache line. */
function touch(x: usize, bytes: usize): void {
  let all: u8 = 0;
  for (const end = x + bytes; x < end; x += LINE) all |= load<u8>(x);
  touched = all;
}

function copyRow(y: usize, x: usize, n: usize, type: i32, plain: bool, scale: f32, offset: f32): void {
  if (plain) copyFloats(y, x, n);
  else if (type == DataType.Uint8) scaleBytes(y, x, n, scale, offset);
  else scaleFloats(y, x, n, scale, offset);
}

function scaleFloats(y: usize, x: usize, n: usize, scale: f32, offset: f32): void {
  const scale4 = f32x4.splat(scale);
  const offset4 = f32x4.splat(offset);
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, x += 16) v128.store(y, f32x4.add(f32x4.mul(v128.load(x), scale4), offset4));
  for (; y < end; y += 4, x += 4) store<f32>(y, load<f32>(x) * scale + offset);
}

function scaleBytes(y: usize, x: usize, n: usize, scale: f32, offset: f32): void {
  const scale4 = f32x4.splat(scale);
  const offset4 = f32x4.splat(offset);
  const end = y + (n << 2);
  // Convert as signed: bytes are never negative, and x86 needs one instruction where the unsigned conversion takes several.
  for (; y + 32 <= end; y += 32, x += 8) {
    const eight = v128.load8x8_u(x);
    const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(eight));
    const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(eight));
    v128.store(y, f32x4.add(f32x4.mul(low, scale4), offset4));
    v128.store(y, f32x4.add(f32x4.mul(high, scale4), offset4), 16);
  }
  for (; y < end; y += 4, x++) store<f32>(y, <f32>load<u8>(x) * scale + offset);
}

/** The index of the first of n floats that is NaN or infinite; −1 where all are finite. */
export function firstNonFinite(x: usize, n: usize): i32 {
  if (!ASC_NO_ASSERT) assert(isTensor(x, n), 'firstNonFinite: x is n floats in the heap');
  const infinity = f32x4.splat(Infinity);
  const end = x + (n << 2);
  let at = x;
  for (; at + 64 <= end; at += 64) {
    const low = v128.and(f32x4.lt(f32x4.abs(v128.load(at)), infinity), f32x4.lt(f32x4.abs(v128.load(at, 16)), infinity));
    const high = v128.and(f32x4.lt(f32x4.abs(v128.load(at, 32)), infinity), f32x4.lt(f32x4.abs(v128.load(at, 48)), infinity));
    if (!i32x4.all_true(v128.and(low, high))) break;
  }
  for (; at < end; at += 4) if (!isFinite(load<f32>(at))) return <i32>((at - x) >>> 2);
  return -1;
}

/** The bits of the largest |x| of n floats. As integers, magnitudes sort by value, then infinity, then NaN. */
export function largestMagnitude(x: usize, n: usize): u32 {
  if (!ASC_NO_ASSERT) assert(isTensor(x, n), 'largestMagnitude: x is n floats in the heap');
  const magnitude = i32x4.splat(0x7fffffff);
  let a = i32x4.splat(0);
  let b = a;
  const end = x + (n << 2);
  for (; x + 32 <= end; x += 32) {
    a = i32x4.max_u(a, v128.and(v128.load(x), magnitude));
    b = i32x4.max_u(b, v128.and(v128.load(x, 16), magnitude));
  }
  a = i32x4.max_u(a, b);
  for (; x < end; x += 4) a = i32x4.max_u(a, v128.and(v128.load32_zero(x), magnitude));
  a = i32x4.max_u(a, i32x4.shuffle(a, a, 2, 3, 0, 1));
  return max(<u32>i32x4.extract_lane(a, 0), <u32>i32x4.extract_lane(a, 1));
}
