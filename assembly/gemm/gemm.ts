import { Opcode } from '../opcodes';
import { gemvColumns, gemvRows, KC } from './gemv';
import { MR, NR, tile, tileOfFew, tileRows, unrolling } from './microkernel';
import { packFew, packPanel, packRows, packRuns } from './pack';
import { areApart, isTensor, span } from '../preconditions';
import { Scratch, scratch } from '../scratch';

/** Floats of a packed block of b: 256 kB, which fit the second-level cache. All rows of a use a block before the next is packed. */
const BLOCK: usize = 1 << 16;

/**
 * An operand that lies in rows of the tile is read in place on three conditions. The other operand has at most DIRECT rows to share the cost of packing. Those
 * are at most half the terms of a sum: c is then computed down its columns, in pieces that nothing prefetches, and few terms do not hide how long they take
 * (the gradient of 784×64 weights by 32 rows on a helper of two threads: 114 → 60 µs). And the bytes from first to last are at most SPAN, which stay in the
 * second-level cache.
 */
const DIRECT: usize = 64;
const SPAN: usize = 1 << 19;

/**
 * Columns from which rows that are runs in memory are packed for the tile of six: its loop is an eighth faster where they are neighbours. For the tile of
 * four that pays where it is unrolled here (`setUnrolling`).
 */
const LONG: usize = 128;

/** Rows of x in x·wᵀ that have a tile of their own. */
const FEW: usize = 4;

/** The cost of packing an element, in multiply-adds. */
const PACKING: usize = 4;

/** Holds the panels of a block of b or, where b is read in place, the strips of a. */
const block: usize = ASC_FEATURE_THREADS ? 0 : memory.data((1 << 16) * 4, 16);

/** Holds one strip of a, or a last panel of b that is not full. */
const narrow: usize = ASC_FEATURE_THREADS ? 0 : memory.data(8 * 512 * 4, 16);

/**
 * c[m, n] = a·b, or c += a·b where `accumulate`. Element (i, p) of a lies at a + (i·rsa + p·csa) floats, element (p, j) of b
 * at b + (p·rsb + j·csb) floats, so a transpose is a swap of strides; c is row-major and tight. c must not overlap a or b.
 *
 * The order of summation: with s_q the sum of the terms p = 512q … min(k, 512q + 512) − 1, taken in rising order from +0 by madd,
 * an element is s_0 + s_1 + …, or ((c + s_0) + s_1) + …, from left to right. Shapes, tiles, blocks and an element's place do not
 * change it, except for the dot products of a single row (`gemvRows`). |error| ≤ k·ε·Σ_p |a_ip·b_pj|, ε = 2⁻²⁴ (Higham 2002, §3.1).
 */
export function gemm(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool,
): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(c, m * n), 'gemm: c[m, n] is floats in the heap');
    assert(isTensor(a, span(m, k, rsa, csa)) && isTensor(b, span(k, n, rsb, csb)), 'gemm: a[m, k] and b[k, n], with their strides, are floats in the heap');
    assert(areApart(c, m * n, a, span(m, k, rsa, csa)) && areApart(c, m * n, b, span(k, n, rsb, csb)), 'gemm: c is apart from a and b');
  }
  if (k == 0) {
    if (!accumulate) memory.fill(c, 0, (m * n) << 2);
    return;
  }
  gemmPart(c, n, a, b, m, n, k, rsa, csa, rsb, csb, accumulate, m == 1);
}

/**
 * The same for c[m, n] that is part of a larger c, whose rows are ldc floats apart, and for k > 0. `single`: whether that has one row. The bits are
 * those of the whole.
 */
export function gemmPart(
  c: usize, ldc: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool, single: bool,
): void {
  if (single && csb == 1) return gemvColumns(c, a, b, n, k, csa << 2, rsb << 2, accumulate);
  if (single && csa == 1 && rsb == 1) return gemvRows(c, a, b, n, k, csb << 2, accumulate, 0, Opcode.Copy, 0, 0);
  if (m > 1 && m <= FEW && n >= 8 && csa == 1 && rsb == 1) return few(c, ldc << 2, a, b, m, n, k, rsa << 2, csb << 2, accumulate);
  if (swaps(m, n, rsb)) blocks(c, 4, ldc << 2, b, a, n, m, k, csb << 2, rsb << 2, csa << 2, rsa << 2, accumulate);
  else blocks(c, ldc << 2, 4, a, b, m, n, k, rsa << 2, csa << 2, rsb << 2, csb << 2, accumulate);
}

/** Whether the product is computed as cᵀ = bᵀ·aᵀ. */
function swaps(m: usize, n: usize, rsb: usize): bool {
  return (rsb == 1 || n < NR) && cost(n, m) < cost(m, n);
}

function cost(m: usize, n: usize): usize {
  return ((m + 3) & ~3) * ((n + NR - 1) & ~(NR - 1)) + n * PACKING;
}

/** a·b for few rows of a and at least a tile of columns of b. Rows of a and columns of b are contiguous; ldc, rsa and csb are bytes. */
function few(c: usize, ldc: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csb: usize, accumulate: bool): void {
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    packFew(scratch(narrow, Scratch.Narrow), a + (p << 2), depth, m, rsa);
    for (let j: usize = 0; j < n; j += 8) {
      tileOfFew(n - j, m, b + j * csb + (p << 2), csb, scratch(narrow, Scratch.Narrow), depth, c + (j << 2), ldc, accumulate || p > 0);
    }
  }
}

/**
 * Computes the product as it stands (csc = 4), or as cᵀ = bᵀ·aᵀ (rsc = 4). Strides are bytes. A strip is the rows of a that one tile
 * takes, a panel its columns of b. An operand that is read in place is in the outer loop, so that its lines are in the first-level cache
 * when they are read again. A packed block of b streams from the second level.
 */
function blocks(
  c: usize, rsc: usize, csc: usize, a: usize, b: usize, m: usize, n: usize, k: usize,
  rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool,
): void {
  const packedBlock = scratch(block, Scratch.Block);
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const add = accumulate || p > 0;
    const packed = csa == 4 ? rsa != 4 && n >= LONG && (unrolling || MR() == 6) : rsa == 4 && (n > DIRECT || depth * csa > SPAN);
    const rowsA = a + p * csa;
    const rowsB = b + p * rsb;
    if (csb == 4 && (m <= MR() || (m <= min(DIRECT, depth >> 1) && depth * rsb <= SPAN))) {
      if (packed) for (let i: usize = 0; i < m; i += height(m - i)) packStrip(packedBlock + ((i * depth) << 2), rowsA + i * rsa, m - i, depth, rsa, csa);
      const strips = packed ? packedBlock : rowsA;
      for (let j: usize = 0; j < n; j += NR) {
        let panel = rowsB + (j << 2);
        let stepB = rsb;
        if (j + NR > n) {
          packPanel(scratch(narrow, Scratch.Narrow), panel, depth, n - j, rsb, csb);
          panel = scratch(narrow, Scratch.Narrow);
          stepB = NR << 2;
        }
        for (let i: usize = 0; i < m; i += height(m - i)) {
          const strip = strips + i * (packed ? depth << 2 : rsa);
          const step: usize = packed ? tileRows(m - i) << 2 : csa;
          tile(m - i, n - j, strip, packed ? 4 : rsa, step, panel, stepB, depth, c + i * rsc + j * csc, rsc, csc, add);
        }
      }
    } else {
      const width = (BLOCK / depth) & ~(NR - 1);
      for (let j: usize = 0; j < n; j += width) {
        const columns = min(width, n - j);
        packPanels(packedBlock, rowsB + j * csb, depth, columns, rsb, csb);
        strips(c + j * csc, rsc, csc, rowsA, rsa, csa, packed, packedBlock, m, columns, depth, add);
      }
    }
  }
}

/** A packed block of b with all rows of a, strip by strip. */
function strips(
  c: usize, rsc: usize, csc: usize, a: usize, rsa: usize, csa: usize, packed: bool, panels: usize, m: usize, n: usize, depth: usize, add: bool,
): void {
  for (let i: usize = 0; i < m; i += height(m - i)) {
    let strip = a + i * rsa;
    let rowStep = rsa;
    let step = csa;
    if (packed) {
      packStrip(scratch(narrow, Scratch.Narrow), strip, m - i, depth, rsa, csa);
      strip = scratch(narrow, Scratch.Narrow);
      rowStep = 4;
      step = tileRows(m - i) << 2;
    }
    for (let j: usize = 0; j < n; j += NR) {
      tile(m - i, n - j, strip, rowStep, step, panels + ((j * depth) << 2), NR << 2, depth, c + i * rsc + j * csc, rsc, csc, add);
    }
  }
}

function packPanels(y: usize, b: usize, depth: usize, n: usize, rsb: usize, csb: usize): void {
  for (let j: usize = 0; j < n; j += NR) packPanel(y + ((j * depth) << 2), b + j * csb, depth, min(NR, n - j), rsb, csb);
}

/**
 * Packs w[n, k] for `gemmPacked`: the terms of each partial sum, panel by panel of eight rows of w. The last panel repeats its last row.
 * y has room for `packedSize` floats.
 */
export function packWeights(y: usize, w: usize, n: usize, k: usize): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(y, packedSize(n, k)) && isTensor(w, n * k), 'packWeights: y is packedSize floats and w[n, k] is floats in the heap');
    assert(areApart(y, packedSize(n, k), w, n * k), 'packWeights: y is apart from w');
  }
  for (let p: usize = 0; p < k; p += KC) packPanels(y + p * panelStep(n), w + (p << 2), min(KC, k - p), n, 4, k << 2);
}

/** c[m, n] = a[m, k]·wᵀ for packed w[n, k]: the bits of `gemm`. */
export function gemmPacked(c: usize, a: usize, panels: usize, m: usize, n: usize, k: usize): void {
  if (k == 0) memory.fill(c, 0, (m * n) << 2);
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const width = (BLOCK / depth) & ~(NR - 1);
    for (let j: usize = 0; j < n; j += width) {
      const at = panels + p * panelStep(n) + ((j * depth) << 2);
      strips(c + (j << 2), n << 2, 4, a + (p << 2), k << 2, 4, false, at, m, min(width, n - j), depth, p > 0);
    }
  }
}

/** Floats that packed w[n, k] takes. */
export function packedSize(n: usize, k: usize): usize {
  return k * (panelStep(n) >> 2);
}

/** Bytes of packed weights to one term. */
function panelStep(n: usize): usize {
  return ((n + NR - 1) & ~(NR - 1)) << 2;
}

/** Rows that the next tile covers where `left` are left. */
function height(left: usize): usize {
  return min(tileRows(left), left);
}

/** Packs the strip of a that the next tile takes: step by step, one element of each row. Its rows are neighbours in memory or, where csa is 4, runs. */
function packStrip(y: usize, a: usize, left: usize, depth: usize, rsa: usize, csa: usize): void {
  if (csa == 4) packRuns(y, a, depth, height(left), tileRows(left), rsa);
  else packRows(y, a, depth, height(left), tileRows(left), csa);
}
