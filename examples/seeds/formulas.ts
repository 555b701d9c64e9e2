/** The notes' equations in plain float64, a row to a sample: what the tables compare with. */

export type Matrix = readonly (readonly number[])[];

/** A flat run of numbers as rows of `width`. */
export function rows(values: ArrayLike<number>, width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, i) => Array.from({ length: width }, (_, j) => values[i * width + j] as number));
}

export function transpose(a: Matrix): number[][] {
  return (a[0] ?? []).map((_, j) => a.map((row) => row[j] as number));
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, v, k) => sum + v * (b[k] as number), 0);
}

/** A·B. */
export function product(a: Matrix, b: Matrix): number[][] {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => dot(row, column)));
}

/** Z = X·Wᵀ + b on each row (notes 10, 11). */
export function linear(x: Matrix, w: Matrix, b: ArrayLike<number>): number[][] {
  return x.map((row) => w.map((weights, j) => dot(weights, row) + (b[j] as number)));
}

/** f of each element. */
export function each(a: Matrix, f: (value: number, row: number, column: number) => number): number[][] {
  return a.map((row, i) => row.map((value, j) => f(value, i, j)));
}

/** The sum of each column. */
export function columnSums(a: Matrix): number[] {
  return transpose(a).map((column) => column.reduce((sum, v) => sum + v, 0));
}

/** 1 where z ≥ 0 (notes 2). */
export const threshold = (z: number) => (z >= 0 ? 1 : 0);

export const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** σ' = σ(1 − σ) (notes 35). */
export const sigmoidSlope = (z: number) => sigmoid(z) * (1 - sigmoid(z));

export const relu = (z: number) => Math.max(0, z);

/** e^{z_k} / Σ e^{z_l} (notes 5). */
export function softmax(z: readonly number[]): number[] {
  const largest = Math.max(...z);
  const e = z.map((v) => Math.exp(v - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** (f(x + h) − f(x − h)) / 2h: a derivative by differences, to about 1e-10. */
export function difference(f: (x: number) => number, x: number): number {
  const h = 6e-6 * Math.max(1, Math.abs(x));
  return (f(x + h) - f(x - h)) / (2 * h);
}

/** Numbers in [low, high), the same in every run. */
export function randomNumbers(seed: number, low = -1, high = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + (state / 2 ** 32) * (high - low);
  };
}

/** A matrix of `next`. */
export function draw(count: number, width: number, next: () => number): number[][] {
  return Array.from({ length: count }, () => Array.from({ length: width }, next));
}
