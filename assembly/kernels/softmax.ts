/**
 * Softmax and log-sum-exp of each row. Stable: the row's largest logit is subtracted first, so that no exponential exceeds 1.
 *
 * Sums over a row's features have one order everywhere: four running sums over the vectors of four; a last vector of fewer is
 * the row's last four elements, those already summed masked to zero (for fewer than four features, the first lanes); then
 * (s₀ + s₁) + (s₂ + s₃). All terms are positive: relative error at most (features / 4 + 3)·ε beyond the exponential's.
 */
import { loadTail, storeTail } from './map';
import { Exp } from '../math/exp';
import { Log } from '../math/log';
import { Log1p } from '../math/log1p';
import { addLanes, firstLanes, lastLanes, maxOf } from './rows';

/**
 * y[row, j] = e^{x_j − max} / Σ e^{x_l − max} (notes 5); y may be x.
 *
 * A row with a NaN, with +∞, or with nothing but −∞ is NaN throughout; −∞ among others gives 0.
 */
export function softmax(y: usize, x: usize, rows: usize, features: usize): void {
  const stride = features << 2;
  for (let i: usize = 0; i < rows; i++) {
    divide(y, features, exponentials(y, x, features, maxOf(x, features)));
    x += stride;
    y += stride;
  }
}

/**
 * y[row] = max + log Σ e^{x_l − max}.
 *
 * The error is the sum's, the logarithm's and one rounding. +∞ where a logit is +∞, −∞ where all are −∞, NaN where one is NaN.
 */
export function logSumExp(y: usize, x: usize, rows: usize, features: usize): void {
  const stride = features << 2;
  for (let end = y + (rows << 2); y < end; y += 4) {
    const largest = maxOf(x, features);
    // ∞ − ∞ would be NaN.
    store<f32>(y, isFinite(largest) ? largest + logOf(sumExponentials(x, features, largest)) : largest);
    x += stride;
  }
}

/**
 * y[row, j] = (x_j − max) − log1p(Σ e^{x_l − max} over all but one of the largest); y may be x.
 *
 * The sum leaves out the 1 of the largest, so a row that is nearly certain keeps its digits. NaN where softmax is NaN; −∞ for a logit of −∞.
 */
export function logSoftmax(y: usize, x: usize, rows: usize, features: usize): void {
  const stride = features << 2;
  for (let i: usize = 0; i < rows; i++) {
    const largest = maxOf(x, features);
    const log = f32x4.extract_lane(Log1p.of(f32x4.splat(sumOthers(x, features, largest))), 0);
    for (let at: usize = 0; at < stride; at += 4) store<f32>(y + at, load<f32>(x + at) - largest - log);
    x += stride;
    y += stride;
  }
}

/** Σ e^{x − largest} without one of the largest, which are counted, not summed. */
function sumOthers(x: usize, n: usize, largest: f32): f32 {
  const largest4 = f32x4.splat(largest);
  const one = f32x4.splat(1);
  let sum = f32x4.splat(0);
  let ties = f32x4.splat(0);
  const end = x + (n << 2);
  for (; x < end; x += 16) {
    const rest = (end - x) >> 2;
    const lanes = rest < 4 ? firstLanes(rest) : i32x4.splat(-1);
    const values = rest < 4 ? loadTail(x, rest) : v128.load(x);
    const equal = f32x4.eq(values, largest4);
    sum = f32x4.add(sum, v128.and(v128.andnot(Exp.ofNonPositive(f32x4.sub(values, largest4)), equal), lanes));
    ties = f32x4.add(ties, v128.and(v128.and(one, equal), lanes));
  }
  return addLanes(sum) + (addLanes(ties) - 1);
}

/** log of one float. */
export function logOf(x: f32): f32 {
  return f32x4.extract_lane(Log.of(f32x4.splat(x)), 0);
}

/** y = e^{x − largest} over n ≥ 1 elements, none above `largest`, and their sum; y may be x. */
export function exponentials(y: usize, x: usize, n: usize, largest: f32): f32 {
  const largest4 = f32x4.splat(largest);
  if (n < 4) {
    const few = Exp.ofNonPositive(f32x4.sub(loadTail(x, n), largest4));
    storeTail(y, few, n);
    return addLanes(v128.and(few, firstLanes(n)));
  }
  // The last four overlap the vectors before. Read them first, since y may be x.
  const back = (n - 4) << 2;
  const last = v128.load(x + back);
  const lastY = y + back;
  let sum = f32x4.splat(0);
  for (; y <= lastY; y += 16, x += 16) {
    const e = Exp.ofNonPositive(f32x4.sub(v128.load(x), largest4));
    v128.store(y, e);
    sum = f32x4.add(sum, e);
  }
  const rest = n & 3;
  if (rest) {
    const e = Exp.ofNonPositive(f32x4.sub(last, largest4));
    v128.store(lastY, e);
    sum = f32x4.add(sum, v128.and(e, lastLanes(rest)));
  }
  return addLanes(sum);
}

/** Σ e^{x − largest}, with the bits of `exponentials`. */
export function sumExponentials(x: usize, n: usize, largest: f32): f32 {
  const largest4 = f32x4.splat(largest);
  if (n < 4) return addLanes(v128.and(Exp.ofNonPositive(f32x4.sub(loadTail(x, n), largest4)), firstLanes(n)));
  const last = x + ((n - 4) << 2);
  let sum = f32x4.splat(0);
  for (; x <= last; x += 16) sum = f32x4.add(sum, Exp.ofNonPositive(f32x4.sub(v128.load(x), largest4)));
  const rest = n & 3;
  if (rest) sum = f32x4.add(sum, v128.and(Exp.ofNonPositive(f32x4.sub(v128.load(last), largest4)), lastLanes(rest)));
  return addLanes(sum);
}

/** y /= divisor over n elements. */
function divide(y: usize, n: usize, divisor: f32): void {
  const divisor4 = f32x4.splat(divisor);
  if (n < 4) {
    storeTail(y, f32x4.div(loadTail(y, n), divisor4), n);
    return;
  }
  const lastY = y + ((n - 4) << 2);
  const last = f32x4.div(v128.load(lastY), divisor4);
  for (; y < lastY; y += 16) v128.store(y, f32x4.div(v128.load(y), divisor4));
  v128.store(lastY, last);
}
