/** Updates over the contiguous parameter run. Constants come as f64 and are rounded once. */

/** w −= learningRate · dw */
export function sgd(w: usize, dw: usize, n: usize, learningRate: f64): void {}

/** v = μ·v + dw; w −= learningRate · (nesterov ? dw + μ·v : v) */
export function momentum(w: usize, dw: usize, v: usize, n: usize, learningRate: f64, mu: f32, nesterov: bool): void {}

/** Adam with decoupled decay; `powers` holds two f64, β₁ᵗ and β₂ᵗ of the steps done so far, and is advanced. */
export function adam(w: usize, dw: usize, m: usize, v: usize, powers: usize, n: usize, learningRate: f64, beta1: f64, beta2: f64, epsilon: f64, decay: f64): void {}

/** g ·= min(1, maxNorm / ‖g‖₂), the norm in f64. */
export function clipNorm(g: usize, n: usize, maxNorm: f32): void {}

/** y += alpha·x */
export function axpy(y: usize, x: usize, n: usize, alpha: f32): void {}
