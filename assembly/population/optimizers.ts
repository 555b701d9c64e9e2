/**
 * Updates of four nets at once: an element is a vector, lane l that of net l, and each net has a learning rate and powers of its own. Each lane has
 * the bits that its net has by itself (`kernels/optimizers.ts`).
 */
import { constants, Element, TINY_EPSILON } from '../kernels/optimizers';
import { isLanes } from '../preconditions';
import { madd, nmadd } from '../simd';

/** Factors of each net, rounded to floats: learning rates, and two more for Adam. */
const factors = memory.data(48, 16);

/** The floats of rates·rate, four f64 at `rates`. */
export function laneRates(rates: usize, rate: f64): v128 {
  const rate2 = f64x2.splat(rate);
  const low = f32x4.demote_f64x2_zero(f64x2.mul(v128.load(rates), rate2));
  return v128.shuffle<f32>(low, f32x4.demote_f64x2_zero(f64x2.mul(v128.load(rates, 16), rate2)), 0, 1, 4, 5);
}

/** w −= rate · dw over n elements. */
export function laneSgd(w: usize, dw: usize, n: usize, rate: v128): void {
  if (!ASC_NO_ASSERT) assert(isLanes(w, n) && isLanes(dw, n), 'laneSgd: w and dw are vectors in the heap');
  for (const end = w + (n << 4); w < end; w += 16, dw += 16) v128.store(w, nmadd(rate, v128.load(dw), v128.load(w)));
}

/** v = μ·v + dw; w −= rate · (nesterov ? dw + μ·v : v) */
export function laneMomentum(w: usize, dw: usize, v: usize, n: usize, rate: v128, mu: f32, nesterov: bool): void {
  if (!ASC_NO_ASSERT) assert(isLanes(w, n) && isLanes(dw, n) && isLanes(v, n), 'laneMomentum: w, dw and v are vectors in the heap');
  const mu4 = f32x4.splat(mu);
  const smallest = v128.load32_splat(constants);
  for (const end = w + (n << 4); w < end; w += 16, dw += 16, v += 16) {
    const g = v128.load(dw);
    const velocity = Element.normal(madd(mu4, v128.load(v), g), smallest);
    v128.store(v, velocity);
    v128.store(w, nmadd(rate, nesterov ? madd(mu4, velocity, g) : velocity, v128.load(w)));
  }
}

/** Adam. `powers` holds β₁ᵗ of the four nets, then β₂ᵗ, each f64; `rates` four f64. */
export function laneAdam(
  w: usize, dw: usize, m: usize, v: usize, powers: usize, n: usize,
  rates: usize, rate: f64, beta1: f64, beta2: f64, epsilon: f64, decay: f64, advances: bool,
): void {
  if (!ASC_NO_ASSERT) assert(isLanes(w, n) && isLanes(dw, n) && isLanes(m, n) && isLanes(v, n) && isLanes(powers, 4), 'laneAdam: w, dw, m, v and powers are vectors in the heap');
  for (let l: usize = 0; l < 4; l++) {
    const learningRate = load<f64>(rates + (l << 3)) * rate;
    const at = powers + (l << 3);
    const power1 = load<f64>(at) * beta1;
    const power2 = load<f64>(at, 32) * beta2;
    if (advances) {
      store<f64>(at, power1);
      store<f64>(at, power2, 32);
    }
    const unbias = Math.sqrt(1 - power2);
    const to = factors + (l << 2);
    store<f32>(to, <f32>(learningRate * unbias / (1 - power1)));
    store<f32>(to, <f32>Math.max(epsilon * unbias, 1.1754943508222875e-38), 16);
    store<f32>(to, <f32>(learningRate * decay), 32);
  }
  const rate4 = v128.load(factors);
  const epsilon4 = v128.load(factors, 16);
  const decay4 = v128.load(factors, 32);
  const rate1 = f32x4.splat(<f32>(1 - beta1));
  const rate2 = f32x4.splat(<f32>(1 - beta2));
  const least = f32x4.splat(<f32>(beta2 * (1 - 1e-6)));
  const flushes = epsilon >= TINY_EPSILON;
  const smallest = flushes ? v128.load32_splat(constants) : f32x4.splat(0);
  const smallestGradient = flushes ? v128.load32_splat(constants, 4) : f32x4.splat(0);
  for (const end = w + (n << 4); w < end; w += 16, dw += 16, m += 16, v += 16) {
    const g = Element.gradient(v128.load(dw), smallestGradient);
    const first = Element.normal(Element.toward(v128.load(m), g, rate1), smallest);
    const second = Element.normal(Element.square(v128.load(v), g, rate2, least), smallest);
    v128.store(m, first);
    v128.store(v, second);
    v128.store(w, Element.adam(v128.load(w), first, second, rate4, epsilon4, decay4));
  }
}

/** The norm of each net, one f64 each. */
const norms = memory.data(32, 16);

/** g ·= min(1, maxNorm / ‖g‖₂) for each net, its squares summed in the order of `sumOfSquares`. */
export function laneClipNorm(g: usize, n: usize, maxNorm: f32): void {
  if (!ASC_NO_ASSERT) assert(isLanes(g, n), 'laneClipNorm: g is n vectors in the heap');
  sumSquares(norms, g, n);
  sumSquares(norms + 16, g + 8, n);
  for (let l: usize = 0; l < 4; l++) {
    const norm = Math.sqrt(load<f64>(norms + (l << 3)));
    store<f32>(factors + (l << 2), norm > <f64>maxNorm ? <f32>(<f64>maxNorm / norm) : 1);
  }
  // A factor of 1 changes no bit.
  const factor = v128.load(factors);
  for (const end = g + (n << 4); g < end; g += 16) v128.store(g, f32x4.mul(v128.load(g), factor));
}

/** Σ g² of two nets: sums of the elements p ≡ 0, 1, 2, 3 mod 4 of the whole vectors; the last ones join the first sum. */
function sumSquares(to: usize, g: usize, n: usize): void {
  let a0 = f64x2.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  for (const end = g + ((n & ~3) << 4); g < end; g += 64) {
    a0 = f64x2.add(a0, square(v128.load64_zero(g)));
    a1 = f64x2.add(a1, square(v128.load64_zero(g, 16)));
    b0 = f64x2.add(b0, square(v128.load64_zero(g, 32)));
    b1 = f64x2.add(b1, square(v128.load64_zero(g, 48)));
  }
  for (const end = g + ((n & 3) << 4); g < end; g += 16) a0 = f64x2.add(a0, square(v128.load64_zero(g)));
  v128.store(to, f64x2.add(f64x2.add(a0, b0), f64x2.add(a1, b1)));
}

// @ts-ignore: decorator
@inline
function square(g: v128): v128 {
  const wide = f64x2.promote_low_f32x4(g);
  return f64x2.mul(wide, wide);
}

/** y += alpha·x over n elements. */
export function laneAxpy(y: usize, x: usize, n: usize, alpha: f32): void {
  if (!ASC_NO_ASSERT) assert(isLanes(y, n) && isLanes(x, n), 'laneAxpy: y and x are vectors in the heap');
  const alpha4 = f32x4.splat(alpha);
  for (const end = y + (n << 4); y < end; y += 16, x += 16) v128.store(y, madd(alpha4, v128.load(x), v128.load(y)));
}
