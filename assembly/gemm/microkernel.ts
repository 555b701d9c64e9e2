import { Scratch, scratch } from '../scratch';
import { madd, storeTile } from '../simd';

/**
 * Rows and columns of the register tile. Six rows keep twelve sums, two vectors of b and one element of a in 15 of 16 registers, which
 * hides the latency of a multiply-add. The baseline needs a register for each product before it is added: four rows, eight sums.
 */
export const NR: usize = 8;

/** The rows. In memory, where the compiler cannot read them: the code of both builds is then the same but for this number (scripts/unfuse.mjs). */
const tallest = memory.data<i32>([ASC_FEATURE_RELAXED_SIMD && !isDefined(BASELINE) ? 6 : 4]);

export function MR(): usize {
  return load<u32>(tallest);
}

/** Rows of the tile for the last rows. */
const LOW: usize = 4;

/** Whether the engine leaves loops as they are. */
export let unrolling: bool = false;

/**
 * Chooses, for the baseline, forms for an engine that unrolls no loop: the tile of four takes several steps to a turn, and what it reads is packed.
 * One that unrolls makes better code of the plain form (Zen 5, Node 24, 256³: 95 against 90 % of the limit; Node 20: 84 against 98). Bits are the same.
 */
export function setUnrolling(on: bool): void {
  unrolling = on;
}

/**
 * Where a full tile is stored if its rows are rows of c, and whether it is added; 0 stores it to `ownTile`. Globals, so that nothing of c takes a
 * register in the loop (Node 20, 256³: 87 → 98 % of the limit).
 */
let destination: usize = 0;
let stride: usize = 0;
let adding: bool = false;

/** A tile on its way to c, in rows of eight. */
const ownTile: usize = ASC_FEATURE_THREADS ? 0 : memory.data(8 * 8 * 4, 16);

/** Rows of the next tile where `left` are left: 4 or MR, chosen so that tiles of both heights cover the rows with the fewest over. */
export function tileRows(left: usize): usize {
  return left <= LOW || left == 7 || left == 8 ? LOW : MR();
}

/**
 * c = s or, where `add`, c += s with s = Σ_p a[p]·b[p]ᵀ over p < k in rising order from +0: of c `rows` rows and `columns` columns, or as
 * many as the tile has (`tileRows(rows)` and NR); no more of c is read or written. Element (i, p) of a lies at a + i·rsa + p·csa (bytes),
 * step p of b is eight floats at b + p·rsb, element (i, j) of c lies at c + i·rsc + j·csc, where either csc is 4, or rsc is 4 and the tile is
 * transposed on its way.
 */
// @ts-ignore: decorator
@inline
export function tile(
  rows: usize, columns: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize, c: usize, rsc: usize, csc: usize, add: bool,
): void {
  const height = tileRows(rows);
  const full = rows >= height && columns >= NR;
  destination = full && csc == 4 ? c : 0;
  stride = rsc;
  adding = add;
  const near = rsa == 4 && rows >= height;
  if (height == LOW) near ? sumLowNear(a, csa, b, rsb, k) : unrolling ? sumLowUnrolled(rows, a, rsa, csa, b, rsb, k) : sumLow(rows, a, rsa, csa, b, rsb, k);
  else near ? sumHighNear(a, csa, b, rsb, k) : sumHigh(rows, a, rsa, csa, b, rsb, k);
  if (destination) return;
  if (full) putTransposed(c, csc, height, add);
  else putEdge(c, rsc, csc, min(height, rows), min(NR, columns), add);
}

function sumHigh(left: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  sum(true, false, left, a, rsa, csa, b, rsb, k);
}

function sumLow(left: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  sum(false, false, left, a, rsa, csa, b, rsb, k);
}

function sumHighNear(a: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  sum(true, true, 6, a, 4, csa, b, rsb, k);
}

/**
 * Four rows that are neighbours, two steps to a turn. The baseline issues two instructions to a multiply-add, and what a turn takes besides kept a core
 * of eight instructions a cycle from them (Zen 5, Node 20, 256³ transposed: 82 → 97 % of the limit). The loop may end between the two, over which the
 * optimizer moves nothing: joined without it, one sum would wait for the other (Node 24: 88 → 84 %).
 */
function sumLowNear(a: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  let t00 = f32x4.splat(0);
  let t01 = f32x4.splat(0);
  let t10 = f32x4.splat(0);
  let t11 = f32x4.splat(0);
  let t20 = f32x4.splat(0);
  let t21 = f32x4.splat(0);
  let t30 = f32x4.splat(0);
  let t31 = f32x4.splat(0);
  const end = b + k * rsb;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    t00 = madd(x0, b0, t00);
    t01 = madd(x0, b1, t01);
    const x1 = v128.load32_splat(a, 4);
    t10 = madd(x1, b0, t10);
    t11 = madd(x1, b1, t11);
    const x2 = v128.load32_splat(a, 8);
    t20 = madd(x2, b0, t20);
    t21 = madd(x2, b1, t21);
    const x3 = v128.load32_splat(a, 12);
    t30 = madd(x3, b0, t30);
    t31 = madd(x3, b1, t31);
    b += rsb;
    a += csa;
    if (b == end) break;
    const c0 = v128.load(b);
    const c1 = v128.load(b, 16);
    const y0 = v128.load32_splat(a);
    t00 = madd(y0, c0, t00);
    t01 = madd(y0, c1, t01);
    const y1 = v128.load32_splat(a, 4);
    t10 = madd(y1, c0, t10);
    t11 = madd(y1, c1, t11);
    const y2 = v128.load32_splat(a, 8);
    t20 = madd(y2, c0, t20);
    t21 = madd(y2, c1, t21);
    const y3 = v128.load32_splat(a, 12);
    t30 = madd(y3, c0, t30);
    t31 = madd(y3, c1, t31);
    b += rsb;
    a += csa;
  } while (b != end);
  putLow(t00, t01, t10, t11, t20, t21, t30, t31);
}

/** The same for rows that are apart or missing, three steps to a turn. */
function sumLowUnrolled(left: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  let t00 = f32x4.splat(0);
  let t01 = f32x4.splat(0);
  let t10 = f32x4.splat(0);
  let t11 = f32x4.splat(0);
  let t20 = f32x4.splat(0);
  let t21 = f32x4.splat(0);
  let t30 = f32x4.splat(0);
  let t31 = f32x4.splat(0);
  let a1 = left > 1 ? a + rsa : a;
  let a2 = left > 2 ? a1 + rsa : a1;
  let a3 = left > 3 ? a2 + rsa : a2;
  const end = b + k * rsb;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    t00 = madd(x0, b0, t00);
    t01 = madd(x0, b1, t01);
    const x1 = v128.load32_splat(a1);
    t10 = madd(x1, b0, t10);
    t11 = madd(x1, b1, t11);
    const x2 = v128.load32_splat(a2);
    t20 = madd(x2, b0, t20);
    t21 = madd(x2, b1, t21);
    const x3 = v128.load32_splat(a3);
    t30 = madd(x3, b0, t30);
    t31 = madd(x3, b1, t31);
    b += rsb;
    a += csa;
    a1 += csa;
    a2 += csa;
    a3 += csa;
    if (b == end) break;
    const c0 = v128.load(b);
    const c1 = v128.load(b, 16);
    const y0 = v128.load32_splat(a);
    t00 = madd(y0, c0, t00);
    t01 = madd(y0, c1, t01);
    const y1 = v128.load32_splat(a1);
    t10 = madd(y1, c0, t10);
    t11 = madd(y1, c1, t11);
    const y2 = v128.load32_splat(a2);
    t20 = madd(y2, c0, t20);
    t21 = madd(y2, c1, t21);
    const y3 = v128.load32_splat(a3);
    t30 = madd(y3, c0, t30);
    t31 = madd(y3, c1, t31);
    b += rsb;
    a += csa;
    a1 += csa;
    a2 += csa;
    a3 += csa;
    if (b == end) break;
    const d0 = v128.load(b);
    const d1 = v128.load(b, 16);
    const z0 = v128.load32_splat(a);
    t00 = madd(z0, d0, t00);
    t01 = madd(z0, d1, t01);
    const z1 = v128.load32_splat(a1);
    t10 = madd(z1, d0, t10);
    t11 = madd(z1, d1, t11);
    const z2 = v128.load32_splat(a2);
    t20 = madd(z2, d0, t20);
    t21 = madd(z2, d1, t21);
    const z3 = v128.load32_splat(a3);
    t30 = madd(z3, d0, t30);
    t31 = madd(z3, d1, t31);
    b += rsb;
    a += csa;
    a1 += csa;
    a2 += csa;
    a3 += csa;
  } while (b != end);
  putLow(t00, t01, t10, t11, t20, t21, t30, t31);
}

/** Stores the sums of four rows to their destination. */
// @ts-ignore: decorator
@inline
function putLow(t00: v128, t01: v128, t10: v128, t11: v128, t20: v128, t21: v128, t30: v128, t31: v128): void {
  let c = destination;
  if (c) {
    const rsc = stride;
    const add = adding;
    putRow(c, t00, t01, add);
    putRow((c += rsc), t10, t11, add);
    putRow((c += rsc), t20, t21, add);
    putRow((c += rsc), t30, t31, add);
    return;
  }
  storeTile(scratch(ownTile, Scratch.Tile), t00, t01, t10, t11, t20, t21, t30, t31);
}

/**
 * Sums four rows, or six, and stores them to their destination. From row `left` on, the last row of a is read again. `near`: whether the rows of a
 * are neighbours in memory, none missing, and six. One pointer then serves all: the five moves and five sums that the others take keep a core of six
 * instructions a cycle from its multiply-adds (Zen 3, Node 24, 256³ transposed: 86 → 93 % of the limit).
 *
 * Register allocators spill unless three things hold: rows that are apart have a pointer each; the loop compares a pointer that moves anyway; no
 * shuffle follows the loop (Firefox, 256³: 45 → 94 % of the limit). The loop is not unrolled: the optimizer would hoist the loads and spill (Node 24,
 * two steps in one: 89 → 69 %). Nor do two loops share a function, which does the same (Node 22: 59 → 42 %).
 */
// @ts-ignore: decorator
@inline
function sum(six: bool, near: bool, left: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  let t00 = f32x4.splat(0);
  let t01 = f32x4.splat(0);
  let t10 = f32x4.splat(0);
  let t11 = f32x4.splat(0);
  let t20 = f32x4.splat(0);
  let t21 = f32x4.splat(0);
  let t30 = f32x4.splat(0);
  let t31 = f32x4.splat(0);
  let t40 = f32x4.splat(0);
  let t41 = f32x4.splat(0);
  let t50 = f32x4.splat(0);
  let t51 = f32x4.splat(0);
  let a1 = left > 1 ? a + rsa : a;
  let a2 = left > 2 ? a1 + rsa : a1;
  let a3 = left > 3 ? a2 + rsa : a2;
  let a4 = left > 4 ? a3 + rsa : a3;
  let a5 = left > 5 ? a4 + rsa : a4;
  for (const end = b + k * rsb; b != end; b += rsb) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    t00 = madd(x0, b0, t00);
    t01 = madd(x0, b1, t01);
    const x1 = near ? v128.load32_splat(a, 4) : v128.load32_splat(a1);
    t10 = madd(x1, b0, t10);
    t11 = madd(x1, b1, t11);
    const x2 = near ? v128.load32_splat(a, 8) : v128.load32_splat(a2);
    t20 = madd(x2, b0, t20);
    t21 = madd(x2, b1, t21);
    const x3 = near ? v128.load32_splat(a, 12) : v128.load32_splat(a3);
    t30 = madd(x3, b0, t30);
    t31 = madd(x3, b1, t31);
    if (!near) {
      a1 += csa;
      a2 += csa;
      a3 += csa;
    }
    if (six) {
      const x4 = near ? v128.load32_splat(a, 16) : v128.load32_splat(a4);
      t40 = madd(x4, b0, t40);
      t41 = madd(x4, b1, t41);
      const x5 = near ? v128.load32_splat(a, 20) : v128.load32_splat(a5);
      t50 = madd(x5, b0, t50);
      t51 = madd(x5, b1, t51);
      if (!near) {
        a4 += csa;
        a5 += csa;
      }
    }
    a += csa;
  }
  let c = destination;
  if (c) {
    const rsc = stride;
    const add = adding;
    putRow(c, t00, t01, add);
    putRow((c += rsc), t10, t11, add);
    putRow((c += rsc), t20, t21, add);
    putRow((c += rsc), t30, t31, add);
    if (six) {
      putRow((c += rsc), t40, t41, add);
      putRow((c += rsc), t50, t51, add);
    }
    return;
  }
  const t = scratch(ownTile, Scratch.Tile);
  storeTile(t, t00, t01, t10, t11, t20, t21, t30, t31);
  if (six) {
    v128.store(t, t40, 128);
    v128.store(t, t41, 144);
    v128.store(t, t50, 160);
    v128.store(t, t51, 176);
  }
}

/**
 * The same for a tile of eight rows and four columns of cᵀ, for products of few rows: they would leave half of the other tile empty. c has
 * `columns` ≤ 4 rows, ldc bytes apart. Rows of a are contiguous; step p of b is four floats at b + 16·p.
 */
export function tileOfFew(rows: usize, columns: usize, a: usize, rsa: usize, b: usize, k: usize, c: usize, ldc: usize, add: bool): void {
  let t0 = f32x4.splat(0);
  let t1 = f32x4.splat(0);
  let t2 = f32x4.splat(0);
  let t3 = f32x4.splat(0);
  let t4 = f32x4.splat(0);
  let t5 = f32x4.splat(0);
  let t6 = f32x4.splat(0);
  let t7 = f32x4.splat(0);
  let a1 = rows > 1 ? a + rsa : a;
  let a2 = rows > 2 ? a1 + rsa : a1;
  let a3 = rows > 3 ? a2 + rsa : a2;
  let a4 = rows > 4 ? a3 + rsa : a3;
  let a5 = rows > 5 ? a4 + rsa : a4;
  let a6 = rows > 6 ? a5 + rsa : a5;
  let a7 = rows > 7 ? a6 + rsa : a6;
  for (const end = b + (k << 4); b != end; b += 16) {
    const b0 = v128.load(b);
    t0 = madd(v128.load32_splat(a), b0, t0);
    t1 = madd(v128.load32_splat(a1), b0, t1);
    t2 = madd(v128.load32_splat(a2), b0, t2);
    t3 = madd(v128.load32_splat(a3), b0, t3);
    t4 = madd(v128.load32_splat(a4), b0, t4);
    t5 = madd(v128.load32_splat(a5), b0, t5);
    t6 = madd(v128.load32_splat(a6), b0, t6);
    t7 = madd(v128.load32_splat(a7), b0, t7);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
    a6 += 4;
    a7 += 4;
  }
  const t = scratch(ownTile, Scratch.Tile);
  v128.store(t, t0);
  v128.store(t, t1, 32);
  v128.store(t, t2, 64);
  v128.store(t, t3, 96);
  v128.store(t, t4, 128);
  v128.store(t, t5, 160);
  v128.store(t, t6, 192);
  v128.store(t, t7, 224);
  if (rows < 8 || columns < 4) return putEdge(c, 4, ldc, min(rows, 8), columns, add);
  putFour(c, ldc, v128.load(t), v128.load(t, 32), v128.load(t, 64), v128.load(t, 96), add);
  putFour(c + 16, ldc, v128.load(t, 128), v128.load(t, 160), v128.load(t, 192), v128.load(t, 224), add);
}

/** Stores a full tile from its scratch to the columns of c, ldc bytes apart. */
function putTransposed(c: usize, ldc: usize, rows: usize, add: bool): void {
  for (let j: usize = 0; j < 32; j += 16, c += 4 * ldc) {
    const at = scratch(ownTile, Scratch.Tile) + j;
    putFour(c, ldc, v128.load(at), v128.load(at, 32), v128.load(at, 64), v128.load(at, 96), add);
    if (rows == 6) putTwo(c + 16, ldc, v128.load(at, 128), v128.load(at, 160), add);
  }
}

/** Stores part of a tile from its scratch to c. */
function putEdge(c: usize, rsc: usize, csc: usize, rows: usize, columns: usize, add: bool): void {
  const t = scratch(ownTile, Scratch.Tile);
  for (let i: usize = 0; i < rows; i++, c += rsc) {
    let at = c;
    for (let j: usize = 0; j < columns; j++, at += csc) {
      const sum = load<f32>(t + ((i * NR + j) << 2));
      store<f32>(at, add ? load<f32>(at) + sum : sum);
    }
  }
}

function put(c: usize, value: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(v128.load(c), value) : value);
}

function putRow(c: usize, low: v128, high: v128, add: bool): void {
  put(c, low, add);
  put(c + 16, high, add);
}

/** Stores four rows of four, transposed: their columns lie ldc bytes apart in c. */
function putFour(c: usize, ldc: usize, row0: v128, row1: v128, row2: v128, row3: v128, add: bool): void {
  const low01 = v128.shuffle<f32>(row0, row1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(row2, row3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(row0, row1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(row2, row3, 2, 6, 3, 7);
  put(c, v128.shuffle<f64>(low01, low23, 0, 2), add);
  put(c + ldc, v128.shuffle<f64>(low01, low23, 1, 3), add);
  put(c + 2 * ldc, v128.shuffle<f64>(high01, high23, 0, 2), add);
  put(c + 3 * ldc, v128.shuffle<f64>(high01, high23, 1, 3), add);
}

/** Stores two rows of four, transposed likewise. */
function putTwo(c: usize, ldc: usize, row0: v128, row1: v128, add: bool): void {
  const low = v128.shuffle<f32>(row0, row1, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(row0, row1, 2, 6, 3, 7);
  putPair(c, low, add);
  putPair(c + ldc, v128.shuffle<f64>(low, low, 1, 1), add);
  putPair(c + 2 * ldc, high, add);
  putPair(c + 3 * ldc, v128.shuffle<f64>(high, high, 1, 1), add);
}

/** Stores the first two lanes. */
function putPair(c: usize, value: v128, add: bool): void {
  v128.store_lane<f64>(c, add ? f32x4.add(v128.load_zero<f64>(c), value) : value, 0);
}
