/** The bits of √½, and ln 2. */
const ROOT_HALF: i64 = 0x3fe6a09e667f3bcd;
const LN2: f64 = 0.6931471805599453094;

/** ln x in f64 for positive normal x, to 1e-15 relative: x = 2ᵏ·m, √½ ≤ m < √2; ln m = 2·artanh s, s = (m − 1)/(m + 1), by its series up to s²¹. */
export function log64(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  const k = (bits - ROOT_HALF) >> 52;
  const f = reinterpret<f64>(bits - (k << 52)) - 1;
  const s = f / (2 + f);
  const z = s * s;
  let sum: f64 = 0;
  for (let j = 21; j > 1; j -= 2) sum = z * (sum + 1 / <f64>j);
  return <f64>k * LN2 + 2 * s + 2 * s * sum;
}
