/** Arithmetic in float64 that carries along how far float32's result may be (running error analysis, Higham 2002, §3.3; ε = 2⁻²⁴). */
import { EPSILON } from '../kernels/numbers.js';

export interface Bounded {
  readonly value: number;
  readonly error: number;
}

/** A number that float32 has. */
export function exact(value: number): Bounded {
  return { value, error: 0 };
}

/** a·b·…, a rounding for each product. */
export function product(...factors: Bounded[]): Bounded {
  return factors.reduce((a, b) => {
    const value = a.value * b.value;
    const carried = Math.abs(a.value) * b.error + Math.abs(b.value) * a.error + a.error * b.error;
    return { value, error: carried + EPSILON * (Math.abs(value) + carried) };
  });
}

/** The sum, in any order. */
export function total(terms: readonly Bounded[]): Bounded {
  const carried = terms.reduce((sum, { error }) => sum + error, 0);
  const magnitude = terms.reduce((sum, { value }) => sum + Math.abs(value), 0);
  return { value: terms.reduce((sum, { value }) => sum + value, 0), error: carried + terms.length * EPSILON * (magnitude + carried) };
}

/** An activation with bounds on |g′| and |g″|, and on the roundings of g (relative, 2 ulp) and of g′ as it is made from g. */
export interface Smooth {
  readonly name: 'tanh' | 'sigmoid' | 'leakyRelu';
  readonly g: (z: number) => number;
  readonly slope: (z: number) => number;
  readonly largestSlope: number;
  readonly largestCurvature: number;
  readonly slopeError: number;
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

export const smooth: readonly Smooth[] = [
  { name: 'tanh', g: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2, largestSlope: 1, largestCurvature: 0.77, slopeError: 10 * EPSILON },
  { name: 'sigmoid', g: sigmoid, slope: (z) => sigmoid(z) * sigmoid(-z), largestSlope: 0.25, largestCurvature: 0.1, slopeError: 5 * EPSILON },
  // Away from its kink.
  {
    name: 'leakyRelu',
    g: (z) => (z > 0 ? z : 0.01 * z),
    slope: (z) => (z > 0 ? 1 : 0.01),
    largestSlope: 1,
    largestCurvature: 0,
    slopeError: EPSILON,
  },
];

/** g(z). */
export function activated({ g, largestSlope }: Smooth, z: Bounded): Bounded {
  return { value: g(z.value), error: largestSlope * z.error + 4 * EPSILON * Math.abs(g(z.value)) };
}

/** g′(z). */
export function slopeAt({ slope, largestCurvature, slopeError }: Smooth, z: Bounded): Bounded {
  return { value: slope(z.value), error: largestCurvature * z.error + slopeError };
}
