/**
 * Single steps of the notes in float64, from the float32 values a step began with, each with the bound on float32's error: ε = 2⁻²⁴ to a
 * rounding, as many as the step has, times the sum of what is rounded.
 */
import { expect } from 'vitest';
import { close, EPSILON } from '../kernels/numbers.js';

type Numbers = ArrayLike<number>;

export interface Step {
  readonly value: readonly number[];
  readonly bound: readonly number[];
}

/** n sums of products, each term its factors: every factor after the first is a rounding, every addition, and the result. */
export function sums(n: number, terms: (i: number) => readonly (readonly number[])[]): Step {
  const all = Array.from({ length: n }, (_, i) =>
    terms(i).map((factors) => ({ value: factors.reduce((a, b) => a * b, 1), roundings: factors.length })),
  );
  return {
    value: all.map((products) => products.reduce((sum, { value }) => sum + value, 0)),
    bound: all.map((products) => {
      const roundings = products.length + Math.max(0, ...products.map((product) => product.roundings));
      return roundings * EPSILON * products.reduce((sum, { value }) => sum + Math.abs(value), 0);
    }),
  };
}

/** f of each value, f within `ulps` units in the last place (2ε each, at most) of it and within `absolute` besides. */
export function through(values: Numbers, f: (value: number, i: number) => number, ulps = 2, absolute = 0): Step {
  const value = Array.from(values, f);
  return { value, bound: value.map((v) => 2 * ulps * EPSILON * Math.abs(v) + absolute) };
}

const at = (x: Numbers, i: number) => x[i] as number;

/** Z = X·Wᵀ + b, `[rows, out]`. */
export function linear(x: Numbers, w: Numbers, b: Numbers, rows: number): Step {
  const out = b.length;
  const width = w.length / out;
  return sums(rows * out, (ij) => {
    const [i, j] = [Math.floor(ij / out), ij % out];
    return [...Array.from({ length: width }, (_, k) => [at(w, j * width + k), at(x, i * width + k)]), [at(b, j)]];
  });
}

/** ∂L/∂W_jk = Σᵢ δ_ij x_ik. */
export function weightGradient(delta: Numbers, x: Numbers, rows: number): Step {
  const [out, width] = [delta.length / rows, x.length / rows];
  return sums(out * width, (jk) => {
    const [j, k] = [Math.floor(jk / width), jk % width];
    return Array.from({ length: rows }, (_, i) => [at(delta, i * out + j), at(x, i * width + k)]);
  });
}

/** ∂L/∂b_j = Σᵢ δ_ij. */
export function biasGradient(delta: Numbers, rows: number): Step {
  const out = delta.length / rows;
  return sums(out, (j) => Array.from({ length: rows }, (_, i) => [at(delta, i * out + j)]));
}

/** ∂L/∂x_ik = Σ_j δ_ij W_jk. */
export function inputGradient(delta: Numbers, w: Numbers, rows: number): Step {
  const out = delta.length / rows;
  const width = w.length / out;
  return sums(rows * width, (ik) => {
    const [i, k] = [Math.floor(ik / width), ik % width];
    return Array.from({ length: out }, (_, j) => [at(delta, i * out + j), at(w, j * width + k)]);
  });
}

/** a ⊙ b. */
export function times(a: Numbers, b: Numbers): Step {
  return sums(a.length, (i) => [[at(a, i), at(b, i)]]);
}

/** Fails at the first element that is further from `expected` than `bound`, or where the lengths differ. */
export function expectWithin(actual: Numbers | number | undefined, expected: Numbers | number, bound: Numbers | number, what = ''): void {
  const [a, b] = [actual, expected].map((values) => (typeof values === 'number' ? [values] : Array.from(values ?? []))) as [number[], number[]];
  expect(a.length, `${what}: numbers`).toBe(b.length);
  b.forEach((value, i) => {
    const limit = typeof bound === 'number' ? bound : at(bound, i);
    if (!close(a[i], value, limit)) expect.fail(`${what}: element ${i} is ${a[i]}, expected ${value} ± ${limit}`);
  });
}

/** Fails at the first element that is not what the step gives. */
export function expectStep(actual: Numbers | number | undefined, { value, bound }: Step, what = ''): void {
  expectWithin(actual, value, bound, what);
}
