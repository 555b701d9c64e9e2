/** Inputs of kernel tests: the same in every run. */

/** 2⁻²⁴: the relative error of one rounding to float32. */
export const EPSILON = 2 ** -24;

/** The smallest float32 above 0. */
export const DENORMAL = 2 ** -149;

/** xorshift32: numbers in [low, high) with 24 bits. */
export function numbers(seed: number, low = -1, high = 1): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return low + ((state >>> 8) / 16777216) * (high - low);
  };
}

/** n values of `next` as float32. */
export function filled(n: number, next: () => number): Float32Array {
  return Float32Array.from({ length: n }, next);
}

/** The bits of floats, every NaN as the same one: its sign and payload are free in WebAssembly. */
export function bitsOf(values: Float32Array): number[] {
  return Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length), (word, i) => (Number.isNaN(values[i]) ? 0x7fc00000 : word));
}

/** Whether a float is within `bound` of a number; equal infinities are, and NaN is of NaN. */
export function close(actual: number | undefined, expected: number, bound: number): boolean {
  return Object.is(actual, expected) || actual === expected || Math.abs((actual as number) - expected) <= bound;
}
