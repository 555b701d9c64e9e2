/** Kernels between [rows, features] and its row or feature sums. */

/** y[features] = Σ_rows x, or y += Σ_rows x where `accumulate`; summed down the rows in order. */
export function sumRows(y: usize, x: usize, rows: usize, features: usize, accumulate: bool): void {
  for (let j: usize = 0; j < features; j++) {
    let sum: f32 = accumulate ? load<f32>(y + (j << 2)) : 0;
    for (let i: usize = 0; i < rows; i++) sum += load<f32>(x + ((i * features + j) << 2));
    store<f32>(y + (j << 2), sum);
  }
}

/** y[rows] = Σ_features x. */
export function sumFeatures(y: usize, x: usize, rows: usize, features: usize): void {}

/** y[rows, features] = x[features] on each row. */
export function expandRows(y: usize, x: usize, rows: usize, features: usize): void {}

/** y[rows, features] = x[rows] in each feature. */
export function expandFeatures(y: usize, x: usize, rows: usize, features: usize): void {}

/** y[rows] = max over features. */
export function maxFeatures(y: usize, x: usize, rows: usize, features: usize): void {}

/** y[row, yOffset + j] = x[row, xOffset + j] for j < width. */
export function copyColumns(y: usize, x: usize, rows: usize, width: usize, yStride: usize, yOffset: usize, xStride: usize, xOffset: usize): void {}

/** y[row, f] = 1 where f = ids[row], else 0. */
export function oneHot(y: usize, ids: usize, rows: usize, features: usize): void {}

/** y = value over n elements. */
export function fill(y: usize, n: usize, value: f32): void {}
