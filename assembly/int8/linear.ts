import { INFINITE, inputLimit, largest, MR, NR, PANEL_SCALES, pairsOf, panelSize, ROUNDING, STRIP_SCALES, stripSize, TILE } from './layout';
import { storeTile } from '../simd';

/** Bytes of a block of panels, which fits the second-level cache. All strips of x use it before the next. */
const BLOCK: usize = 1 << 18;

/** Bytes of `room` for x[m, k]: x quantized, in strips. That of rows from a multiple of MR on is a part of it. */
export function roomSize(m: usize, k: usize): usize {
  return ((m + MR - 1) / MR) * stripSize(k);
}

/**
 * u[m, n] = x·wᵀ + b for packed w[n, k] (`pack`), or max(u, 0) of it where `relu`. b is n floats, or 0 for none. Each row of x is quantized by itself to
 * integers up to `inputLimit(k)`, so that no sum overflows: the integer nearest to x·(limit / max |x|), s = max |x| / limit.
 * The sums are exact, whatever the order. An element is ((sum·s_x)·s_w) + b, each operation rounded once. A row of x with an element that
 * is not finite is NaN. `room` has roomSize(m, k) bytes, aligned to 16.
 */
export function linear(u: usize, x: usize, panels: usize, b: usize, m: usize, n: usize, k: usize, relu: bool, room: usize): void {
  const pairs = pairsOf(k);
  const strip = stripSize(k);
  const limit = inputLimit(k);
  for (let i: usize = 0; i < m; i++, x += k << 2) quantize(room + (i / MR) * strip + TILE, i % MR, heightOf(m - (i & ~(MR - 1))), x, k, limit);
  const panel = panelSize(k);
  const width = max(NR, (BLOCK / panel) * NR);
  for (let from: usize = 0; from < n; from += width) {
    const to = min(n, from + width);
    let t = room;
    for (let i: usize = 0; i < m; i += MR, t += strip) {
      const a = t + TILE;
      const rows = min(MR, m - i);
      let p = panels + (from / NR) * panel;
      for (let j = from; j < to; j += NR, p += panel) {
        if (rows == 1) one(a + STRIP_SCALES, p + PANEL_SCALES, pairs, t);
        else four(a + STRIP_SCALES, p + PANEL_SCALES, pairs, t);
        put(u + ((i * n + j) << 2), n << 2, rows, min(NR, n - j), t, a, p, b ? b + (j << 2) : 0, relu);
      }
    }
  }
}

/** Rows of the strip for the last `left`: a single one has a kernel of its own. */
function heightOf(left: usize): usize {
  return left == 1 ? 1 : MR;
}

/** Quantizes a row of x into its place behind the tile of a strip: pair p at 4·height·p + 4·row behind the scales. */
function quantize(strip: usize, row: usize, height: usize, x: usize, k: usize, limit: f32): void {
  const bits = largest(x, k);
  const finite = bits < INFINITE;
  const most = reinterpret<f32>(bits);
  store<f32>(strip + (row << 2), finite ? most / limit : NaN);
  const factor: f32 = finite ? limit / most : 0;
  const factor4 = f32x4.splat(factor);
  const rounding = f32x4.splat(ROUNDING);
  const step = height << 2;
  const end = x + (k << 2);
  let y = strip + STRIP_SCALES + (row << 2);
  for (; x + 32 <= end; x += 32) {
    const low = f32x4.add(f32x4.mul(v128.load(x), factor4), rounding);
    const high = f32x4.add(f32x4.mul(v128.load(x, 16), factor4), rounding);
    const integers = v128.shuffle<i16>(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
    v128.store32_lane(y, integers, 0);
    v128.store32_lane((y += step), integers, 1);
    v128.store32_lane((y += step), integers, 2);
    v128.store32_lane((y += step), integers, 3);
    y += step;
  }
  for (; x < end; x += 8, y += step) {
    store<i16>(y, rounded(x, factor));
    store<i16>(y, x + 4 < end ? rounded(x + 4, factor) : 0, 2);
  }
}

function rounded(x: usize, factor: f32): i16 {
  return <i16>reinterpret<i32>(load<f32>(x) * factor + ROUNDING);
}

/** c + a·b for pairs: eight products, two to a sum. */
// @ts-ignore: decorator
@inline
function dot(a: v128, b: v128, c: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(a, b), c);
}

/**
 * t[4, 8] = Σ over the pairs of a strip and a panel. Four rows, as each product takes a register before it is added: six rows spill
 * (Node 24, 256×784×512: 2.0 → 1.5 times the floats' speed). a is one stream, so that the loop moves two pointers.
 */
function four(a: usize, b: usize, pairs: usize, t: usize): void {
  let t00 = i32x4.splat(0);
  let t01 = i32x4.splat(0);
  let t10 = i32x4.splat(0);
  let t11 = i32x4.splat(0);
  let t20 = i32x4.splat(0);
  let t21 = i32x4.splat(0);
  let t30 = i32x4.splat(0);
  let t31 = i32x4.splat(0);
  for (const end = b + (pairs << 5); b != end; b += 32, a += 16) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    t00 = dot(x0, b0, t00);
    t01 = dot(x0, b1, t01);
    const x1 = v128.load32_splat(a, 4);
    t10 = dot(x1, b0, t10);
    t11 = dot(x1, b1, t11);
    const x2 = v128.load32_splat(a, 8);
    t20 = dot(x2, b0, t20);
    t21 = dot(x2, b1, t21);
    const x3 = v128.load32_splat(a, 12);
    t30 = dot(x3, b0, t30);
    t31 = dot(x3, b1, t31);
  }
  storeTile(t, t00, t01, t10, t11, t20, t21, t30, t31);
}

/** t[1, 8], for a strip of one row. */
function one(a: usize, b: usize, pairs: usize, t: usize): void {
  let t0 = i32x4.splat(0);
  let t1 = i32x4.splat(0);
  for (const end = b + (pairs << 5); b != end; b += 32, a += 4) {
    const x = v128.load32_splat(a);
    t0 = dot(x, v128.load(b), t0);
    t1 = dot(x, v128.load(b, 16), t1);
  }
  v128.store(t, t0);
  v128.store(t, t1, 16);
}

/** Scales the sums of a tile by those of its rows (sx) and columns (sw), adds b, or nothing where b is 0, and stores rows ldu bytes apart. */
function put(u: usize, ldu: usize, rows: usize, columns: usize, t: usize, sx: usize, sw: usize, b: usize, relu: bool): void {
  const zero = f32x4.splat(0);
  for (const end = t + rows * (NR << 2); t != end; t += NR << 2, sx += 4, u += ldu) {
    const scale = v128.load32_splat(sx);
    let low = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(v128.load(t)), scale), v128.load(sw));
    let high = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(v128.load(t, 16)), scale), v128.load(sw, 16));
    if (columns == NR) {
      if (b) {
        low = f32x4.add(low, v128.load(b));
        high = f32x4.add(high, v128.load(b, 16));
      }
      v128.store(u, relu ? f32x4.pmax(low, zero) : low);
      v128.store(u, relu ? f32x4.pmax(high, zero) : high, 16);
      continue;
    }
    v128.store(t, low);
    v128.store(t, high, 16);
    for (let j: usize = 0; j < columns; j++) {
      let value = load<f32>(t + (j << 2));
      if (b) value += load<f32>(b + (j << 2));
      store<f32>(u + (j << 2), relu && value < 0 ? 0 : value);
    }
  }
}
