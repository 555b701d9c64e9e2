import { afterAll, describe, expect, test } from 'vitest';
import { sweep } from '../sweep.js';
import { builds, Machine } from './machine.js';
import { check, difference, type Form, KC, multiply, operands, specified, training } from './multiply.js';

const sizes = sweep(
  [...Array.from({ length: 41 }, (_, i) => i + 1), 63, 64, 65, 128, 130],
  [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 41, 65],
);

/** A row times the transpose of b in float32 as `gemvRows` specifies it for the baseline build: eight sums, folded, and the rest one by one. */
function dots(a: Float32Array, b: Float32Array, n: number, c: Float32Array | undefined): Float32Array {
  const k = a.length;
  const { fround } = Math;
  return Float32Array.from({ length: n }, (_, j) => {
    const term = (p: number) => fround((a[p] as number) * (b[j * k + p] as number));
    const s = new Float32Array(8);
    let p = 0;
    for (; p + 8 <= k; p += 8) for (let l = 0; l < 8; l++) s[l] = fround((s[l] as number) + term(p + l));
    if (p + 4 <= k) for (let l = 0; l < 4; l++) s[l] = fround((s[l] as number) + term(p++));
    const folded = Array.from({ length: 4 }, (__, l) => fround((s[l] as number) + (s[l + 4] as number))) as [number, number, number, number];
    let sum = fround(fround(folded[0] + folded[1]) + fround(folded[2] + folded[3]));
    for (; p < k; p++) sum = fround(sum + term(p));
    return c ? fround((c[j] as number) + sum) : sum;
  });
}

describe.each(builds)('gemm of one row, %s build', (build) => {
  const machine = new Machine(build, 1 << 24);
  afterAll(() => machine.free());

  test.each([...training, 'tt'] as Form[])('n and k through 1 … 41 and beyond, %s', (form) => {
    let i = 0;
    for (const n of sizes) {
      for (const k of sizes) expect(check(machine, { form, m: 1, n, k, accumulate: i++ % 2 === 1, shift: i % 4 })).toBeUndefined();
    }
  });

  test.each(training)('long rows, %s', (form) => {
    for (const accumulate of [false, true]) {
      for (const k of [KC - 1, KC, KC + 1, 784]) expect(check(machine, { form, m: 1, n: 131, k, accumulate })).toBeUndefined();
    }
  });

  test.each(['nn', 'tn'] as Form[])('contiguous rows of b: the bits of a row of a larger product, %s', (form) => {
    for (const [n, k] of [
      [1, 5],
      [3, 300],
      [37, 40],
      [70, 600],
    ] as const) {
      const two = operands({ form, m: 2, n, k, accumulate: true });
      const larger = multiply(machine, { form, m: 2, n, k, accumulate: true }, two);
      const a = form === 'tn' ? two.a.filter((_, i) => i % 2 === 1) : two.a.subarray(k);
      const row = multiply(machine, { form, m: 1, n, k, accumulate: true }, { ...two, a, c: two.c?.subarray(n) });
      // a column of b is a row of bᵀ: one column goes the way of `gemvRows`
      if (n > 1) expect(difference(row, larger.subarray(n))).toBeUndefined();
    }
  });

  test.runIf(build === 'simd')('sums in the order that is specified', () => {
    for (const n of [1, 2, 4, 7, 33]) {
      for (const k of [1, 3, 4, 7, 8, 12, 15, 100, 263]) {
        for (const accumulate of [false, true]) {
          const one = { form: 'nt' as Form, m: 1, n, k, accumulate };
          const inputs = operands(one);
          expect(difference(multiply(machine, one, inputs), dots(inputs.a, inputs.b, n, inputs.c)), `${n}, ${k}`).toBeUndefined();
          const rows = { form: 'nn' as Form, m: 1, n, k, accumulate };
          if (n > 1) expect(difference(multiply(machine, rows, inputs), specified(rows, inputs)), `${n}, ${k}`).toBeUndefined();
        }
      }
    }
  });
});
