/** Gradients by central differences, to check those that are derived. */

/** The step that balances truncation (∝ h²) and rounding (∝ 2⁻⁵³/h) in float64. */
const STEP = Math.cbrt(2 ** -52);

/** ∂f/∂x_i ≈ (f(x + h·e_i) − f(x − h·e_i)) / 2h, with h = 6e-6·max(1, |x_i|). */
export function centralDifferences(f: (x: Float64Array) => number, x: ArrayLike<number>): Float64Array {
  const at = Float64Array.from(x);
  return at.map((value, i) => {
    const h = STEP * Math.max(1, Math.abs(value));
    at[i] = value + h;
    const above = f(at);
    const right = at[i] as number;
    at[i] = value - h;
    const below = f(at);
    const left = at[i] as number;
    at[i] = value;
    return (above - below) / (right - left);
  });
}

/** (f(x + h·v) − f(x − h·v)) / 2h for a function with a vector of values: the Hessian times v where f is a gradient. */
export function directionalDifference(f: (x: Float64Array) => Float64Array, x: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  const moved = (h: number) => Float64Array.from({ length: x.length }, (_, i) => (x[i] as number) + h * (v[i] as number));
  const above = f(moved(STEP));
  const below = f(moved(-STEP));
  return above.map((value, i) => (value - (below[i] as number)) / (2 * STEP));
}

/** The largest |a_i − b_i| / max(1, |a_i|, |b_i|). */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const left = a[i] as number;
    const right = b[i] as number;
    const difference = Math.abs(left - right) / Math.max(1, Math.abs(left), Math.abs(right));
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}
