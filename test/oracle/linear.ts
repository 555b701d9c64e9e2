/** One matrix as it is stored: element (i, j) is data[i·rowStride + j·columnStride]. */
export interface Matrix {
  data: ArrayLike<number>;
  rowStride: number;
  columnStride: number;
}

/**
 * c[m, n] = a[m, k]·b[k, n] (+ c) in float64, and beside each element the sum of the absolute values of its terms,
 * which error bounds are made of.
 */
export function product(
  a: Matrix,
  b: Matrix,
  m: number,
  n: number,
  k: number,
  c?: ArrayLike<number>,
): { value: Float64Array; magnitude: Float64Array } {
  const value = new Float64Array(m * n);
  const magnitude = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      let absolute = 0;
      for (let p = 0; p < k; p++) {
        const term = (a.data[i * a.rowStride + p * a.columnStride] as number) * (b.data[p * b.rowStride + j * b.columnStride] as number);
        sum += term;
        absolute += Math.abs(term);
      }
      if (c) {
        sum += c[i * n + j] as number;
        absolute += Math.abs(c[i * n + j] as number);
      }
      value[i * n + j] = sum;
      magnitude[i * n + j] = absolute;
    }
  }
  return { value, magnitude };
}

/** z[m, n] = x[m, k]·w[n, k]ᵀ + b[n] in float64, with the sum of the absolute values of each element's terms. */
export function linear(x: ArrayLike<number>, w: ArrayLike<number>, b: ArrayLike<number> | undefined, m: number, n: number, k: number) {
  const z = product({ data: x, rowStride: k, columnStride: 1 }, { data: w, rowStride: 1, columnStride: k }, m, n, k);
  if (b) {
    for (let i = 0; i < m * n; i++) {
      const bias = b[i % n] as number;
      z.value[i] = (z.value[i] as number) + bias;
      z.magnitude[i] = (z.magnitude[i] as number) + Math.abs(bias);
    }
  }
  return z;
}
