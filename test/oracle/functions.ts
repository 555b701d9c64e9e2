/** The elementwise functions in float64, to about 1e-15: what the float32 kernels are measured by. */
import { sigmoid } from './losses.js';

/** 2/√π and √π. */
const TWO_OVER_ROOT_PI = 1.1283791670955126;
const ROOT_PI = 1.772453850905516;

/** Where the series of erf gives over to the continued fraction of erfc: from there 60 terms of the fraction are enough. */
const SERIES_END = 2.2;

/** erf x = 2/√π·e^−x²·Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)) (Abramowitz & Stegun 7.1.6), all terms of one sign; 1 − erfc x further out. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > SERIES_END) return Math.sign(x) * (1 - erfc(a));
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * a * a) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * x * Math.exp(-a * a) * sum;
}

/** 1 − erf x, with its relative accuracy kept for large x: e^−x²/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))) (Abramowitz & Stegun 7.1.14). */
export function erfc(x: number): number {
  if (!(x > SERIES_END)) return 1 - erf(x);
  if (x === Number.POSITIVE_INFINITY) return 0;
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / ((x + fraction) * ROOT_PI);
}

/** ln(1 + eˣ), as max(x, 0) + ln(1 + e^−|x|). */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** x^y with the special cases of IEEE 754-2019; ECMAScript's differ where |x| = 1: it has NaN for 1^NaN and (±1)^±∞. */
export function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
}

/** 1 for x > 0, α at 0, 0 below. */
export function heaviside(x: number, alpha: number): number {
  if (Number.isNaN(x)) return x;
  return x > 0 ? 1 : x === 0 ? alpha : 0;
}

/** By name, each of x and the two constants of an instruction. */
export const unaryFunctions = {
  Copy: (x: number) => x,
  Affine: (x: number, alpha: number, beta: number) => alpha * x + beta,
  Abs: Math.abs,
  Square: (x: number) => x * x,
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Expm1: Math.expm1,
  Log: Math.log,
  Log1p: Math.log1p,
  Erf: erf,
  Erfc: (x: number) => (x < 0 ? 2 - erfc(-x) : erfc(x)),
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Relu: (x: number) => (x < 0 ? 0 : x),
  LeakyRelu: (x: number, alpha: number) => (x > 0 ? x : alpha * x),
  Heaviside: heaviside,
  Softplus: softplus,
  Pow: pow,
  Clip: (x: number, alpha: number, beta: number) => Math.min(Math.max(x, alpha), beta),
} as const;

/** By name, each of a, b and the constant of an instruction. In the backward forms a is the activation's value u, b the gradient du. */
export const binaryFunctions = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => a / b,
  Minimum: (a: number, b: number) => Math.min(a, b),
  Maximum: (a: number, b: number) => Math.max(a, b),
  ReluBackward: (u: number, du: number) => du * heaviside(u, 0),
  LeakyReluBackward: (u: number, du: number, alpha: number) => (u > 0 ? du : alpha === 0 ? 0 : alpha * du),
  SigmoidBackward: (u: number, du: number) => du * (u * (1 - u)),
  TanhBackward: (u: number, du: number) => du * (1 - u * u),
} as const;
