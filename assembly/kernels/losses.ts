/** Losses from the logits, one value per row, and the fused forms that give the delta in the same pass. */
import { loadTail, storeTail } from './map';
import { Sigmoid } from '../math/sigmoid';
import { Softplus } from '../math/softplus';
import { TargetKind } from '../opcodes';
import { areApart, isSameOrApart, isTensor } from '../preconditions';
import { addLanes, firstLanes, lastLanes, maxOf } from './rows';
import { madd } from '../simd';
import { exponentials, logOf, sumExponentials } from './softmax';

/** What every loss demands of loss[rows], z[rows, features] and t: where t are ids, it is as wide as the loss. */
function assertLoss(loss: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize): void {
  const n = rows * features;
  const targets = kind == TargetKind.Classes ? rows : n;
  assert(features > 0, 'loss: there is a feature');
  assert(isTensor(loss, rows) && isTensor(z, n) && isTensor(t, targets), 'loss: loss[rows], z[rows, features] and its targets are words in the heap');
  assert(areApart(loss, rows, z, n) && areApart(loss, rows, t, targets), 'loss: loss is apart from z and t');
}

/** The same for a loss that gives u (0: not kept) and dz too. */
function assertFused(loss: usize, u: usize, dz: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize): void {
  assertLoss(loss, z, t, kind, rows, features);
  const n = rows * features;
  const targets = kind == TargetKind.Classes ? rows : n;
  assert(isTensor(dz, n) && areApart(dz, n, loss, rows) && areApart(dz, n, t, targets), 'loss: dz[rows, features] is apart from loss and t');
  assert(isSameOrApart(dz, z, n), 'loss: dz is z, or apart from it');
  if (!u) return;
  assert(isTensor(u, n) && areApart(u, n, loss, rows) && areApart(u, n, t, targets), 'loss: u[rows, features] is apart from loss and t');
  assert(isSameOrApart(u, z, n) && areApart(u, n, dz, n), 'loss: u is z, or apart from it, and apart from dz');
}

/**
 * loss[row] = logsumexp(z) − Σ t·z (notes 18, 19); t: values [rows, features], or u32 ids [rows] where kind = TargetKind.Classes.
 *
 * Computed as log Σ e^{z − max} + Σ t·(max − z), the second sum and the last in f64: the error is that of the logarithm and one
 * rounding, also where the logits are large and the loss is small. A Σ t that misses 1 by rounding multiplies no large logit.
 * A target of 0 adds nothing, whatever its logit, so ids and rows of 0 and 1 give the same bits. NaN where softmax is NaN, and for an id
 * out of range.
 */
export function crossEntropy(loss: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assertLoss(loss, z, t, kind, rows, features);
  const stride = features << 2;
  for (let end = loss + (rows << 2); loss < end; loss += 4) {
    const largest = maxOf(z, features);
    const sum = sumExponentials(z, features, largest);
    store<f32>(loss, <f32>(<f64>logOf(sum) + distance(z, t, kind, features, largest)));
    z += stride;
    t += kind == TargetKind.Classes ? 4 : stride;
  }
}

/**
 * loss[row] = Σ_j softplus(z_j) − t_j·z_j (notes 17).
 *
 * Computed as log1p(e^{−|z|}) + z·([z > 0] − t), which cancels nothing: for t of 0 or 1 the relative error of a term is that of the
 * two functions and one rounding, and ±∞ give the limits. Terms are summed as the features of a softmax are.
 */
export function binaryCrossEntropy(loss: usize, z: usize, t: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assertLoss(loss, z, t, TargetKind.Values, rows, features);
  if (features == 1) {
    binaryTerms(loss, z, t, rows);
    return;
  }
  const stride = features << 2;
  for (let end = loss + (rows << 2); loss < end; loss += 4) {
    store<f32>(loss, sumBinaryTerms(z, t, features));
    z += stride;
    t += stride;
  }
}

/**
 * crossEntropy, u = softmax(z) (u = 0: not kept) and dz = (u − t)·scale, with the bits of the separate kernels (crossEntropy, softmax,
 * oneHot where t are ids, Sub, Affine). u or dz may be z.
 */
export function softmaxCrossEntropy(loss: usize, u: usize, dz: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize, scale: f32): void {
  if (!ASC_NO_ASSERT) assertFused(loss, u, dz, z, t, kind, rows, features);
  const stride = features << 2;
  for (let end = loss + (rows << 2); loss < end; loss += 4) {
    const largest = maxOf(z, features);
    const away = distance(z, t, kind, features, largest);
    const sum = exponentials(dz, z, features, largest);
    store<f32>(loss, <f32>(<f64>logOf(sum) + away));
    softmaxDelta(u, dz, t, kind, features, sum, scale);
    z += stride;
    dz += stride;
    if (u) u += stride;
    t += kind == TargetKind.Classes ? 4 : stride;
  }
}

/**
 * binaryCrossEntropy, u = sigmoid(z) (u = 0: not kept) and dz = (u − t)·scale, with the bits of the separate kernels
 * (binaryCrossEntropy, Sigmoid, Sub, Affine). u or dz may be z.
 */
export function sigmoidCrossEntropy(loss: usize, u: usize, dz: usize, z: usize, t: usize, rows: usize, features: usize, scale: f32): void {
  if (!ASC_NO_ASSERT) assertFused(loss, u, dz, z, t, TargetKind.Values, rows, features);
  binaryCrossEntropy(loss, z, t, rows, features);
  const n = rows * features;
  const scale4 = f32x4.splat(scale);
  const zero = f32x4.splat(0);
  if (n < 4) {
    const few = Sigmoid.of(loadTail(z, n));
    if (u) storeTail(u, few, n);
    storeTail(dz, madd(scale4, f32x4.sub(few, loadTail(t, n)), zero), n);
    return;
  }
  // The last four overlap the vectors before. Compute them first, since u or dz may be z.
  const back = (n - 4) << 2;
  const last = Sigmoid.of(v128.load(z + back));
  const lastDelta = madd(scale4, f32x4.sub(last, v128.load(t + back)), zero);
  for (let at: usize = 0; at < back; at += 16) {
    const value = Sigmoid.of(v128.load(z + at));
    if (u) v128.store(u + at, value);
    v128.store(dz + at, madd(scale4, f32x4.sub(value, v128.load(t + at)), zero));
  }
  if (u) v128.store(u + back, last);
  v128.store(dz + back, lastDelta);
}

/** Σ loss in f64, in order; of weights just so. */
export function sumLoss(loss: usize, rows: usize): f64 {
  if (!ASC_NO_ASSERT) assert(isTensor(loss, rows), 'sumLoss: loss is a float for each row, in the heap');
  let sum: f64 = 0;
  for (let end = loss + (rows << 2); loss < end; loss += 4) sum += load<f32>(loss);
  return sum;
}

/**
 * Counts the rows classified correctly. By the largest logit (notes 6, the lowest index on ties): its index is the class id, or that of the
 * largest target. With `each`: z ≥ cut in every feature where t ≥ targetCut, and in no other. A row with a NaN is never correct. A row counts by its weight, or
 * once where w is 0.
 */
export function countCorrect(
  z: usize, t: usize, w: usize, kind: i32, rows: usize, features: usize, each: bool, cut: f32, targetCut: f32,
): f64 {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(z, rows * features), 'countCorrect: z[rows, features] is floats in the heap');
    assert(isTensor(t, kind == TargetKind.Classes ? rows : rows * features), 'countCorrect: t is words in the heap');
    if (w) assert(isTensor(w, rows), 'countCorrect: w is a float for each row, in the heap');
  }
  const stride = features << 2;
  let correct: f64 = 0;
  for (let i: usize = 0; i < rows; i++) {
    if (each) {
      if (agree(z, t, stride, cut, targetCut)) correct += w ? load<f32>(w + (i << 2)) : 1;
    } else {
      const id: usize = kind == TargetKind.Classes ? <usize>load<u32>(t) : largestIndex(t, features);
      if (isLargest(z, features, id)) correct += w ? load<f32>(w + (i << 2)) : 1;
    }
    z += stride;
    t += kind == TargetKind.Classes ? 4 : stride;
  }
  return correct;
}

function agree(z: usize, t: usize, bytes: usize, cut: f32, targetCut: f32): bool {
  for (const end = z + bytes; z < end; z += 4, t += 4) {
    const value = load<f32>(z);
    if (load<f32>(t) >= targetCut ? !(value >= cut) : !(value < cut)) return false;
  }
  return true;
}

/**
 * Whether `id` is the index of the largest of n floats, as `largestIndex` finds it, without a branch for each: all before are less, none behind is
 * more. A NaN is neither.
 */
function isLargest(x: usize, n: usize, id: usize): bool {
  if (id >= n) return false;
  const value = v128.load32_splat(x + (id << 2));
  const id4 = i32x4.splat(<i32>id);
  let index = i32x4(0, 1, 2, 3);
  let all = i32x4.splat(-1);
  const end = x + (n << 2);
  for (; x + 16 <= end; x += 16, index = i32x4.add(index, i32x4.splat(4))) all = v128.and(all, ranks(v128.load(x), value, index, id4));
  const rest = (end - x) >> 2;
  if (rest) all = v128.and(all, v128.or(ranks(loadTail(x, rest), value, index, id4), v128.not(firstLanes(rest))));
  return i32x4.all_true(all);
}

/** x < value where index < id, else x ≤ value. */
function ranks(x: v128, value: v128, index: v128, id: v128): v128 {
  return v128.bitselect(f32x4.lt(x, value), f32x4.le(x, value), i32x4.lt_s(index, id));
}

/** The index of the largest of n floats, the lowest on ties; n, which is no index, where one is NaN. */
function largestIndex(x: usize, n: usize): usize {
  let index: usize = 0;
  let largest: f32 = -Infinity;
  for (let j: usize = 0; j < n; j++) {
    const value = load<f32>(x + (j << 2));
    if (value != value) return n;
    if (value > largest) {
      largest = value;
      index = j;
    }
  }
  return index;
}

/** Σ t·(largest − z) in f64 over the targets that are not 0, the even and the odd elements apart; largest − z of the class where t is an id. */
function distance(z: usize, t: usize, kind: i32, n: usize, largest: f32): f64 {
  if (kind == TargetKind.Classes) {
    const id: usize = load<u32>(t);
    return id < n ? <f64>largest - <f64>load<f32>(z + (id << 2)) : NaN;
  }
  const largest2 = f64x2.splat(<f64>largest);
  let sum = f64x2.splat(0);
  for (const stop = z + ((n & ~1) << 2); z < stop; z += 8, t += 8) {
    sum = f64x2.add(sum, weighed(v128.load64_zero(t), v128.load64_zero(z), largest2));
  }
  if (n & 1) {
    sum = f64x2.add(sum, weighed(v128.load32_zero(t), v128.load32_zero(z), largest2));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** t·(largest − z) of two targets and logits; 0 where the target is 0, whatever the logit. */
function weighed(t: v128, z: v128, largest: v128): v128 {
  const targets = f64x2.promote_low_f32x4(t);
  const away = f64x2.sub(largest, f64x2.promote_low_f32x4(z));
  return v128.andnot(f64x2.mul(targets, away), f64x2.eq(targets, f64x2.splat(0)));
}

/** From e^{z − max} in dz: u = e / sum where kept, dz = (e / sum − t)·scale. */
function softmaxDelta(u: usize, dz: usize, t: usize, kind: i32, n: usize, sum: f32, scale: f32): void {
  const sum4 = f32x4.splat(sum);
  const scale4 = f32x4.splat(scale);
  const zero = f32x4.splat(0);
  const classes = kind == TargetKind.Classes;
  // Compare the index of each feature with the id: its row of 0 and 1.
  const id = i32x4.splat(classes ? load<i32>(t) : -1);
  const one = f32x4.splat(1);
  let index = i32x4(0, 1, 2, 3);
  if (n < 4) {
    const targets = classes ? v128.and(one, i32x4.eq(index, id)) : loadTail(t, n);
    const value = f32x4.div(loadTail(dz, n), sum4);
    if (u) storeTail(u, value, n);
    storeTail(dz, madd(scale4, f32x4.sub(value, targets), zero), n);
    return;
  }
  const back = (n - 4) << 2;
  const lastIndex = i32x4.add(index, i32x4.splat(<i32>n - 4));
  const last = f32x4.div(v128.load(dz + back), sum4);
  for (let at: usize = 0; at < back; at += 16) {
    const targets = classes ? v128.and(one, i32x4.eq(index, id)) : v128.load(t + at);
    const value = f32x4.div(v128.load(dz + at), sum4);
    if (u) v128.store(u + at, value);
    v128.store(dz + at, madd(scale4, f32x4.sub(value, targets), zero));
    index = i32x4.add(index, i32x4.splat(4));
  }
  const targets = classes ? v128.and(one, i32x4.eq(lastIndex, id)) : v128.load(t + back);
  if (u) v128.store(u + back, last);
  v128.store(dz + back, madd(scale4, f32x4.sub(last, targets), zero));
}

/** log1p(e^{−|z|}) + z·([z > 0] − t); a factor of 0 gives 0, also for an infinite z. */
function binaryTerm(z: v128, t: v128): v128 {
  const factor = f32x4.sub(v128.and(f32x4.splat(1), f32x4.gt(z, f32x4.splat(0))), t);
  const product = v128.andnot(f32x4.mul(factor, z), f32x4.eq(factor, f32x4.splat(0)));
  return f32x4.add(Softplus.of(f32x4.neg(f32x4.abs(z))), product);
}

/** y = the term of each of n elements. */
function binaryTerms(y: usize, z: usize, t: usize, n: usize): void {
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, z += 16, t += 16) v128.store(y, binaryTerm(v128.load(z), v128.load(t)));
  const rest = (end - y) >> 2;
  if (rest) storeTail(y, binaryTerm(loadTail(z, rest), loadTail(t, rest)), rest);
}

/** Σ of the terms of n ≥ 2 elements. */
function sumBinaryTerms(z: usize, t: usize, n: usize): f32 {
  if (n < 4) return addLanes(v128.and(binaryTerm(loadTail(z, n), loadTail(t, n)), firstLanes(n)));
  const back = (n - 4) << 2;
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at <= back; at += 16) sum = f32x4.add(sum, binaryTerm(v128.load(z + at), v128.load(t + at)));
  const rest = n & 3;
  if (rest) sum = f32x4.add(sum, v128.and(binaryTerm(v128.load(z + back), v128.load(t + back)), lastLanes(rest)));
  return addLanes(sum);
}
