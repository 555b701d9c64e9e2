/** Products of quantized rows, in integers that a double holds exactly. The scales are floats, as they are of one formula each. */

const round = Math.fround;

/** The largest integer of an input row of k: a sum of k products by weights up to 127 is below 2³¹. */
export function inputLimit(k: number): number {
  return Math.min(2 ** 15 - 1, Math.floor((2 ** 31 - 1) / (127 * Math.max(1, k))));
}

/** A row of less magnitude is quantized as if it had this. */
export const SMALLEST: number = 2 ** -96;

/** A row as integers up to `limit`, and what one of them stands for: NaN where an element is not finite. */
export interface QuantizedRow {
  readonly integers: readonly number[];
  readonly scale: number;
}

/** Each element is the integer nearest to x·(limit / max |x|), ties to even. */
export function quantize(row: ArrayLike<number>, limit: number): QuantizedRow {
  const values = Array.from(row);
  if (!values.every(Number.isFinite)) return { integers: values.map(() => 0), scale: Number.NaN };
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), SMALLEST);
  const factor = round(limit / most);
  return { integers: values.map((value) => nearest(round(value * factor))), scale: round(most / limit) };
}

function nearest(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  return part < 0.5 || (part === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** u[m, n] = x[m, k]·w[n, k]ᵀ + b of quantized rows: the weights up to 127, x up to `inputLimit(k)`. */
export function linearInt8(
  x: Float32Array,
  w: Float32Array,
  b: ArrayLike<number> | undefined,
  [m, n, k]: readonly [number, number, number],
): Float32Array {
  const rows = (values: Float32Array, count: number, most: number) =>
    Array.from({ length: count }, (_, i) => quantize(values.subarray(i * k, (i + 1) * k), most));
  const [xs, ws] = [rows(x, m, inputLimit(k)), rows(w, n, 127)];
  return Float32Array.from({ length: m * n }, (_, e) => {
    const [left, right] = [xs[Math.floor(e / n)], ws[e % n]] as [QuantizedRow, QuantizedRow];
    const sum = left.integers.reduce((total, value, p) => total + value * (right.integers[p] as number), 0);
    if (Math.abs(sum) > 2 ** 31 - 1) throw new RangeError(`a sum of ${sum} does not fit 32 bits`);
    const scaled = round(round(round(sum) * left.scale) * right.scale);
    return b ? scaled + (b[e % n] as number) : scaled;
  });
}
