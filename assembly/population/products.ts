/**
 * Matrix products of four nets at once: an element is a vector, lane l that of net l, and each net has factors of its own.
 *
 * The order of summation of an element is that of `gemm` (`gemm/gemm.ts`), and for the dot products of a single row that of `gemvRows`: each
 * lane has the bits that its net has by itself. In the relaxed build `laneRow` has an order of its own.
 */
import { KC } from '../gemm/gemv';
import { isLanes, isTensor, span } from '../preconditions';
import { madd } from '../simd';

/** Bytes of an element. */
const ELEMENT: usize = 16;

/** What is added where there is nothing to add: sums are never −0, so +0 changes no bit. */
const nothing = memory.data(16, 16);

/**
 * c[m, n] = a·b + bias, or c += a·b where `accumulate`. Element (i, p) of a lies at a + i·rsa + p·csa bytes, element (p, j) of b at
 * b + p·rsb + j·csb; c is row-major and tight. bias[n] is 0 for none.
 */
export function laneGemm(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool, bias: usize,
): void {
  if (!ASC_NO_ASSERT) assertProduct(c, a, b, m, n, k, rsa, csa, rsb, csb, bias);
  const row = n * ELEMENT;
  if (k == 0 && !accumulate) memory.fill(c, 0, m * row);
  else if (m == 1 && k >= 4 && csb != ELEMENT && csa == ELEMENT && rsb == ELEMENT) {
    // Fewer terms are summed in the order of `gemm` too.
    if (accumulate) dots(c, a, b, n, k, csb, c, ELEMENT);
    else if (bias) dots(c, a, b, n, k, csb, bias, ELEMENT);
    else dots(c, a, b, n, k, csb, nothing, 0);
    return;
  }
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    if (accumulate || p > 0) chunk(c, a + p * csa, b + p * rsb, m, n, depth, rsa, csa, rsb, csb, c, row, ELEMENT);
    else if (bias && k <= KC) return chunk(c, a, b, m, n, depth, rsa, csa, rsb, csb, bias, 0, ELEMENT);
    else chunk(c, a, b, m, n, depth, rsa, csa, rsb, csb, nothing, 0, 0);
  }
  if (bias) addLaneBias(c, bias, m, n);
}

function assertProduct(c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, bias: usize): void {
  assert(isLanes(c, m * n) && (bias == 0 || isLanes(bias, n)), 'laneGemm: c[m, n] and bias[n] are vectors in the heap');
  // In floats, to the end of the last vector.
  const ends = isTensor(a, (span(m, k, rsa, csa) + 14) >> 2) && isTensor(b, (span(k, n, rsb, csb) + 14) >> 2);
  assert(m == 0 || n == 0 || k == 0 || ends, 'laneGemm: a[m, k] and b[k, n], with their strides, are vectors in the heap');
}

/** The most terms of `laneRow`. It goes through all rows of w for each eight of them: with 64 rows of 64 `fourDots` is faster. */
const MOST_TERMS: usize = 32;

/** Whether `laneRow` does what `laneGemm` would: in the relaxed build, whose order of summation is nobody's. */
// @ts-ignore: decorator
@inline
export function isLaneRow(m: usize, k: usize): bool {
  return ASC_FEATURE_RELAXED_SIMD && m == 1 && k > 0 && k <= MOST_TERMS;
}

/**
 * u[n] = x[k]·w[n, k]ᵀ + b[n] of one row of each group, strides bytes apart; b is 0 for none. Each element is summed in the order of its terms, b first. Eight
 * elements of x stay in registers for all rows of w: each weight is used once, and loading it is what takes the time.
 */
export function laneRow(
  u: usize, x: usize, w: usize, b: usize, n: usize, k: usize, groups: usize, strideU: usize, strideX: usize, strideW: usize, strideB: usize,
): void {
  if (!ASC_NO_ASSERT) assert(isLanes(u, n) && isLanes(x, k) && isLanes(w, n * k) && (b == 0 || isLanes(b, n)), 'laneRow: u, x, w and b are vectors in the heap');
  const row = k * ELEMENT;
  const step = row - 4 * ELEMENT;
  const bytes = n * ELEMENT;
  for (; groups; groups--, u += strideU, x += strideX, w += strideW, b += strideB) {
    const end = u + bytes;
    let d = b ? b : nothing;
    let csd = b ? ELEMENT : 0;
    let a = x;
    let from = w;
    for (const last = x + (row & ~(8 * ELEMENT - 1)); a < last; a += 8 * ELEMENT, from += 8 * ELEMENT) {
      const x0 = v128.load(a);
      const x1 = v128.load(a, 16);
      const x2 = v128.load(a, 32);
      const x3 = v128.load(a, 48);
      const x4 = v128.load(a, 64);
      const x5 = v128.load(a, 80);
      const x6 = v128.load(a, 96);
      const x7 = v128.load(a, 112);
      for (let c = u, at = from; c < end; c += ELEMENT, d += csd) {
        let sum = madd(x0, v128.load(at), v128.load(d));
        sum = madd(x1, v128.load(at, 16), sum);
        sum = madd(x2, v128.load(at, 32), sum);
        sum = madd(x3, v128.load(at, 48), sum);
        // In two steps: the compiler loads all up to here first, and eight vectors more would not fit into the registers.
        at += 4 * ELEMENT;
        sum = madd(x4, v128.load(at), sum);
        sum = madd(x5, v128.load(at, 16), sum);
        sum = madd(x6, v128.load(at, 32), sum);
        sum = madd(x7, v128.load(at, 48), sum);
        at += step;
        v128.store(c, sum);
      }
      d = u;
      csd = ELEMENT;
    }
    const left = (k & 7) * ELEMENT;
    if (!left) continue;
    for (let c = u; c < end; c += ELEMENT, d += csd, from += row) {
      let sum = v128.load(d);
      for (let p: usize = 0; p < left; p += ELEMENT) sum = madd(v128.load(a + p), v128.load(from + p), sum);
      v128.store(c, sum);
    }
  }
}

/**
 * c[m, n] = a·b + d for up to `KC` terms, in tiles of two rows and four columns, and of four rows and one. Element (i, j) of d lies at d + i·rsd + j·csd
 * bytes: nothing, a bias, or c itself.
 */
function chunk(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, d: usize, rsd: usize, csd: usize,
): void {
  const row = n * ELEMENT;
  const wide = n & ~3;
  let i: usize = 0;
  for (; i + 2 <= m && wide; i += 2) {
    const from = a + i * rsa;
    for (let j: usize = 0; j < wide; j += 4) tile2x4(c + i * row + j * ELEMENT, row, from, b + j * csb, k, rsa, csa, rsb, csb, d + i * rsd + j * csd, rsd, csd);
  }
  if (i < m) {
    for (let j: usize = 0; j < wide; j += 4) tile1x4(c + i * row + j * ELEMENT, a + i * rsa, b + j * csb, k, csa, rsb, csb, d + i * rsd + j * csd, csd);
  }
  for (let j = wide; j < n; j++) {
    const from = b + j * csb;
    for (i = 0; i + 4 <= m; i += 4) tile4x1(c + i * row + j * ELEMENT, row, a + i * rsa, from, k, rsa, csa, rsb, d + i * rsd + j * csd, rsd);
    for (; i < m; i++) tile1x1(c + i * row + j * ELEMENT, a + i * rsa, from, k, csa, rsb, d + i * rsd + j * csd);
  }
}

// @ts-ignore: decorator
@inline
function put(c: usize, sum: v128, d: usize): void {
  v128.store(c, f32x4.add(sum, v128.load(d)));
}

function tile2x4(
  c: usize, rsc: usize, a: usize, b: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, d: usize, rsd: usize, csd: usize,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c02 = c00;
  let c03 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c13 = c00;
  let a1 = a + rsa;
  let b1 = b + csb;
  let b2 = b1 + csb;
  let b3 = b2 + csb;
  for (const end = b + k * rsb; b != end; a += csa, a1 += csa, b += rsb, b1 += rsb, b2 += rsb, b3 += rsb) {
    const x0 = v128.load(a);
    const x1 = v128.load(a1);
    let w = v128.load(b);
    c00 = madd(x0, w, c00);
    c10 = madd(x1, w, c10);
    w = v128.load(b1);
    c01 = madd(x0, w, c01);
    c11 = madd(x1, w, c11);
    w = v128.load(b2);
    c02 = madd(x0, w, c02);
    c12 = madd(x1, w, c12);
    w = v128.load(b3);
    c03 = madd(x0, w, c03);
    c13 = madd(x1, w, c13);
  }
  put(c, c00, d);
  put(c + ELEMENT, c01, d + csd);
  put(c + 2 * ELEMENT, c02, d + 2 * csd);
  put(c + 3 * ELEMENT, c03, d + 3 * csd);
  c += rsc;
  d += rsd;
  put(c, c10, d);
  put(c + ELEMENT, c11, d + csd);
  put(c + 2 * ELEMENT, c12, d + 2 * csd);
  put(c + 3 * ELEMENT, c13, d + 3 * csd);
}

function tile1x4(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, csb: usize, d: usize, csd: usize): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let b1 = b + csb;
  let b2 = b1 + csb;
  let b3 = b2 + csb;
  for (const end = b + k * rsb; b != end; a += csa, b += rsb, b1 += rsb, b2 += rsb, b3 += rsb) {
    const x = v128.load(a);
    c0 = madd(x, v128.load(b), c0);
    c1 = madd(x, v128.load(b1), c1);
    c2 = madd(x, v128.load(b2), c2);
    c3 = madd(x, v128.load(b3), c3);
  }
  put(c, c0, d);
  put(c + ELEMENT, c1, d + csd);
  put(c + 2 * ELEMENT, c2, d + 2 * csd);
  put(c + 3 * ELEMENT, c3, d + 3 * csd);
}

function tile4x1(c: usize, rsc: usize, a: usize, b: usize, k: usize, rsa: usize, csa: usize, rsb: usize, d: usize, rsd: usize): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let a1 = a + rsa;
  let a2 = a1 + rsa;
  let a3 = a2 + rsa;
  for (const end = b + k * rsb; b != end; a += csa, a1 += csa, a2 += csa, a3 += csa, b += rsb) {
    const w = v128.load(b);
    c0 = madd(v128.load(a), w, c0);
    c1 = madd(v128.load(a1), w, c1);
    c2 = madd(v128.load(a2), w, c2);
    c3 = madd(v128.load(a3), w, c3);
  }
  put(c, c0, d);
  put(c + rsc, c1, d + rsd);
  put(c + 2 * rsc, c2, d + 2 * rsd);
  put(c + 3 * rsc, c3, d + 3 * rsd);
}

function tile1x1(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, d: usize): void {
  let sum = f32x4.splat(0);
  for (const end = b + k * rsb; b != end; a += csa, b += rsb) sum = madd(v128.load(a), v128.load(b), sum);
  put(c, sum, d);
}

/**
 * c[n] = a·b + d, for contiguous a and contiguous columns of b, csb bytes apart, in the order of `gemvRows`; the elements of d are csd bytes apart.
 *
 * There all partial sums begin with +0. Here the first does, and the others with a product: a sum is −0 only where all its terms are, so that one +0
 * among them gives the same bits.
 */
function dots(c: usize, a: usize, b: usize, n: usize, k: usize, csb: usize, d: usize, csd: usize): void {
  const end = c + n * ELEMENT;
  if (k == 8) return eights(c, a, b, end, csb, d, csd);
  if (k == 16 && d != c) {
    halves(c, a, b, end, csb, nothing, 0, nothing, 0);
    return halves(c, a + 2 * ELEMENT, b + 2 * ELEMENT, end, csb, c, ELEMENT, d, csd);
  }
  if (k > 16) for (; c + 3 * ELEMENT < end; c += 4 * ELEMENT, b += csb << 2, d += csd << 2) fourDots(c, a, b, k, csb, d, csd);
  for (; c < end; c += ELEMENT, b += csb, d += csd) put(c, dot(a, b, k), d);
}

/** The dot products of eight terms: a stays in registers for all columns. */
function eights(c: usize, a: usize, b: usize, end: usize, csb: usize, d: usize, csd: usize): void {
  const zero = f32x4.splat(0);
  const x0 = v128.load(a);
  const x1 = v128.load(a, 16);
  const x2 = v128.load(a, 32);
  const x3 = v128.load(a, 48);
  const x4 = v128.load(a, 64);
  const x5 = v128.load(a, 80);
  const x6 = v128.load(a, 96);
  const x7 = v128.load(a, 112);
  for (; c < end; c += ELEMENT, b += csb, d += csd) {
    const l0 = f32x4.add(madd(x0, v128.load(b), zero), f32x4.mul(x4, v128.load(b, 64)));
    const l1 = f32x4.add(f32x4.mul(x1, v128.load(b, 16)), f32x4.mul(x5, v128.load(b, 80)));
    const l2 = f32x4.add(f32x4.mul(x2, v128.load(b, 32)), f32x4.mul(x6, v128.load(b, 96)));
    const l3 = f32x4.add(f32x4.mul(x3, v128.load(b, 48)), f32x4.mul(x7, v128.load(b, 112)));
    put(c, f32x4.add(f32x4.add(l0, l1), f32x4.add(l2, l3)), d);
  }
}

/**
 * Half of each dot product of 16 terms, between what is added before and behind it: the terms 0, 1, 4, 5, 8, 9, 12 and 13 from a and b on, of which a
 * stays in registers for all columns.
 */
function halves(c: usize, a: usize, b: usize, end: usize, csb: usize, before: usize, stepBefore: usize, d: usize, csd: usize): void {
  const zero = f32x4.splat(0);
  const x0 = v128.load(a);
  const x1 = v128.load(a, 16);
  const x4 = v128.load(a, 64);
  const x5 = v128.load(a, 80);
  const x8 = v128.load(a, 128);
  const x9 = v128.load(a, 144);
  const x12 = v128.load(a, 192);
  const x13 = v128.load(a, 208);
  for (; c < end; c += ELEMENT, b += csb, before += stepBefore, d += csd) {
    const s0 = madd(x8, v128.load(b, 128), madd(x0, v128.load(b), zero));
    const s1 = madd(x9, v128.load(b, 144), f32x4.mul(x1, v128.load(b, 16)));
    const h0 = madd(x12, v128.load(b, 192), f32x4.mul(x4, v128.load(b, 64)));
    const h1 = madd(x13, v128.load(b, 208), f32x4.mul(x5, v128.load(b, 80)));
    put(c, f32x4.add(v128.load(before), f32x4.add(f32x4.add(s0, h0), f32x4.add(s1, h1))), d);
  }
}
/** The sums of the terms p ≡ 0 and 4, 1 and 5, 2 and 6, 3 and 7 mod 8 of four columns. */
const residues = memory.data(256, 16);

/** Four dot products of eight terms and more, which share the loads of x. */
function fourDots(c: usize, x: usize, w: usize, k: usize, csb: usize, d: usize, csd: usize): void {
  for (let at: usize = 0; at < 4 * ELEMENT; at += ELEMENT) residue(residues + (at << 2), x + at, w + at, k, csb);
  const last = (k & 3) * ELEMENT;
  x += k * ELEMENT - last;
  w += k * ELEMENT - last;
  for (let j: usize = 0; j < 4 * ELEMENT; j += ELEMENT, w += csb, d += csd) {
    const at = residues + j;
    let sum = f32x4.add(f32x4.add(v128.load(at), v128.load(at, 64)), f32x4.add(v128.load(at, 128), v128.load(at, 192)));
    for (let p: usize = 0; p < last; p += ELEMENT) sum = madd(v128.load(x + p), v128.load(w + p), sum);
    put(c + j, sum, d);
  }
}

/** Those of the terms p ≡ 0 and 4 mod 8 from x and w on. */
function residue(to: usize, x: usize, w: usize, k: usize, csb: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let h0 = s0;
  let h1 = s0;
  let h2 = s0;
  let h3 = s0;
  let w1 = w + csb;
  let w2 = w1 + csb;
  let w3 = w2 + csb;
  for (const end = x + (k & ~7) * ELEMENT; x != end; x += 8 * ELEMENT, w += 8 * ELEMENT, w1 += 8 * ELEMENT, w2 += 8 * ELEMENT, w3 += 8 * ELEMENT) {
    const low = v128.load(x);
    s0 = madd(low, v128.load(w), s0);
    s1 = madd(low, v128.load(w1), s1);
    s2 = madd(low, v128.load(w2), s2);
    s3 = madd(low, v128.load(w3), s3);
    const high = v128.load(x, 64);
    h0 = madd(high, v128.load(w, 64), h0);
    h1 = madd(high, v128.load(w1, 64), h1);
    h2 = madd(high, v128.load(w2, 64), h2);
    h3 = madd(high, v128.load(w3, 64), h3);
  }
  if (k & 4) {
    const low = v128.load(x);
    s0 = madd(low, v128.load(w), s0);
    s1 = madd(low, v128.load(w1), s1);
    s2 = madd(low, v128.load(w2), s2);
    s3 = madd(low, v128.load(w3), s3);
  }
  v128.store(to, f32x4.add(s0, h0));
  v128.store(to, f32x4.add(s1, h1), 16);
  v128.store(to, f32x4.add(s2, h2), 32);
  v128.store(to, f32x4.add(s3, h3), 48);
}

/** Σ x·w of k terms in the order of `gemvRows`: what is a lane there is a sum of its own here. */
// @ts-ignore: decorator
@inline
function dot(x: usize, w: usize, k: usize): v128 {
  const end8 = x + (k & ~7) * ELEMENT;
  const end = x + k * ELEMENT;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let h0 = s0;
  let h1 = s0;
  let h2 = s0;
  let h3 = s0;
  for (; x != end8; x += 8 * ELEMENT, w += 8 * ELEMENT) {
    s0 = madd(v128.load(x), v128.load(w), s0);
    s1 = madd(v128.load(x, 16), v128.load(w, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(w, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(w, 48), s3);
    h0 = madd(v128.load(x, 64), v128.load(w, 64), h0);
    h1 = madd(v128.load(x, 80), v128.load(w, 80), h1);
    h2 = madd(v128.load(x, 96), v128.load(w, 96), h2);
    h3 = madd(v128.load(x, 112), v128.load(w, 112), h3);
  }
  if (k & 4) {
    s0 = madd(v128.load(x), v128.load(w), s0);
    s1 = madd(v128.load(x, 16), v128.load(w, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(w, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(w, 48), s3);
    x += 4 * ELEMENT;
    w += 4 * ELEMENT;
  }
  if (k >= 8) {
    s0 = f32x4.add(s0, h0);
    s1 = f32x4.add(s1, h1);
    s2 = f32x4.add(s2, h2);
    s3 = f32x4.add(s3, h3);
  }
  let sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  for (; x != end; x += ELEMENT, w += ELEMENT) sum = madd(v128.load(x), v128.load(w), sum);
  return sum;
}

/** y[rows, features] += b[features] on each row. */
function addLaneBias(y: usize, b: usize, rows: usize, features: usize): void {
  const width = features * ELEMENT;
  for (const end = y + rows * width; y != end; y += width) {
    for (let at: usize = 0; at < width; at += ELEMENT) v128.store(y + at, f32x4.add(v128.load(y + at), v128.load(b + at)));
  }
}
