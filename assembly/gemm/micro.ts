import { madd } from '../simd';

/** Rows and columns of the register tile: eight accumulators, two vectors of b and one of a, fast on every engine. */
export const MR: usize = 4;
export const NR: usize = 8;

/** Where a tile at the edge of c is worked out before its valid part is taken. */
const edge = memory.data(4 * 8 * 4, 16);

/**
 * t[4, 8] = Σ_p a[p]·b[p]ᵀ over p < k in rising order from +0. Element (i, p) of a lies at a + i·rsa + p·csa; from row `rows` on
 * the last is read again. Step p of b is eight floats at b + p·rsb. Element (i, j) of the result goes to c + i·rsc + j·csc, or is
 * added to it where `add`; either csc is 4, or rsc is 4 and the tile is transposed on its way. Strides are bytes.
 */
export function tile(
  c: usize, rsc: usize, csc: usize, rows: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize, add: bool,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let a1 = rows > 1 ? a + rsa : a;
  let a2 = rows > 2 ? a1 + rsa : a1;
  let a3 = rows > 3 ? a2 + rsa : a2;
  // A pointer per row and one comparison: offsets from a single pointer cost a fifth on Node 20. Not unrolled: the optimizer
  // would sort the loads to the front and run out of registers.
  for (const end = b + k * rsb; b != end; ) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    const x1 = v128.load32_splat(a1);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    const x2 = v128.load32_splat(a2);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    const x3 = v128.load32_splat(a3);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    a += csa;
    a1 += csa;
    a2 += csa;
    a3 += csa;
    b += rsb;
  }
  if (csc == 4) {
    put(c, c00, add);
    put(c + 16, c01, add);
    c += rsc;
    put(c, c10, add);
    put(c + 16, c11, add);
    c += rsc;
    put(c, c20, add);
    put(c + 16, c21, add);
    c += rsc;
    put(c, c30, add);
    put(c + 16, c31, add);
  } else {
    putTransposed(c, csc, c00, c10, c20, c30, add);
    putTransposed(c + 4 * csc, csc, c01, c11, c21, c31, add);
  }
}

function put(c: usize, value: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(v128.load(c), value) : value);
}

/** The four columns of the 4 × 4 block with rows r0 … r3, ldc bytes apart. */
function putTransposed(c: usize, ldc: usize, r0: v128, r1: v128, r2: v128, r3: v128, add: bool): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  put(c, v128.shuffle<f64>(low01, low23, 0, 2), add);
  put(c + ldc, v128.shuffle<f64>(low01, low23, 1, 3), add);
  put(c + 2 * ldc, v128.shuffle<f64>(high01, high23, 0, 2), add);
  put(c + 3 * ldc, v128.shuffle<f64>(high01, high23, 1, 3), add);
}

/** The same for a tile of which only rows × columns are part of c: nothing else of c is read or written. */
export function edgeTile(
  c: usize, rsc: usize, csc: usize, rows: usize, columns: usize, a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, k: usize, add: bool,
): void {
  tile(edge, NR << 2, 4, rows, a, rsa, csa, b, rsb, k, false);
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) {
      const at = c + i * rsc + j * csc;
      const sum = load<f32>(edge + ((i * NR + j) << 2));
      store<f32>(at, add ? load<f32>(at) + sum : sum);
    }
  }
}
