import { loadTail, storeTail } from '../kernels/map';
import { Opcode } from '../opcodes';
import { madd } from '../simd';
import { activate } from '../kernels/unary';

/**
 * Terms that are summed in registers before they are added to c. Fixed: it is part of the order of summation.
 * A panel and a strip of this depth are 16 and 12 kB; both fit the first-level cache.
 */
export const KC: usize = 512;

/**
 * c[n] = a·b, or c += where `accumulate`, for b[k, n] with contiguous rows rsb bytes apart; a's elements are csa bytes apart.
 * Each element is summed in the order of `gemm`.
 */
export function gemvColumns(c: usize, a: usize, b: usize, n: usize, k: usize, csa: usize, rsb: usize, accumulate: bool): void {
  for (let p: usize = 0; p < k; p += KC, a += KC * csa, b += KC * rsb) {
    const depth = min(KC, k - p);
    const add = accumulate || p > 0;
    let j: usize = 0;
    for (; j + 32 <= n; j += 32) columns32(c + (j << 2), a, b + (j << 2), depth, csa, rsb, add);
    for (; j + 4 <= n; j += 4) columns4(c + (j << 2), a, b + (j << 2), depth, csa, rsb, add);
    for (; j < n; j++) column(c + (j << 2), a, b + (j << 2), depth, csa, rsb, add);
  }
}

function columns32(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, add: bool): void {
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let c2 = f32x4.splat(0);
  let c3 = f32x4.splat(0);
  let c4 = f32x4.splat(0);
  let c5 = f32x4.splat(0);
  let c6 = f32x4.splat(0);
  let c7 = f32x4.splat(0);
  for (const end = b + k * rsb; b != end; b += rsb, a += csa) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0);
    c1 = madd(x, v128.load(b, 16), c1);
    c2 = madd(x, v128.load(b, 32), c2);
    c3 = madd(x, v128.load(b, 48), c3);
    c4 = madd(x, v128.load(b, 64), c4);
    c5 = madd(x, v128.load(b, 80), c5);
    c6 = madd(x, v128.load(b, 96), c6);
    c7 = madd(x, v128.load(b, 112), c7);
  }
  put(c, c0, add);
  put(c + 16, c1, add);
  put(c + 32, c2, add);
  put(c + 48, c3, add);
  put(c + 64, c4, add);
  put(c + 80, c5, add);
  put(c + 96, c6, add);
  put(c + 112, c7, add);
}

function columns4(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, add: bool): void {
  let sum = f32x4.splat(0);
  for (const end = b + k * rsb; b != end; b += rsb, a += csa) sum = madd(v128.load32_splat(a), v128.load(b), sum);
  put(c, sum, add);
}

/** Sums one column in a vector: a scalar multiply and add would round twice where madd rounds once. */
function column(c: usize, a: usize, b: usize, k: usize, csa: usize, rsb: usize, add: bool): void {
  let sum = f32x4.splat(0);
  for (const end = b + k * rsb; b != end; b += rsb, a += csa) sum = madd(v128.load32_splat(a), v128.load32_splat(b), sum);
  const value = f32x4.extract_lane(sum, 0);
  store<f32>(c, add ? load<f32>(c) + value : value);
}

function put(c: usize, value: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(v128.load(c), value) : value);
}

/**
 * c[n] = g(a·b + bias), or c += a·b where `accumulate`, for b[k, n] with contiguous columns csb bytes apart (the rows of a weight matrix) and
 * a contiguous. bias is 0 for none; g is Copy or another activation that `activate` has, with its α and β.
 */
export function gemvRows(
  c: usize, a: usize, b: usize, n: usize, k: usize, csb: usize, accumulate: bool, bias: usize, activation: i32, alpha: f32, beta: f32,
): void {
  for (let left = n; left; ) {
    const full = left >= 4;
    let b1 = b + csb;
    let b2 = b1 + csb;
    let b3 = b2 + csb;
    if (!full) {
      // Repeat the last column for missing ones; their lanes are not stored.
      if (left < 2) b1 = b;
      if (left < 3) b2 = b1;
      b3 = b2;
    }
    let sum = dots(a, b, b1, b2, b3, k);
    if (bias) {
      sum = f32x4.add(sum, full ? v128.load(bias) : loadTail(bias, left));
      bias += 16;
    }
    if (activation != Opcode.Copy) sum = activate(activation, sum, alpha, beta);
    if (!full) return storeTail(c, accumulate ? f32x4.add(loadTail(c, left), sum) : sum, left);
    put(c, sum, accumulate);
    c += 16;
    b += csb << 2;
    left -= 4;
  }
}

/**
 * a·b0, a·b1, a·b2 and a·b3, of k terms each.
 *
 * The order of summation: eight sums, of the terms p ≡ 0 … 7 mod 8 for p < 8⌊k/8⌋, of which the first four take the next four terms if there
 * are as many; then l = sums 0 … 3 + sums 4 … 7, (l0 + l1) + (l2 + l3), and to that the last terms one by one.
 *
 * All that follows the loop of eight terms stands in it, behind its end. V8 11 and 12 do not unroll a loop that holds another in its text; unrolled, this
 * one spills sums (Node 22, relaxed: 50 → 74 % of the limit; Node 20, baseline: 62 → 81). A function of its own keeps it from that too, but the call
 * costs newer engines 1.5 %. The loop compares a pointer of b, whose end is new for every four columns. Firefox spills an end that is not, and reads it
 * from the stack in each turn (70 → 71 %).
 */
// @ts-ignore: decorator
@inline
function dots(x: usize, b0: usize, b1: usize, b2: usize, b3: usize, k: usize): v128 {
  const end8 = b0 + ((k & ~7) << 2);
  const end4 = b0 + ((k & ~3) << 2);
  const end = b0 + (k << 2);
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let h0 = s0;
  let h1 = s1;
  let h2 = s2;
  let h3 = s3;
  while (true) {
    if (b0 == end8) {
      if (b0 != end4) {
        const low = v128.load(x);
        s0 = madd(low, v128.load(b0), s0);
        s1 = madd(low, v128.load(b1), s1);
        s2 = madd(low, v128.load(b2), s2);
        s3 = madd(low, v128.load(b3), s3);
        x += 16;
        b0 += 16;
        b1 += 16;
        b2 += 16;
        b3 += 16;
      }
      // Below eight terms the second four sums are +0, and the first are not −0: adding would change no bit.
      if (k >= 8) {
        s0 = f32x4.add(s0, h0);
        s1 = f32x4.add(s1, h1);
        s2 = f32x4.add(s2, h2);
        s3 = f32x4.add(s3, h3);
      }
      const even01 = v128.shuffle<f32>(s0, s1, 0, 2, 4, 6);
      const odd01 = v128.shuffle<f32>(s0, s1, 1, 3, 5, 7);
      const even23 = v128.shuffle<f32>(s2, s3, 0, 2, 4, 6);
      const odd23 = v128.shuffle<f32>(s2, s3, 1, 3, 5, 7);
      const pairs01 = f32x4.add(even01, odd01);
      const pairs23 = f32x4.add(even23, odd23);
      let sum = f32x4.add(v128.shuffle<f32>(pairs01, pairs23, 0, 2, 4, 6), v128.shuffle<f32>(pairs01, pairs23, 1, 3, 5, 7));
      for (; b0 != end; x += 4, b0 += 4, b1 += 4, b2 += 4, b3 += 4) {
        let w = v128.load32_splat(b0);
        w = v128.load_lane<f32>(b1, w, 1);
        w = v128.load_lane<f32>(b2, w, 2);
        w = v128.load_lane<f32>(b3, w, 3);
        sum = madd(v128.load32_splat(x), w, sum);
      }
      return sum;
    }
    const low = v128.load(x);
    const high = v128.load(x, 16);
    s0 = madd(low, v128.load(b0), s0);
    h0 = madd(high, v128.load(b0, 16), h0);
    s1 = madd(low, v128.load(b1), s1);
    h1 = madd(high, v128.load(b1, 16), h1);
    s2 = madd(low, v128.load(b2), s2);
    h2 = madd(high, v128.load(b2, 16), h2);
    s3 = madd(low, v128.load(b3), s3);
    h3 = madd(high, v128.load(b3, 16), h3);
    x += 32;
    b0 += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
}
