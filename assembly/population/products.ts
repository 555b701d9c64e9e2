/**
 * Matrix products of four nets at once: an element is a vector, lane l that of net l, and each net has factors of its own.
 *
 * The order of summation of an element is that of `gemm` (`gemm/gemm.ts`), and for the dot products of a single row that of `gemvRows`: each
 * lane has the bits that its net has by itself.
 */
import { KC } from '../gemm/gemv';
import { madd } from '../simd';

/** Bytes of an element. */
const ELEMENT: usize = 16;

/**
 * c[m, n] = a·b + bias, or c += a·b where `accumulate`. Element (i, p) of a lies at a + i·rsa + p·csa bytes, element (p, j) of b at
 * b + p·rsb + j·csb; c is row-major and tight. bias[n] is 0 for none.
 */
export function laneGemm(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, accumulate: bool, bias: usize,
): void {
  if (k == 0) {
    if (!accumulate) memory.fill(c, 0, m * n * ELEMENT);
    if (bias) addLaneBias(c, bias, m, n);
    return;
  }
  if (m == 1 && csb != ELEMENT && csa == ELEMENT && rsb == ELEMENT) return laneDots(c, a, b, n, k, csb, accumulate, bias);
  for (let p: usize = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const add = accumulate || p > 0;
    // The bias comes behind the last partial sum.
    chunk(c, a + p * csa, b + p * rsb, m, n, depth, rsa, csa, rsb, csb, add, p + depth < k ? 0 : bias);
  }
}

function chunk(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, add: bool, bias: usize,
): void {
  const row = n * ELEMENT;
  let i: usize = 0;
  for (; i + 2 <= m; i += 2, a += rsa << 1, c += row << 1) {
    let to = c;
    let from = b;
    let last = bias;
    let j: usize = 0;
    for (; j + 4 <= n; j += 4, to += 4 * ELEMENT, from += csb << 2) {
      tile2x4(to, row, a, from, k, rsa, csa, rsb, csb, add, last);
      if (last) last += 4 * ELEMENT;
    }
    for (; j < n; j++, to += ELEMENT, from += csb) {
      tile2x1(to, row, a, from, k, rsa, csa, rsb, add, last);
      if (last) last += ELEMENT;
    }
  }
  if (i == m) return;
  let j: usize = 0;
  for (; j + 4 <= n; j += 4, c += 4 * ELEMENT, b += csb << 2) {
    tile1x4(c, a, b, k, csa, rsb, csb, add, bias);
    if (bias) bias += 4 * ELEMENT;
  }
  for (; j < n; j++, c += ELEMENT, b += csb) {
    tile1x1(c, a, b, k, csa, rsb, add, bias);
    if (bias) bias += ELEMENT;
  }
}

// @ts-ignore: decorator
@inline
function put(c: usize, sum: v128, add: bool, bias: usize): void {
  if (add) sum = f32x4.add(v128.load(c), sum);
  if (bias) sum = f32x4.add(sum, v128.load(bias));
  v128.store(c, sum);
}

function tile2x4(c: usize, rsc: usize, a: usize, b: usize, k: usize, rsa: usize, csa: usize, rsb: usize, csb: usize, add: bool, bias: usize): void {
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
  put(c, c00, add, bias);
  put(c + ELEMENT, c01, add, bias ? bias + ELEMENT : 0);
  put(c + 2 * ELEMENT, c02, add, bias ? bias + 2 * ELEMENT : 0);
  put(c + 3 * ELEMENT, c03, add, bias ? bias + 3 * ELEMENT : 0);
  c += rsc;
  put(c, c10, add, bias);
  put(c + ELEMENT, c11, add, bias ? bias + ELEMENT : 0);
  put(c + 2 * ELEMENT, c12, add, bias ? bias + 2 * ELEMENT : 0);
  put(c + 3 * ELEMENT, c13, add, bias ? bias + 3 * ELEMENT : 0);
}

function tile2x1(c: usize, rsc: usize, a: usize, b: usize, k: usize, rsa: usize, csa: usize, rsb: usize, add: bool, bias: usize): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let a1 = a + rsa;
  for (const end = b + k * rsb; b != end; a += csa, a1 += csa, b += rsb) {
    const w = v128.load(b);
    c0 = madd(v128.load(a), w, c0);
    c1 = madd(v128.load(a1), w, c1);
  }
  put(c, c0, add, bias);
  put(c + rsc, c1, add, bias);
}

function tile1x4(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, csb: usize, add: bool, bias: usize): void {
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
  put(c, c0, add, bias);
  put(c + ELEMENT, c1, add, bias ? bias + ELEMENT : 0);
  put(c + 2 * ELEMENT, c2, add, bias ? bias + 2 * ELEMENT : 0);
  put(c + 3 * ELEMENT, c3, add, bias ? bias + 3 * ELEMENT : 0);
}

function tile1x1(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, add: bool, bias: usize): void {
  let sum = f32x4.splat(0);
  for (const end = b + k * rsb; b != end; a += csa, b += rsb) sum = madd(v128.load(a), v128.load(b), sum);
  put(c, sum, add, bias);
}

/** What is added where there is no bias: sums are never −0, so +0 changes no bit. */
const nothing = memory.data(16, 16);

/**
 * c[n] = a·b + bias, or c += a·b, for contiguous a and contiguous columns of b, in the order of `gemvRows`.
 *
 * There all partial sums begin with +0. Here the first does, and the others with a product: a sum is −0 only where all its terms are, so that one +0
 * among them gives the same bits.
 */
function laneDots(c: usize, a: usize, b: usize, n: usize, k: usize, csb: usize, accumulate: bool, bias: usize): void {
  if (accumulate) {
    for (let j: usize = 0; j < n; j++, c += ELEMENT, b += csb) v128.store(c, f32x4.add(v128.load(c), dot(a, b, k)));
    return;
  }
  const step: usize = bias ? ELEMENT : 0;
  let added = bias ? bias : nothing;
  const end = c + n * ELEMENT;
  if (k == 8) return eights(c, a, b, end, added, step);
  if (k >= 16) {
    for (; c + ELEMENT < end; c += 2 * ELEMENT, b += csb << 1, added += step << 1) twoDots(c, a, b, b + csb, k, added, step);
  }
  for (; c < end; c += ELEMENT, b += csb, added += step) v128.store(c, f32x4.add(dot(a, b, k), v128.load(added)));
}

/** The dot products of eight terms: a stays in registers for all columns. */
function eights(c: usize, a: usize, b: usize, end: usize, bias: usize, step: usize): void {
  const zero = f32x4.splat(0);
  const x0 = v128.load(a);
  const x1 = v128.load(a, 16);
  const x2 = v128.load(a, 32);
  const x3 = v128.load(a, 48);
  const x4 = v128.load(a, 64);
  const x5 = v128.load(a, 80);
  const x6 = v128.load(a, 96);
  const x7 = v128.load(a, 112);
  for (; c < end; c += ELEMENT, b += 8 * ELEMENT, bias += step) {
    const l0 = f32x4.add(madd(x0, v128.load(b), zero), f32x4.mul(x4, v128.load(b, 64)));
    const l1 = f32x4.add(f32x4.mul(x1, v128.load(b, 16)), f32x4.mul(x5, v128.load(b, 80)));
    const l2 = f32x4.add(f32x4.mul(x2, v128.load(b, 32)), f32x4.mul(x6, v128.load(b, 96)));
    const l3 = f32x4.add(f32x4.mul(x3, v128.load(b, 48)), f32x4.mul(x7, v128.load(b, 112)));
    v128.store(c, f32x4.add(f32x4.add(f32x4.add(l0, l1), f32x4.add(l2, l3)), v128.load(bias)));
  }
}

/** Two dot products of k ≥ 16 terms, which share the loads of x: the sums of the terms p and p + 4 mod 8 are finished for one p after the other. */
function twoDots(c: usize, x: usize, w: usize, v: usize, k: usize, bias: usize, step: usize): void {
  const zero = f32x4.splat(0);
  const end8 = (k & ~7) << 4;
  const behind = (k & ~3) << 4;
  let x0: v128;
  let x4: v128;
  let highW: v128;
  let highV: v128;

  x0 = v128.load(x, 0);
  x4 = v128.load(x, 64);
  let w0 = madd(x0, v128.load(w, 0), zero);
  let v0 = madd(x0, v128.load(v, 0), zero);
  highW = f32x4.mul(x4, v128.load(w, 64));
  highV = f32x4.mul(x4, v128.load(v, 64));
  for (let at: usize = 128; at < end8; at += 128) {
    x0 = v128.load(x + at, 0);
    x4 = v128.load(x + at, 64);
    w0 = madd(x0, v128.load(w + at, 0), w0);
    v0 = madd(x0, v128.load(v + at, 0), v0);
    highW = madd(x4, v128.load(w + at, 64), highW);
    highV = madd(x4, v128.load(v + at, 64), highV);
  }
  if (behind != end8) {
    x0 = v128.load(x + end8, 0);
    w0 = madd(x0, v128.load(w + end8, 0), w0);
    v0 = madd(x0, v128.load(v + end8, 0), v0);
  }
  w0 = f32x4.add(w0, highW);
  v0 = f32x4.add(v0, highV);

  x0 = v128.load(x, 16);
  x4 = v128.load(x, 80);
  let w16 = f32x4.mul(x0, v128.load(w, 16));
  let v16 = f32x4.mul(x0, v128.load(v, 16));
  highW = f32x4.mul(x4, v128.load(w, 80));
  highV = f32x4.mul(x4, v128.load(v, 80));
  for (let at: usize = 128; at < end8; at += 128) {
    x0 = v128.load(x + at, 16);
    x4 = v128.load(x + at, 80);
    w16 = madd(x0, v128.load(w + at, 16), w16);
    v16 = madd(x0, v128.load(v + at, 16), v16);
    highW = madd(x4, v128.load(w + at, 80), highW);
    highV = madd(x4, v128.load(v + at, 80), highV);
  }
  if (behind != end8) {
    x0 = v128.load(x + end8, 16);
    w16 = madd(x0, v128.load(w + end8, 16), w16);
    v16 = madd(x0, v128.load(v + end8, 16), v16);
  }
  w16 = f32x4.add(w16, highW);
  v16 = f32x4.add(v16, highV);

  w0 = f32x4.add(w0, w16);
  v0 = f32x4.add(v0, v16);

  x0 = v128.load(x, 32);
  x4 = v128.load(x, 96);
  let w32 = f32x4.mul(x0, v128.load(w, 32));
  let v32 = f32x4.mul(x0, v128.load(v, 32));
  highW = f32x4.mul(x4, v128.load(w, 96));
  highV = f32x4.mul(x4, v128.load(v, 96));
  for (let at: usize = 128; at < end8; at += 128) {
    x0 = v128.load(x + at, 32);
    x4 = v128.load(x + at, 96);
    w32 = madd(x0, v128.load(w + at, 32), w32);
    v32 = madd(x0, v128.load(v + at, 32), v32);
    highW = madd(x4, v128.load(w + at, 96), highW);
    highV = madd(x4, v128.load(v + at, 96), highV);
  }
  if (behind != end8) {
    x0 = v128.load(x + end8, 32);
    w32 = madd(x0, v128.load(w + end8, 32), w32);
    v32 = madd(x0, v128.load(v + end8, 32), v32);
  }
  w32 = f32x4.add(w32, highW);
  v32 = f32x4.add(v32, highV);

  x0 = v128.load(x, 48);
  x4 = v128.load(x, 112);
  let w48 = f32x4.mul(x0, v128.load(w, 48));
  let v48 = f32x4.mul(x0, v128.load(v, 48));
  highW = f32x4.mul(x4, v128.load(w, 112));
  highV = f32x4.mul(x4, v128.load(v, 112));
  for (let at: usize = 128; at < end8; at += 128) {
    x0 = v128.load(x + at, 48);
    x4 = v128.load(x + at, 112);
    w48 = madd(x0, v128.load(w + at, 48), w48);
    v48 = madd(x0, v128.load(v + at, 48), v48);
    highW = madd(x4, v128.load(w + at, 112), highW);
    highV = madd(x4, v128.load(v + at, 112), highV);
  }
  if (behind != end8) {
    x0 = v128.load(x + end8, 48);
    w48 = madd(x0, v128.load(w + end8, 48), w48);
    v48 = madd(x0, v128.load(v + end8, 48), v48);
  }
  w48 = f32x4.add(w48, highW);
  v48 = f32x4.add(v48, highV);

  w0 = f32x4.add(w0, f32x4.add(w32, w48));
  v0 = f32x4.add(v0, f32x4.add(v32, v48));
  for (let at = behind; at < k << 4; at += ELEMENT) {
    const last = v128.load(x + at);
    w0 = madd(last, v128.load(w + at), w0);
    v0 = madd(last, v128.load(v + at), v0);
  }
  v128.store(c, f32x4.add(w0, v128.load(bias)));
  v128.store(c, f32x4.add(v0, v128.load(bias + step)), ELEMENT);
}

/** Σ x·w of k terms in the order of `dots` (`gemm/gemv.ts`): what is a lane there is a sum of its own here. */
// @ts-ignore: decorator
@inline
function dot(x: usize, w: usize, k: usize): v128 {
  const end8 = x + (k & ~7) * ELEMENT;
  const end = x + k * ELEMENT;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  if (k >= 8) {
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
    s0 = f32x4.add(s0, h0);
    s1 = f32x4.add(s1, h1);
    s2 = f32x4.add(s2, h2);
    s3 = f32x4.add(s3, h3);
  } else if (k & 4) {
    s0 = madd(v128.load(x), v128.load(w), s0);
    s1 = madd(v128.load(x, 16), v128.load(w, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(w, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(w, 48), s3);
    x += 4 * ELEMENT;
    w += 4 * ELEMENT;
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
