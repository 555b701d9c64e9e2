/** Rows of four nets, taken apart from and put together to rows of each: an element in memory is a vector, lane l that of net l. */
import { DataType } from '../opcodes';
import { isLanes, isTensor } from '../preconditions';
import { drawFrom } from '../random';
import { LaneSource } from './context';

/**
 * y[row, :] of net l = data[order[position + row], :]·scale + offset of that net, with the bits of `gather`. `orders` holds the address of each net's
 * order, of u32; 0 for rows as they are stored.
 */
export function laneGather(y: usize, sources: usize, orders: usize, position: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows * features), 'laneGather: y is vectors in the heap');
  if (isPlain(sources) && isPlain(sources + LaneSource.Size) && isPlain(sources + 2 * LaneSource.Size) && isPlain(sources + 3 * LaneSource.Size)) {
    return gatherPlain(y, sources, orders, position, rows, features);
  }
  for (let l: usize = 0; l < 4; l++) {
    const source = sources + l * LaneSource.Size;
    const order: usize = orders ? <usize>load<u32>(orders + (l << 2)) : 0;
    gatherLane(
      y + (l << 2), load<u32>(source, LaneSource.Address), order, position, rows, features, load<u32>(source, LaneSource.Type),
      load<f32>(source, LaneSource.Scale), load<f32>(source, LaneSource.Offset),
    );
  }
}

/** Whether the elements of a net's column are taken as they are. */
function isPlain(source: usize): bool {
  const type: i32 = load<u32>(source, LaneSource.Type);
  if (type == DataType.Uint32) return true;
  return type == DataType.Float32 && load<f32>(source, LaneSource.Scale) == 1 && load<f32>(source, LaneSource.Offset) == 0;
}

/** Row number `i` of a net, at its address. */
// @ts-ignore: decorator
@inline
function rowAt(data: usize, order: usize, i: usize, bytes: usize): usize {
  return data + (order ? <usize>load<u32>(order + (i << 2)) : i) * bytes;
}

/** Puts together each vector in a register: what four stores wrote, a load of all of it would wait for. */
function gatherPlain(y: usize, sources: usize, orders: usize, position: usize, rows: usize, features: usize): void {
  const d0: usize = load<u32>(sources);
  const d1: usize = load<u32>(sources, 16);
  const d2: usize = load<u32>(sources, 32);
  const d3: usize = load<u32>(sources, 48);
  const o0: usize = orders ? <usize>load<u32>(orders) : 0;
  const o1: usize = orders ? <usize>load<u32>(orders, 4) : 0;
  const o2: usize = orders ? <usize>load<u32>(orders, 8) : 0;
  const o3: usize = orders ? <usize>load<u32>(orders, 12) : 0;
  const bytes = features << 2;
  for (let i = position, last = position + rows; i < last; i++) {
    const x0 = rowAt(d0, o0, i, bytes);
    const x1 = rowAt(d1, o1, i, bytes);
    const x2 = rowAt(d2, o2, i, bytes);
    const x3 = rowAt(d3, o3, i, bytes);
    join(y, x0, x1, x2, x3, bytes);
    y += bytes << 2;
  }
}

/** The bytes at each x, element by element side by side at y. */
// @ts-ignore: decorator
@inline
function join(y: usize, x0: usize, x1: usize, x2: usize, x3: usize, bytes: usize): void {
  const end = x0 + bytes;
  for (; x0 + 16 <= end; x0 += 16, x1 += 16, x2 += 16, x3 += 16, y += 64) {
    const low01 = v128.shuffle<f32>(v128.load(x0), v128.load(x1), 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(v128.load(x0), v128.load(x1), 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(v128.load(x2), v128.load(x3), 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(v128.load(x2), v128.load(x3), 2, 6, 3, 7);
    v128.store(y, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(y, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 16);
    v128.store(y, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 32);
    v128.store(y, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 48);
  }
  if (bytes & 8) {
    const pair01 = v128.load_lane<u64>(x1, v128.load64_zero(x0), 1);
    const pair23 = v128.load_lane<u64>(x3, v128.load64_zero(x2), 1);
    v128.store(y, v128.shuffle<f32>(pair01, pair23, 0, 2, 4, 6));
    v128.store(y, v128.shuffle<f32>(pair01, pair23, 1, 3, 5, 7), 16);
    x0 += 8;
    x1 += 8;
    x2 += 8;
    x3 += 8;
    y += 32;
  }
  if (bytes & 4) {
    let value = v128.load32_zero(x0);
    value = v128.load_lane<u32>(x1, value, 1);
    value = v128.load_lane<u32>(x2, value, 2);
    v128.store(y, v128.load_lane<u32>(x3, value, 3));
  }
}

function gatherLane(y: usize, data: usize, order: usize, position: usize, rows: usize, features: usize, type: i32, scale: f32, offset: f32): void {
  const plain = type == DataType.Uint32 || (type == DataType.Float32 && scale == 1 && offset == 0);
  for (let i: usize = 0; i < rows; i++) {
    const row: usize = order ? <usize>load<u32>(order + ((position + i) << 2)) : position + i;
    if (plain) {
      for (let x = data + ((row * features) << 2), end = x + (features << 2); x < end; x += 4, y += 16) store<u32>(y, load<u32>(x));
    } else if (type == DataType.Uint8) {
      for (let x = data + row * features, end = x + features; x < end; x++, y += 16) store<f32>(y, <f32>load<u8>(x) * scale + offset);
    } else {
      for (let x = data + ((row * features) << 2), end = x + (features << 2); x < end; x += 4, y += 16) store<f32>(y, load<f32>(x) * scale + offset);
    }
  }
}

/**
 * y = rows of `nets` nets of n floats each, four to a group, `stride` bytes from net to net; 0 where all have the same. A last group of fewer nets
 * repeats the last.
 */
export function interleave(y: usize, x: usize, n: usize, stride: usize, nets: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, n * ((nets + 3) >> 2)) && isTensor(x, (stride >> 2) * (nets - 1) + n), 'interleave: y is vectors, x floats of each net in the heap');
  const bytes = n << 2;
  if (!stride) {
    for (const end = y + ((nets + 3) >> 2) * (bytes << 2); y < end; ) {
      for (let at: usize = 0; at < bytes; at += 4, y += 16) v128.store(y, v128.load32_splat(x + at));
    }
    return;
  }
  for (let left = <isize>nets; left > 0; left -= 4, x += stride << 2, y += bytes << 2) {
    const x1 = left > 1 ? x + stride : x;
    const x2 = left > 2 ? x1 + stride : x1;
    join(y, x, x1, x2, left > 3 ? x2 + stride : x2, bytes);
  }
}

/** The other way round: n floats of each of the first `nets` nets, `stride` bytes from net to net. */
export function separate(y: usize, x: usize, n: usize, stride: usize, nets: usize): void {
  if (!ASC_NO_ASSERT) assert(isLanes(x, n * ((nets + 3) >> 2)) && isTensor(y, (stride >> 2) * (nets - 1) + n), 'separate: x is vectors, y floats of each net in the heap');
  for (; nets >= 4; nets -= 4, y += stride << 2) {
    const end = y + (n << 2);
    let y0 = y;
    let y1 = y + stride;
    let y2 = y1 + stride;
    let y3 = y2 + stride;
    for (; y0 + 16 <= end; y0 += 16, y1 += 16, y2 += 16, y3 += 16, x += 64) {
      const low01 = v128.shuffle<f32>(v128.load(x), v128.load(x, 16), 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(v128.load(x), v128.load(x, 16), 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(v128.load(x, 32), v128.load(x, 48), 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(v128.load(x, 32), v128.load(x, 48), 2, 6, 3, 7);
      v128.store(y0, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(y1, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
      v128.store(y2, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      v128.store(y3, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    }
    for (; y0 < end; y0 += 4, y1 += 4, y2 += 4, y3 += 4, x += 16) {
      store<u32>(y0, load<u32>(x));
      store<u32>(y1, load<u32>(x, 4));
      store<u32>(y2, load<u32>(x, 8));
      store<u32>(y3, load<u32>(x, 12));
    }
  }
  for (let l: usize = 0; l < nets; l++) for (let j: usize = 0; j < n; j++) store<u32>(y + l * stride + (j << 2), load<u32>(x + (j << 4) + (l << 2)));
}

/** Bit l: one of the n elements of net l is NaN or infinite. */
export function oddLanes(x: usize, n: usize): u32 {
  if (!ASC_NO_ASSERT) assert(isLanes(x, n), 'oddLanes: x is vectors in the heap');
  const infinity = f32x4.splat(Infinity);
  let finite = i32x4.splat(-1);
  for (const end = x + (n << 4); x < end; x += 16) finite = v128.and(finite, f32x4.lt(f32x4.abs(v128.load(x)), infinity));
  return <u32>i32x4.bitmask(finite) ^ 15;
}

/** The number that a float says, below `count` whatever it is. */
function rowOf(id: usize, count: u32): usize {
  const value = load<f32>(id);
  const row: u32 = value >= 0 && value < <f32>count ? <u32>value : 0;
  return min(row, count - 1);
}

/** y[i, j] = table[ids[i], j], each net from its own table by its own ids. */
export function laneEmbed(y: usize, table: usize, ids: usize, rows: usize, features: usize, count: u32): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, rows * features) && isLanes(table, <usize>count * features) && isLanes(ids, rows), 'laneEmbed: y, table and ids are vectors in the heap');
  const bytes = features << 4;
  for (let i: usize = 0; i < rows; i++, y += bytes, ids += 16) {
    for (let l: usize = 0; l < 16; l += 4) {
      const from = table + rowOf(ids + l, count) * bytes;
      for (let at = l; at < bytes; at += 16) store<u32>(y + at, load<u32>(from + at));
    }
  }
}

/** table = 0, then table[ids[i], j] += dy[i, j], in the order of the rows. */
export function laneEmbedBackward(table: usize, dy: usize, ids: usize, rows: usize, features: usize, count: u32): void {
  if (!ASC_NO_ASSERT) assert(isLanes(dy, rows * features) && isLanes(table, <usize>count * features) && isLanes(ids, rows), 'laneEmbedBackward: table, dy and ids are vectors in the heap');
  const bytes = features << 4;
  memory.fill(table, 0, <usize>count * bytes);
  for (let i: usize = 0; i < rows; i++, dy += bytes, ids += 16) {
    for (let l: usize = 0; l < 16; l += 4) {
      const to = table + rowOf(ids + l, count) * bytes;
      for (let at = l; at < bytes; at += 16) store<f32>(to + at, load<f32>(to + at) + load<f32>(dy + at));
    }
  }
}

/** Numbers drawn at once, a multiple of four. */
const CHUNK: u32 = 64;
const drawn = memory.data(256, 16);

/** Numbers drawn anew in each step, those of each net from its own key, as `draw` does. */
export function laneDraw(y: usize, n: usize, key: usize, step: u32, isNormal: bool, alpha: f32, rate: f32): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, n) && isLanes(key, 2), 'laneDraw: y and key are vectors in the heap');
  for (let l: usize = 0; l < 16; l += 4) {
    const key0 = load<u32>(key + l);
    const key1 = load<u32>(key + l, 16);
    for (let i: u32 = 0; i < <u32>n; i += CHUNK) {
      const some = min(CHUNK, <u32>n - i);
      drawFrom(drawn, some, key0, key1, step, i, isNormal, alpha, rate);
      for (let j: u32 = 0; j < some; j++) store<u32>(y + l + (<usize>(i + j) << 4), load<u32>(drawn + (<usize>j << 2)));
    }
  }
}
