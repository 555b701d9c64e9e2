/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * The key is (seed, stream), the counter (block, 0, 0, 0), or (block, step, 0, 0) for `draw`; word i of a stream is word i mod 4 of block ⌊i / 4⌋.
 * An element is a function of (seed, stream, i) alone. Streams are independent, and both builds give the same bits.
 */
import { log64 } from './math/log64';
import { isTensor } from './preconditions';
import { Scratch, scratch } from './scratch';

/** The four words of the block drawn last. */
const ownWords: usize = ASC_FEATURE_THREADS ? 0 : memory.data(16, 16);

/** Word i of the stream. Call it in the order of i, from a multiple of 4: one block serves four. */
function word(i: u32, seed: u32, stream: u32): u32 {
  if ((i & 3) == 0) philox(i >>> 2, seed, stream);
  return load<u32>(scratch(ownWords, Scratch.Words) + (<usize>(i & 3) << 2));
}

/** The ten rounds on one counter of two words; leaves four words in their scratch. */
function philox(counter: u32, key0: u32, key1: u32, high: u32 = 0): void {
  let c0 = counter;
  let c1 = high;
  let c2: u32 = 0;
  let c3: u32 = 0;
  for (let round = 0; round < 10; round++) {
    const p0 = <u64>c0 * 0xd2511f53;
    const p1 = <u64>c2 * 0xcd9e8d57;
    c0 = <u32>(p1 >>> 32) ^ c1 ^ key0;
    c1 = <u32>p1;
    c2 = <u32>(p0 >>> 32) ^ c3 ^ key1;
    c3 = <u32>p0;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  const words = scratch(ownWords, Scratch.Words);
  store<u32>(words, c0);
  store<u32>(words, c1, 4);
  store<u32>(words, c2, 8);
  store<u32>(words, c3, 12);
}

/** y = low + (high − low)·w/2³² for the words w of the stream, in f64, then rounded: uniform on [low, high), n floats; all `low` where high = low. */
export function uniform(y: usize, n: usize, seed: u32, stream: u32, low: f32, high: f32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(y, n), 'uniform: y is n floats in the heap');
  const start = <f64>low;
  const unit = (<f64>high - start) / 4294967296;
  for (let i: u32 = 0; i < <u32>n; i++, y += 4) {
    const value = <f32>(start + unit * <f64>word(i, seed, stream));
    // Rounding can reach `high`: take the float before it.
    store<f32>(y, value < high || low >= high ? value : before(high));
  }
}

/** The largest float below x. */
function before(x: f32): f32 {
  if (x == 0) return -f32.MIN_VALUE;
  return reinterpret<f32>(reinterpret<i32>(x) + (x > 0 ? -1 : 1));
}

/**
 * y = mean + deviation·Φ⁻¹((w + ½)/2³²) for the words w of the stream, in f64, then rounded: normal deviates, n floats.
 * At most 6.34 deviations from the mean.
 */
export function normal(y: usize, n: usize, seed: u32, stream: u32, mean: f32, deviation: f32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(y, n), 'normal: y is n floats in the heap');
  for (let i: u32 = 0; i < <u32>n; i++, y += 4) {
    store<f32>(y, <f32>(<f64>mean + <f64>deviation * quantile((<f64>word(i, seed, stream) - 2147483647.5) / 4294967296)));
  }
}

/** Numerators and denominators (constant term 1) of the two approximations of `quantile`. */
const centre = memory.data<f64>([
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
  45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
]);
const tails = memory.data<f64>([
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
  1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
]);

/** Φ⁻¹(½ + q) for |q| ≤ ½ − 2⁻³³, to 1e-15 relative (Wichura 1988, algorithm AS 241, PPND16; its third region lies beyond that). */
function quantile(q: f64): f64 {
  if (abs(q) <= 0.425) return q * ratio(centre, 0.180625 - q * q);
  return copysign(ratio(tails, sqrt(-log64(0.5 - abs(q))) - 1.6), q);
}

/** A quotient of two polynomials of degree 7. */
function ratio(coefficients: usize, x: f64): f64 {
  let numerator = load<f64>(coefficients, 56);
  let denominator = load<f64>(coefficients, 120);
  for (let j = 48; j >= 0; j -= 8) {
    numerator = numerator * x + load<f64>(coefficients + j);
    denominator = denominator * x + load<f64>(coefficients + j, 64);
  }
  return numerator / denominator;
}

/**
 * Numbers that are drawn anew in each step, n floats, element `first` on: α where (w + ½)/2³² reaches `rate`, else 0; or, with `isNormal`,
 * α·Φ⁻¹((w + ½)/2³²). An element is a function of the key, the step and its index alone.
 */
export function draw(y: usize, n: usize, key: usize, step: u32, first: u32, isNormal: bool, alpha: f32, rate: f32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(y, n) && isTensor(key, 2), 'draw: y is n floats and the key two words in the heap');
  drawFrom(y, n, load<u32>(key), load<u32>(key, 4), step, first, isNormal, alpha, rate);
}

/** The same with the words of the key, to anywhere in memory. */
export function drawFrom(y: usize, n: usize, key0: u32, key1: u32, step: u32, first: u32, isNormal: bool, alpha: f32, rate: f32): void {
  if (first & 3) philox(first >>> 2, key0, key1, step);
  const threshold = <f64>rate * 4294967296 - 0.5;
  for (let i = first, end = first + <u32>n; i != end; i++, y += 4) {
    if ((i & 3) == 0) philox(i >>> 2, key0, key1, step);
    const w = <f64>load<u32>(scratch(ownWords, Scratch.Words) + (<usize>(i & 3) << 2));
    if (isNormal) store<f32>(y, <f32>(<f64>alpha * quantile((w - 2147483647.5) / 4294967296)));
    else store<f32>(y, w >= threshold ? alpha : 0);
  }
}

/** Words of its stream that `permutation` has used. */
let drawn: u32 = 0;

/** A random integer below n without bias (Lemire 2019): the high half of word·n. Words whose low half would favour some integers are drawn again. */
function below(n: u32, seed: u32, stream: u32): u32 {
  let product = <u64>word(drawn++, seed, stream) * n;
  if (<u32>product < n) {
    const threshold: u32 = (0 - n) % n;
    while (<u32>product < threshold) product = <u64>word(drawn++, seed, stream) * n;
  }
  return <u32>(product >>> 32);
}

/** A permutation of 0 … n−1 in u32 (Fisher–Yates from the end): each as likely as any other. */
export function permutation(y: usize, n: usize, seed: u32, stream: u32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(y, n), 'permutation: y is n words in the heap');
  for (let i: u32 = 0; i < <u32>n; i++) store<u32>(y + (<usize>i << 2), i);
  drawn = 0;
  for (let i = <u32>n; i > 1; i--) {
    const last = y + (<usize>(i - 1) << 2);
    const other = y + (<usize>below(i, seed, stream) << 2);
    const value = load<u32>(last);
    store<u32>(last, load<u32>(other));
    store<u32>(other, value);
  }
}
