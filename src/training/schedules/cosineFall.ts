/** π/2 in double precision. */
const HALF_PI = 1.5707963267948966;

/** ½(1 + cos πt) = cos²(πt/2) for t in [0, 1], by the Taylor series of sin and cos up to π/4, where they are exact to rounding. */
export function cosineFall(t: number): number {
  const sine = t > 0.5;
  const y = HALF_PI * (sine ? 1 - t : t);
  let term = sine ? y : 1;
  let sum = term;
  for (let n = sine ? 3 : 2; n < 20; n += 2) {
    term *= -(y * y) / (n * (n - 1));
    sum += term;
  }
  return sum * sum;
}
