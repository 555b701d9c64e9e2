import { madd } from '../simd';

/** Rows and columns of the register tile: eight accumulators, two vectors of b and one of a, fast on every engine. */
export const MR: usize = 4;
export const NR: usize = 8;

/** Where a tile at the edge of c is worked out before its valid part is taken. */
const edge = memory.data(4 * 8 * 4, 16);

/**
 * c[4, 8] = Σ_p a[p]·b[p]ᵀ, or c += where `add`, over p < k in rising order from +0. Step p of the column operand is four floats
 * at a + p·stepA, of the row operand eight floats at b + p·stepB; the rows of c are ldc apart. Steps and ldc are bytes.
 */
export function tile(c: usize, ldc: usize, a: usize, stepA: usize, b: usize, stepB: usize, k: usize, add: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  for (; k; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += stepA;
    b += stepB;
  }
  put(c, c00, c01, add);
  put(c + ldc, c10, c11, add);
  put(c + 2 * ldc, c20, c21, add);
  put(c + 3 * ldc, c30, c31, add);
}

function put(c: usize, left: v128, right: v128, add: bool): void {
  if (add) {
    left = f32x4.add(v128.load(c), left);
    right = f32x4.add(v128.load(c, 16), right);
  }
  v128.store(c, left);
  v128.store(c, right, 16);
}

/** The same where only rows × columns of the tile are part of c. Nothing outside them is read or written. */
export function edgeTile(
  c: usize, ldc: usize, rows: usize, columns: usize, a: usize, stepA: usize, b: usize, stepB: usize, k: usize, add: bool,
): void {
  tile(edge, NR << 2, a, stepA, b, stepB, k, false);
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) {
      const at = c + i * ldc + (j << 2);
      const sum = load<f32>(edge + ((i * NR + j) << 2));
      store<f32>(at, add ? load<f32>(at) + sum : sum);
    }
  }
}
