/** Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011). Element i of a stream is a function of (seed, stream, i) alone. */

/** y = uniform on [low, high), n floats. */
export function uniform(y: usize, n: usize, seed: u32, stream: u32, low: f32, high: f32): void {}

/** y = mean + deviation·N(0, 1) by the inverse CDF, n floats. */
export function normal(y: usize, n: usize, seed: u32, stream: u32, mean: f32, deviation: f32): void {}

/** A permutation of 0 … n−1 in u32 (Fisher–Yates, unbiased). */
export function permutation(y: usize, n: usize, seed: u32, stream: u32): void {}
