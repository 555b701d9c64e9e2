import { madd } from '../simd';

/** Rows and columns of the register tile: eight accumulators, two vectors of b and one of a, fast on every engine. */
export const MR: usize = 4;
export const NR: usize = 8;

/** The tile t[4, 8] that `tile` made last. */
const t = memory.data(4 * 8 * 4, 16);

/**
 * t[4, 8] = Σ_p a[p]·b[p]ᵀ over p < k in rising order from +0. Element (i, p) of a lies at a + i·rsa + p·csa (bytes); from row
 * `rows` on the last is read again. Step p of b is eight floats at b + p·rsb.
 *
 * Three things here are for the register allocators of older engines (Node 20, 256³: 65 → 89 % of the limit): a pointer per row instead of
 * offsets from one; one comparison, with a pointer that moves anyway; and a result of its own, so that nothing of c is alive in the loop.
 * The loop is not unrolled: the optimizer would sort the loads to the front and run out of registers.
 */
export function tile(rows: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize): void {
  let t00 = f32x4.splat(0);
  let t01 = f32x4.splat(0);
  let t10 = f32x4.splat(0);
  let t11 = f32x4.splat(0);
  let t20 = f32x4.splat(0);
  let t21 = f32x4.splat(0);
  let t30 = f32x4.splat(0);
  let t31 = f32x4.splat(0);
  let a1 = rows > 1 ? a + rsa : a;
  let a2 = rows > 2 ? a1 + rsa : a1;
  let a3 = rows > 3 ? a2 + rsa : a2;
  for (const end = b + k * rsb; b != end; b += rsb) {
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
    a += csa;
    a1 += csa;
    a2 += csa;
    a3 += csa;
  }
  v128.store(t, t00);
  v128.store(t, t01, 16);
  v128.store(t, t10, 32);
  v128.store(t, t11, 48);
  v128.store(t, t20, 64);
  v128.store(t, t21, 80);
  v128.store(t, t30, 96);
  v128.store(t, t31, 112);
}

/**
 * c = t or, where `add`, c += t: element (i, j) at c + i·rsc + j·csc (bytes), where either csc is 4, or rsc is 4 and the tile is
 * transposed on its way.
 */
export function storeTile(c: usize, rsc: usize, csc: usize, add: bool): void {
  if (csc == 4) {
    for (let at = t; at != t + 128; at += 32, c += rsc) {
      put(c, v128.load(at), add);
      put(c + 16, v128.load(at, 16), add);
    }
  } else {
    putTransposed(c, csc, t, add);
    putTransposed(c + 4 * csc, csc, t + 16, add);
  }
}

/** The same for a tile of which only rows × columns are part of c: nothing else of c is read or written. */
export function storeEdge(c: usize, rsc: usize, csc: usize, rows: usize, columns: usize, add: bool): void {
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

/** The four columns of a 4 × 4 block of t, ldc bytes apart in c. */
function putTransposed(c: usize, ldc: usize, block: usize, add: bool): void {
  const row0 = v128.load(block);
  const row1 = v128.load(block, 32);
  const row2 = v128.load(block, 64);
  const row3 = v128.load(block, 96);
  const low01 = v128.shuffle<f32>(row0, row1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(row2, row3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(row0, row1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(row2, row3, 2, 6, 3, 7);
  put(c, v128.shuffle<f64>(low01, low23, 0, 2), add);
  put(c + ldc, v128.shuffle<f64>(low01, low23, 1, 3), add);
  put(c + 2 * ldc, v128.shuffle<f64>(high01, high23, 0, 2), add);
  put(c + 3 * ldc, v128.shuffle<f64>(high01, high23, 1, 3), add);
}
