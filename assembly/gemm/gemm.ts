import { gemvColumns, gemvRows } from './gemv';
import { MR, NR, storeEdge, storeTile, tile } from './micro';
import { packPanel, packQuad } from './pack';

/** Terms that are summed in registers before they meet c. Part of the order of summation, so fixed. */
const KC: usize = 256;

/** Rows of a that one panel of b is used for: 256 kB of them, in the second-level cache. */
const MC: usize = 256;

/**
 * An operand that already lies in rows of the tile is read from there if the other has no more than so many rows to share the cost of
 * packing, and if what is read, in bytes from first to last, can stay in the second-level cache meanwhile.
 */
const DIRECT: usize = 64;
const SPAN: usize = 1 << 19;

/** The cost of packing an element, in multiply-adds. */
const PACKING: usize = 4;

const quads = memory.data(256 * 256 * 4, 16);
const panel = memory.data(8 * 256 * 4, 16);

/**
 * c[m, n] = a·b, or c += a·b where `accumulate`. Element (i, p) of a lies at a + (i·rsa + p·csa) floats, element (p, j) of b
 * at b + (p·rsb + j·csb) floats, so a transpose is a swap of strides; c is row-major and tight. c must not overlap a or b.
 *
 * The order of summation: with s_q the sum of the terms p = 256q … min(k, 256q + 256) − 1, taken in rising order from +0 by madd,
 * an element is s_0 + s_1 + …, or ((c + s_0) + s_1) + …, from left to right. Shapes, tiles, blocks and an element's place do not
 * change it, except for the dot products of a single row (`gemvRows`). |error| ≤ k·ε·Σ_p |a_ip·b_pj|, ε = 2⁻²⁴ (Higham 2002, §3.1).
 */
export function gemm(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool,
): void {
  if (k == 0) {
    if (!accumulate) memory.fill(c, 0, (m * n) << 2);
    return;
  }
  if (m == 1 && csb == 1) return gemvColumns(c, a, b, n, k, csa << 2, rsb << 2, accumulate);
  if (m == 1 && csa == 1 && rsb == 1) return gemvRows(c, a, b, n, k, csb << 2, accumulate);
  const swap = (rsb == 1 || n < NR) && cost(n, m) < cost(m, n);
  if (swap) blocks(c, 4, n << 2, b, a, n, m, k, csb << 2, rsb << 2, csa << 2, rsa << 2, accumulate);
  else blocks(c, n << 2, 4, a, b, m, n, k, rsa << 2, csa << 2, rsb << 2, csb << 2, accumulate);
}

function cost(m: usize, n: usize): usize {
  return ((m + MR - 1) & ~(MR - 1)) * ((n + NR - 1) & ~(NR - 1)) + n * PACKING;
}

/** The product with one of rsc and csc 4: either as it stands, or as cᵀ = bᵀ·aᵀ. Strides are bytes. */
function blocks(
  c: usize, rsc: usize, csc: usize, a: usize, b: usize, m: usize, n: usize, k: usize,
  rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool,
): void {
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const add = accumulate || p > 0;
    const direct = csb == 4 && (m <= MR || (m <= DIRECT && depth * rsb <= SPAN));
    for (let i: usize = 0; i < m; i += MC) {
      const rows = min(MC, m - i);
      let blockA = a + i * rsa + p * csa;
      let tileStep = rsa * MR;
      let rowStep = rsa;
      let step = csa;
      if (rsa == 4 && csa != 4 && (n > DIRECT || depth * csa > SPAN)) {
        for (let ii: usize = 0; ii < rows; ii += MR) packQuad(quads + ii * (depth << 2), blockA + (ii << 2), depth, rows - ii, csa);
        blockA = quads;
        tileStep = depth << 4;
        rowStep = 4;
        step = 16;
      }
      for (let j: usize = 0; j < n; j += NR) {
        const columns = min(NR, n - j);
        let panelB = b + p * rsb + j * csb;
        let stepB = rsb;
        if (!direct || columns < NR) {
          packPanel(panel, panelB, depth, columns, rsb, csb);
          panelB = panel;
          stepB = NR << 2;
        }
        let at = c + i * rsc + j * csc;
        let tileA = blockA;
        for (let left = rows; left; ) {
          const height = min(MR, left);
          tile(height, tileA, rowStep, step, panelB, stepB, depth);
          if (columns == NR && height == MR) storeTile(at, rsc, csc, add);
          else storeEdge(at, rsc, csc, height, columns, add);
          at += rsc * MR;
          tileA += tileStep;
          left -= height;
        }
      }
    }
  }
}
