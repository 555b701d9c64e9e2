/** Softmax and log-sum-exp of each row, stable: the row's largest logit is taken off first. */

/** y[row, j] = e^{x_j − max} / Σ e^{x_l − max}; y may be x. */
export function softmax(y: usize, x: usize, rows: usize, features: usize): void {}

/** y[row] = max + log Σ e^{x_l − max}. */
export function logSumExp(y: usize, x: usize, rows: usize, features: usize): void {}
