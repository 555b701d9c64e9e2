/**
 * Updates over the contiguous parameter run. Constants are combined in f64 and rounded to f32 once.
 * The update of an element depends on that element alone.
 */
import { areApart, isTensor } from '../preconditions';
import { madd, nmadd } from '../simd';

/** 2⁻¹²⁶, the smallest normal float; 2⁻⁵⁸, whose square is 2⁻¹¹⁶: a thousandth of that is still normal. */
export const constants = memory.data<f32>([1.17549435e-38, 3.46944695e-18]);

/** 2⁻⁴⁰: below this epsilon, denormals and the smallest gradients change the result. */
export const TINY_EPSILON = 9.094947017729282e-13;

/** Functions of one element. The loops below apply them to four at a time, and to the last ones one by one. */
export class Element {
  /**
   * Flushes a denormal moment to zero; NaN is kept. A moment that only decays would stay at the smallest denormal, since 0.9·2⁻¹⁴⁹ rounds to
   * itself, and arithmetic on denormals is several times slower.
   */
  @inline static normal(moment: v128, smallest: v128): v128 {
    return v128.andnot(moment, f32x4.lt(f32x4.abs(moment), smallest));
  }

  /** Flushes a gradient to zero whose square would lead to denormals; NaN is kept. */
  @inline static gradient(g: v128, smallest: v128): v128 {
    return v128.andnot(g, f32x4.lt(f32x4.abs(g), smallest));
  }

  /** average + rate·(x − average) */
  @inline static toward(average: v128, x: v128, rate: v128): v128 {
    return madd(rate, f32x4.sub(x, average), average);
  }

  /**
   * v + rate·(g² − v), computed as (v − rate·v) + (rate·g)·g: nothing overflows before the average itself does. An infinite v stays infinite,
   * where ∞ − ∞ would be NaN: its parameter no longer moves. `least` is a little less than 1 − rate, so least·v is the smaller for every finite v.
   */
  @inline static square(v: v128, g: v128, rate: v128, least: v128): v128 {
    return madd(f32x4.mul(rate, g), g, f32x4.pmax(f32x4.mul(least, v), nmadd(rate, v, v)));
  }

  /** w − decay·w − rate·m / (√v + epsilon) */
  @inline static adam(w: v128, m: v128, v: v128, rate: v128, epsilon: v128, decay: v128): v128 {
    return nmadd(rate, f32x4.div(m, f32x4.add(f32x4.sqrt(v), epsilon)), nmadd(decay, w, w));
  }
}

/** w −= learningRate · dw (notes 21); two roundings, one where the build fuses. */
export function sgd(w: usize, dw: usize, n: usize, learningRate: f64): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(w, n) && isTensor(dw, n), 'sgd: w and dw are n floats in the heap');
    assert(areApart(w, n, dw, n), 'sgd: w is apart from dw');
  }
  const rate = f32x4.splat(<f32>learningRate);
  const end = w + (n << 2);
  for (; w + 16 <= end; w += 16, dw += 16) v128.store(w, nmadd(rate, v128.load(dw), v128.load(w)));
  for (; w < end; w += 4, dw += 4) v128.store32_lane(w, nmadd(rate, v128.load32_zero(dw), v128.load32_zero(w)), 0);
}

/**
 * v = μ·v + dw; w −= learningRate · (nesterov ? dw + μ·v : v) (Sutskever et al. 2013, in the form where v holds gradients).
 * A |v| below 2⁻¹²⁶ is flushed to zero.
 */
export function momentum(w: usize, dw: usize, v: usize, n: usize, learningRate: f64, mu: f32, nesterov: bool): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(w, n) && isTensor(dw, n) && isTensor(v, n), 'momentum: w, dw and v are n floats in the heap');
    assert(areApart(w, n, dw, n) && areApart(w, n, v, n) && areApart(dw, n, v, n), 'momentum: w, dw and v are apart');
  }
  const rate = f32x4.splat(<f32>learningRate);
  const mu4 = f32x4.splat(mu);
  const smallest = v128.load32_splat(constants);
  const end = w + (n << 2);
  for (; w + 16 <= end; w += 16, dw += 16, v += 16) {
    const g = v128.load(dw);
    const velocity = Element.normal(madd(mu4, v128.load(v), g), smallest);
    v128.store(v, velocity);
    v128.store(w, nmadd(rate, nesterov ? madd(mu4, velocity, g) : velocity, v128.load(w)));
  }
  for (; w < end; w += 4, dw += 4, v += 4) {
    const g = v128.load32_zero(dw);
    const velocity = Element.normal(madd(mu4, v128.load32_zero(v), g), smallest);
    v128.store32_lane(v, velocity, 0);
    v128.store32_lane(w, nmadd(rate, nesterov ? madd(mu4, velocity, g) : velocity, v128.load32_zero(w)), 0);
  }
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1, in the order of computation its section 2 ends with), with decoupled decay
 * (Loshchilov & Hutter 2019, algorithm 2):
 *
 *   w −= learningRate·decay·w
 *   m += (1 − β₁)·(dw − m),  v = (v − (1 − β₂)·v) + ((1 − β₂)·dw)·dw
 *   w −= learningRate · m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
 *
 * computed as w −= a·m / (√v + e) with a = learningRate·√(1 − β₂ᵗ) / (1 − β₁ᵗ) and e = ε·√(1 − β₂ᵗ). a, e, 1 − β₁, 1 − β₂ and
 * learningRate·decay are computed in f64 and rounded once. The averages have the form above because β₂ = 0.999 rounded to f32
 * puts 1 − β₂ off by 1.3e-5, and 0.001 rounded by 5e-8.
 *
 * A gradient below 2⁻⁵⁸ in magnitude is flushed to zero, and so is a moment below 2⁻¹²⁶, so that no denormal lasts. The step loses at
 * most learningRate·3.5e-18/ε by the first, and √v̂ about 1e-17 by the second, against an ε of 1e-8. For ε < 2⁻⁴⁰ nothing is flushed.
 * e is at least 2⁻¹²⁶, which avoids 0 / 0.
 * `powers` holds two f64, β₁ᵗ and β₂ᵗ of the steps done so far (1 and 1 before the first), and is advanced if `advances`.
 */
export function adam(
  w: usize, dw: usize, m: usize, v: usize, powers: usize, n: usize,
  learningRate: f64, beta1: f64, beta2: f64, epsilon: f64, decay: f64, advances: bool,
): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(w, n) && isTensor(dw, n) && isTensor(m, n) && isTensor(v, n), 'adam: w, dw, m and v are n floats in the heap');
    assert(areApart(w, n, dw, n) && areApart(w, n, m, n) && areApart(w, n, v, n), 'adam: w is apart from dw, m and v');
    assert(areApart(dw, n, m, n) && areApart(dw, n, v, n) && areApart(m, n, v, n), 'adam: dw, m and v are apart');
    assert((powers & 7) == 0 && isTensor(powers, 4), 'adam: powers are two f64 in the heap, aligned to 8');
  }
  const power1 = load<f64>(powers) * beta1;
  const power2 = load<f64>(powers, 8) * beta2;
  if (advances) {
    store<f64>(powers, power1);
    store<f64>(powers, power2, 8);
  }
  const unbias = Math.sqrt(1 - power2);
  const rate = f32x4.splat(<f32>(learningRate * unbias / (1 - power1)));
  const epsilon4 = f32x4.splat(<f32>Math.max(epsilon * unbias, 1.1754943508222875e-38));
  const decay4 = f32x4.splat(<f32>(learningRate * decay));
  const rate1 = f32x4.splat(<f32>(1 - beta1));
  const rate2 = f32x4.splat(<f32>(1 - beta2));
  const least = f32x4.splat(<f32>(beta2 * (1 - 1e-6)));
  const flushes = epsilon >= TINY_EPSILON;
  const smallest = flushes ? v128.load32_splat(constants) : f32x4.splat(0);
  const smallestGradient = flushes ? v128.load32_splat(constants, 4) : f32x4.splat(0);
  const end = w + (n << 2);
  for (; w + 16 <= end; w += 16, dw += 16, m += 16, v += 16) {
    const g = Element.gradient(v128.load(dw), smallestGradient);
    const first = Element.normal(Element.toward(v128.load(m), g, rate1), smallest);
    const second = Element.normal(Element.square(v128.load(v), g, rate2, least), smallest);
    v128.store(m, first);
    v128.store(v, second);
    v128.store(w, Element.adam(v128.load(w), first, second, rate, epsilon4, decay4));
  }
  for (; w < end; w += 4, dw += 4, m += 4, v += 4) {
    const g = Element.gradient(v128.load32_zero(dw), smallestGradient);
    const first = Element.normal(Element.toward(v128.load32_zero(m), g, rate1), smallest);
    const second = Element.normal(Element.square(v128.load32_zero(v), g, rate2, least), smallest);
    v128.store32_lane(m, first, 0);
    v128.store32_lane(v, second, 0);
    v128.store32_lane(w, Element.adam(v128.load32_zero(w), first, second, rate, epsilon4, decay4), 0);
  }
}

/** Σ g² in f64: two sums of the even and two of the odd elements, of alternating pairs, added at the end. Nothing overflows. */
function sumOfSquares(g: usize, n: usize): f64 {
  const end = g + (n << 2);
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  for (; g + 16 <= end; g += 16) {
    const low = f64x2.promote_low_f32x4(v128.load64_zero(g));
    const high = f64x2.promote_low_f32x4(v128.load64_zero(g, 8));
    a = f64x2.add(a, f64x2.mul(low, low));
    b = f64x2.add(b, f64x2.mul(high, high));
  }
  for (; g < end; g += 4) {
    const one = f64x2.promote_low_f32x4(v128.load32_zero(g));
    a = f64x2.add(a, f64x2.mul(one, one));
  }
  a = f64x2.add(a, b);
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}

/**
 * g ·= min(1, maxNorm / ‖g‖₂) (Pascanu et al. 2013, algorithm 1): the norm in f64, the factor rounded once to f32.
 * A NaN anywhere leaves g unchanged. An infinity becomes NaN, and all else 0.
 */
export function clipNorm(g: usize, n: usize, maxNorm: f32): void {
  if (!ASC_NO_ASSERT) assert(isTensor(g, n), 'clipNorm: g is n floats in the heap');
  const norm = Math.sqrt(sumOfSquares(g, n));
  if (!(norm > <f64>maxNorm)) return;
  const factor = f32x4.splat(<f32>(<f64>maxNorm / norm));
  const end = g + (n << 2);
  for (; g + 16 <= end; g += 16) v128.store(g, f32x4.mul(v128.load(g), factor));
  for (; g < end; g += 4) v128.store32_lane(g, f32x4.mul(v128.load32_zero(g), factor), 0);
}

/** y += alpha·x; two roundings, one where the build fuses. */
export function axpy(y: usize, x: usize, n: usize, alpha: f32): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(y, n) && isTensor(x, n), 'axpy: y and x are n floats in the heap');
    assert(areApart(y, n, x, n), 'axpy: y is apart from x');
  }
  const alpha4 = f32x4.splat(alpha);
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, x += 16) v128.store(y, madd(alpha4, v128.load(x), v128.load(y)));
  for (; y < end; y += 4, x += 4) v128.store32_lane(y, madd(alpha4, v128.load32_zero(x), v128.load32_zero(y)), 0);
}
