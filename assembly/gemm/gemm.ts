import { edgeTile, MR, NR, tile } from './micro';
import { pack } from './pack';

/** Terms that are summed in registers before they meet c. Part of the order of summation, so fixed. */
const KC: usize = 256;

/** Rows of a that are packed at a time: 256 kB, in the second-level cache. */
const MC: usize = 256;

/** Columns of b that are packed at a time: 16 kB, in the first-level cache. */
const NC: usize = 16;

const panelsA = memory.data(256 * 256 * 4, 16);
const panelsB = memory.data(16 * 256 * 4, 16);

/**
 * c[m, n] = a·b, or c += a·b where `accumulate`. Element (i, p) of a lies at a + (i·rsa + p·csa) floats, element (p, j) of b
 * at b + (p·rsb + j·csb) floats, so a transpose is a swap of strides; c is row-major and tight. c must not overlap a or b.
 *
 * The order of summation: with s_q the sum of the terms p = 256q … min(k, 256q + 256) − 1, taken in rising order from +0 by madd,
 * an element is s_0 + s_1 + …, or ((c + s_0) + s_1) + …, from left to right. Shapes, tiles, blocks and an element's place do not
 * change it, except for the dot products of a single row (`gemvRows`). |error| ≤ k·ε·Σ_p |a_ip·b_pj|, ε = 2⁻²⁴ (Higham 2002, §3.1).
 */
export function gemm(c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool): void {
  if (k == 0) {
    if (!accumulate) memory.fill(c, 0, (m * n) << 2);
    return;
  }
  const ldc = n << 2;
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const add = accumulate || p > 0;
    for (let i: usize = 0; i < m; i += MC) {
      const rows = min(MC, m - i);
      pack(panelsA, a + ((i * rsa + p * csa) << 2), rows, depth, rsa << 2, csa << 2, MR);
      for (let j: usize = 0; j < n; j += NC) {
        const columns = min(NC, n - j);
        pack(panelsB, b + ((p * rsb + j * csb) << 2), columns, depth, csb << 2, rsb << 2, NR);
        for (let jj: usize = 0; jj < columns; jj += NR) {
          const width = min(NR, columns - jj);
          const panelB = panelsB + ((jj * depth) << 2);
          for (let ii: usize = 0; ii < rows; ii += MR) {
            const height = min(MR, rows - ii);
            const panelA = panelsA + ((ii * depth) << 2);
            const at = c + (i + ii) * ldc + ((j + jj) << 2);
            if (width == NR && height == MR) tile(at, ldc, panelA, MR << 2, panelB, NR << 2, depth, add);
            else edgeTile(at, ldc, height, width, panelA, MR << 2, panelB, NR << 2, depth, add);
          }
        }
      }
    }
  }
}
