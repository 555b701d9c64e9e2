/** Losses from the logits of four nets at once; see `kernels/losses.ts` for what they are. Each lane has the bits that its net has by itself. */
import { Log } from '../math/log';
import { Sigmoid } from '../math/sigmoid';
import { Softplus } from '../math/softplus';
import { TargetKind } from '../opcodes';
import { isLanes } from '../preconditions';
import { madd } from '../simd';
import { laneExponentials, laneMax, laneSumExponentials } from './rows';

/** What may be left out is 0. */
function assertLoss(loss: usize, u: usize, dz: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize): void {
  const n = rows * features;
  assert(isLanes(loss, rows) && isLanes(z, n), 'losses: loss[rows] and z[rows, features] are vectors in the heap');
  assert(isLanes(t, kind == TargetKind.Classes ? rows : n), 'losses: t is vectors in the heap');
  assert((u == 0 || isLanes(u, n)) && (dz == 0 || isLanes(dz, n)), 'losses: u and dz are vectors in the heap');
}

/** loss[row] = logsumexp(z) − Σ t·z. */
export function laneCrossEntropy(loss: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assertLoss(loss, 0, 0, z, t, kind, rows, features);
  const stride = features << 4;
  for (let end = loss + (rows << 4); loss < end; loss += 16) {
    const largest = laneMax(z, features);
    storeLoss(loss, Log.of(laneSumExponentials(z, features, largest)), z, t, kind, features, largest);
    z += stride;
    t += kind == TargetKind.Classes ? 16 : stride;
  }
}

/** The same, u = softmax(z) (u = 0: not kept) and dz = (u − t)·scale. u or dz may be z. */
export function laneSoftmaxCrossEntropy(
  loss: usize, u: usize, dz: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize, scale: v128,
): void {
  if (!ASC_NO_ASSERT) assertLoss(loss, u, dz, z, t, kind, rows, features);
  const stride = features << 4;
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const classes = kind == TargetKind.Classes;
  for (let end = loss + (rows << 4); loss < end; loss += 16) {
    const largest = laneMax(z, features);
    distances(z, t, kind, features, largest);
    const sum = laneExponentials(dz, z, features, largest);
    addDistances(loss, Log.of(sum));
    for (let j: usize = 0; j < features; j++) {
      const at = j << 4;
      const value = f32x4.div(v128.load(dz + at), sum);
      const target = classes ? v128.and(one, i32x4.eq(v128.load(t), i32x4.splat(<i32>j))) : v128.load(t + at);
      if (u) v128.store(u + at, value);
      v128.store(dz + at, madd(scale, f32x4.sub(value, target), zero));
    }
    z += stride;
    dz += stride;
    if (u) u += stride;
    t += classes ? 16 : stride;
  }
}

/** Σ t·(largest − z) of the row at hand, one f64 for each net. */
const away = memory.data(32, 16);

function storeLoss(loss: usize, log: v128, z: usize, t: usize, kind: i32, features: usize, largest: v128): void {
  distances(z, t, kind, features, largest);
  addDistances(loss, log);
}

function addDistances(loss: usize, log: v128): void {
  const low = f32x4.demote_f64x2_zero(f64x2.add(f64x2.promote_low_f32x4(log), v128.load(away)));
  const high = f32x4.demote_f64x2_zero(f64x2.add(f64x2.promote_low_f32x4(v128.shuffle<f32>(log, log, 2, 3, 2, 3)), v128.load(away, 16)));
  v128.store(loss, v128.shuffle<f32>(low, high, 0, 1, 4, 5));
}

function distances(z: usize, t: usize, kind: i32, n: usize, largest: v128): void {
  if (kind == TargetKind.Classes) {
    for (let l: usize = 0; l < 16; l += 4) {
      const id: usize = load<u32>(t + l);
      store<f64>(away + (l << 1), id < n ? <f64>laneOf(largest, l) - <f64>load<f32>(z + (id << 4) + l) : NaN);
    }
    return;
  }
  const low = f64x2.promote_low_f32x4(largest);
  const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(largest, largest, 2, 3, 2, 3));
  let even0 = f64x2.splat(0);
  let even1 = even0;
  let odd0 = even0;
  let odd1 = even0;
  for (let j: usize = 0; j < n; j++, z += 16, t += 16) {
    const w0 = weighed(v128.load64_zero(t), v128.load64_zero(z), low);
    const w1 = weighed(v128.load64_zero(t, 8), v128.load64_zero(z, 8), high);
    if (j & 1) {
      odd0 = f64x2.add(odd0, w0);
      odd1 = f64x2.add(odd1, w1);
    } else {
      even0 = f64x2.add(even0, w0);
      even1 = f64x2.add(even1, w1);
    }
  }
  v128.store(away, f64x2.add(even0, odd0));
  v128.store(away, f64x2.add(even1, odd1), 16);
}

/** Holds a vector whose lanes are read by number. */
const lanes = memory.data(16, 16);

function laneOf(v: v128, offset: usize): f32 {
  v128.store(lanes, v);
  return load<f32>(lanes + offset);
}

/** t·(largest − z) of two nets; 0 where the target is 0, whatever the logit. */
function weighed(t: v128, z: v128, largest: v128): v128 {
  const targets = f64x2.promote_low_f32x4(t);
  const distance = f64x2.sub(largest, f64x2.promote_low_f32x4(z));
  return v128.andnot(f64x2.mul(targets, distance), f64x2.eq(targets, f64x2.splat(0)));
}

/** loss[row] = Σ_j softplus(z_j) − t_j·z_j. */
export function laneBinaryCrossEntropy(loss: usize, z: usize, t: usize, rows: usize, features: usize): void {
  if (!ASC_NO_ASSERT) assertLoss(loss, 0, 0, z, t, TargetKind.Values, rows, features);
  sigmoidLoss(loss, 0, 0, z, t, rows, features, f32x4.splat(0));
}

/** The same, u = sigmoid(z) (u = 0: not kept) and dz = (u − t)·scale. u or dz may be z. */
export function laneSigmoidCrossEntropy(loss: usize, u: usize, dz: usize, z: usize, t: usize, rows: usize, features: usize, scale: v128): void {
  if (!ASC_NO_ASSERT) assertLoss(loss, u, dz, z, t, TargetKind.Values, rows, features);
  sigmoidLoss(loss, u, dz, z, t, rows, features, scale);
}

/** Both: dz = 0 for the loss alone. Loss and value share e^−|z|. */
function sigmoidLoss(loss: usize, u: usize, dz: usize, z: usize, t: usize, rows: usize, features: usize, scale: v128): void {
  const zero = f32x4.splat(0);
  const behind: usize = features < 4 ? 0 : 4 - (features & 3);
  const full = features & ~3;
  for (let end = loss + (rows << 4); loss < end; loss += 16) {
    let s0 = zero;
    let s1 = zero;
    let s2 = zero;
    let s3 = zero;
    for (let j: usize = 0; j < features; j++, z += 16, t += 16) {
      const logit = v128.load(z);
      const target = v128.load(t);
      const e = Sigmoid.exponential(logit);
      const value = term(logit, target, e);
      if (dz) {
        const output = Sigmoid.from(logit, e);
        if (u) {
          v128.store(u, output);
          u += 16;
        }
        v128.store(dz, madd(scale, f32x4.sub(output, target), zero));
        dz += 16;
      }
      const to = j < full ? j & 3 : (j & 3) + behind;
      if (to == 0) s0 = f32x4.add(s0, value);
      else if (to == 1) s1 = f32x4.add(s1, value);
      else if (to == 2) s2 = f32x4.add(s2, value);
      else s3 = f32x4.add(s3, value);
    }
    v128.store(loss, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
}

/** log1p(e) + z·([z > 0] − t) for e = e^−|z|; a factor of 0 gives 0, also for an infinite z. */
// @ts-ignore: decorator
@inline
function term(z: v128, t: v128, e: v128): v128 {
  const factor = f32x4.sub(v128.and(f32x4.splat(1), f32x4.gt(z, f32x4.splat(0))), t);
  const product = v128.andnot(f32x4.mul(factor, z), f32x4.eq(factor, f32x4.splat(0)));
  return f32x4.add(Softplus.from(f32x4.neg(f32x4.abs(z)), e), product);
}

/** sums += scale·Σ loss in f64, in the order of the rows; four f64 each at `sums` and, unless 0, at `part`. @returns bit l: the sum of net l is not finite */
export function laneAccumulate(sums: usize, part: usize, loss: usize, rows: usize, scale: f64): u32 {
  let low = f64x2.splat(0);
  let high = low;
  for (const end = loss + (rows << 4); loss < end; loss += 16) {
    low = f64x2.add(low, f64x2.promote_low_f32x4(v128.load64_zero(loss)));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.load64_zero(loss, 8)));
  }
  const scale2 = f64x2.splat(scale);
  low = f64x2.mul(scale2, low);
  high = f64x2.mul(scale2, high);
  addDoubles(sums, low, high);
  if (part) addDoubles(part, low, high);
  const infinity = f64x2.splat(Infinity);
  const finite = i64x2.bitmask(f64x2.lt(f64x2.abs(low), infinity)) | (i64x2.bitmask(f64x2.lt(f64x2.abs(high), infinity)) << 2);
  return <u32>finite ^ 15;
}

function addDoubles(to: usize, low: v128, high: v128): void {
  v128.store(to, f64x2.add(v128.load(to), low));
  v128.store(to, f64x2.add(v128.load(to, 16), high), 16);
}

/** Counts, for each net, the rows classified correctly, as `countCorrect` does: four f64 are added at `to`. */
export function laneCountCorrect(
  to: usize, z: usize, t: usize, w: usize, kind: i32, rows: usize, features: usize, each: bool, cut: f32, targetCut: f32,
): void {
  const stride = features << 4;
  const one = f32x4.splat(1);
  let low = f64x2.splat(0);
  let high = low;
  for (let i: usize = 0; i < rows; i++) {
    const right = each
      ? agree(z, t, stride, f32x4.splat(cut), f32x4.splat(targetCut))
      : i32x4.eq(largestIndex(z, features), kind == TargetKind.Classes ? v128.load(t) : largestIndex(t, features));
    const weight = v128.and(right, w ? v128.load(w + (i << 4)) : one);
    low = f64x2.add(low, f64x2.promote_low_f32x4(weight));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(weight, weight, 2, 3, 2, 3)));
    z += stride;
    t += kind == TargetKind.Classes ? 16 : stride;
  }
  addDoubles(to, low, high);
}

function agree(z: usize, t: usize, bytes: usize, cut: v128, targetCut: v128): v128 {
  let right = i32x4.splat(-1);
  for (const end = z + bytes; z < end; z += 16, t += 16) {
    const value = v128.load(z);
    const wanted = f32x4.ge(v128.load(t), targetCut);
    right = v128.and(right, v128.bitselect(f32x4.ge(value, cut), f32x4.lt(value, cut), wanted));
  }
  return right;
}

/** The index of the largest of n elements, the lowest on ties; n, which is no index, where one is NaN. */
function largestIndex(x: usize, n: usize): v128 {
  let index = i32x4.splat(0);
  let nan = index;
  let largest = f32x4.splat(-Infinity);
  for (let j: usize = 0; j < n; j++, x += 16) {
    const value = v128.load(x);
    const larger = f32x4.gt(value, largest);
    nan = v128.or(nan, f32x4.ne(value, value));
    largest = v128.bitselect(value, largest, larger);
    index = v128.bitselect(i32x4.splat(<i32>j), index, larger);
  }
  return v128.bitselect(i32x4.splat(<i32>n), index, nan);
}
