/** Sums, maxima and softmax of rows in float64. Matrices are row-major, `values[row * features + feature]`. */

type Numbers = ArrayLike<number>;

/** Row `row` as an array of its own. */
export function rowOf(x: Numbers, row: number, features: number): number[] {
  return Array.from({ length: features }, (_, j) => x[row * features + j] as number);
}

/** Σ down each column, with the sum of the absolute values. */
export function sumRows(x: Numbers, rows: number, features: number): { value: number[]; magnitude: number[] } {
  const value = new Array<number>(features).fill(0);
  const magnitude = new Array<number>(features).fill(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < features; j++) {
      value[j] = (value[j] as number) + (x[i * features + j] as number);
      magnitude[j] = (magnitude[j] as number) + Math.abs(x[i * features + j] as number);
    }
  }
  return { value, magnitude };
}

/** Σ along each row, with the sum of the absolute values. */
export function sumFeatures(x: Numbers, rows: number, features: number): { value: number[]; magnitude: number[] } {
  const value: number[] = [];
  const magnitude: number[] = [];
  for (let i = 0; i < rows; i++) {
    const row = rowOf(x, i, features);
    value.push(row.reduce((sum, v) => sum + v, 0));
    magnitude.push(row.reduce((sum, v) => sum + Math.abs(v), 0));
  }
  return { value, magnitude };
}

/** The largest; NaN where one is among them. */
export function largest(row: number[]): number {
  return row.reduce((best, v) => (Number.isNaN(best) || Number.isNaN(v) ? Number.NaN : Math.max(best, v)), Number.NEGATIVE_INFINITY);
}

/** Index of the largest: the lowest on ties, NaN passed over, 0 where there is none. */
export function argmax(row: number[]): number {
  let index = 0;
  let best = Number.NEGATIVE_INFINITY;
  row.forEach((v, j) => {
    if (v > best) {
      best = v;
      index = j;
    }
  });
  return index;
}

/** e^{z_j − max} / Σ e^{z_l − max}; NaN throughout where the largest is NaN or infinite. */
export function softmax(z: number[]): number[] {
  const max = largest(z);
  const e = z.map((v) => Math.exp(v - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** log Σ e^{z_l}; an infinite largest is the value. */
export function logSumExp(z: number[]): number {
  const max = largest(z);
  if (!Number.isFinite(max)) return max;
  return max + Math.log(z.reduce((sum, v) => sum + Math.exp(v - max), 0));
}
