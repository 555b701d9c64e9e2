import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { kernelsOf } from '../../src/int8/kernels.js';
import { inputLimit, MOST_INPUTS } from '../../src/int8/limits.js';
import { builds, Machine } from '../kernels/machine.js';
import { difference } from '../kernels/multiply.js';
import { filled, numbers } from '../kernels/numbers.js';
import { linearInt8, quantize } from '../oracle/int8.js';

type Shape = readonly [m: number, n: number, k: number];

const upTo = (most: number) => Array.from({ length: most }, (_, i) => i + 1);
/** Below, at and above a strip of four rows, a panel of eight columns, a pair of terms and the eight that are quantized at once. */
const small: Shape[] = upTo(9).flatMap((m) => upTo(17).flatMap((n) => [0, ...upTo(10), 15, 16, 17].map((k): Shape => [m, n, k])));
/** More panels than a block, a limit below 32767, a block of one panel. */
const large: Shape[] = [
  [13, 300, 517],
  [5, 33, 784],
  [2, 9, 20_000],
];

describe.each(builds)('int8 kernels in the memory of the %s build', (build) => {
  const machine = new Machine(build);
  afterAll(() => machine.free());
  const kernels = kernelsOf(machine.core);

  function run(x: Float32Array, w: Float32Array, b: Float32Array | undefined, [m, n, k]: Shape, relu: boolean, limit = inputLimit(k)): Float32Array {
    machine.clear();
    const at = (values: Float32Array | number, shift = 0) => machine.address(machine.tensor(values, shift));
    const [panels, room, u] = [at(kernels.packedSize(n, k)), at(kernels.roomSize(m, k) / 4), machine.tensor(m * n, n % 4)];
    kernels.pack(panels, at(w, (m * 3) % 4), n, k);
    kernels.linear(machine.address(u), at(x, m % 4), panels, b ? at(b, k % 4) : 0, m, n, k, limit, Number(relu), room);
    machine.checkGuards();
    return machine.read(u, m * n);
  }

  test('the bits of the oracle, for every small shape', () => {
    for (const [i, shape] of [...small, ...large].entries()) {
      const [m, n, k] = shape;
      const next = numbers(i);
      const [x, w, b] = [filled(m * k, next), filled(n * k, next), i % 3 ? filled(n, next) : undefined];
      const limit = i % 2 ? inputLimit(k) : 127;
      const expected = linearInt8(x, w, b, shape, limit);
      expect(difference(run(x, w, b, shape, false, limit), expected), `${shape}`).toBeUndefined();
      const positive = expected.map((value) => (value < 0 ? 0 : value));
      expect(difference(run(x, w, b, shape, true, limit), positive), `${shape}, relu`).toBeUndefined();
    }
  });

  test('a row has the bits that it has alone', () => {
    const [n, k] = [19, 30];
    const next = numbers(1);
    const [x, w, b] = [filled(9 * k, next), filled(n * k, next), filled(n, next)];
    const all = run(x, w, b, [9, n, k], true);
    for (let row = 0; row < 9; row++) {
      const alone = run(x.slice(row * k, (row + 1) * k), w, b, [1, n, k], true);
      expect(difference(alone, all.slice(row * n, (row + 1) * n)), `row ${row}`).toBeUndefined();
    }
  });

  test('the largest sums fit', () => {
    for (const k of [1, 2, 516, 517, 4000]) {
      const [x, w] = [new Float32Array(k).fill(3), new Float32Array(k).fill(-2)];
      const shape: Shape = [1, 1, k];
      expect(run(x, w, undefined, shape, false)).toEqual(linearInt8(x, w, undefined, shape, inputLimit(k)));
    }
    expect(127 * 127 * MOST_INPUTS).toBeLessThan(2 ** 31);
    expect(127 * 127 * (MOST_INPUTS + 1)).toBeGreaterThanOrEqual(2 ** 31);
    for (const k of [...upTo(2000), MOST_INPUTS]) expect(127 * inputLimit(k) * k).toBeLessThan(2 ** 31);
  });

  test('a NaN or an infinity makes its row NaN, and no other', () => {
    const shape: Shape = [6, 9, 11];
    const next = numbers(2);
    const [x, w, b] = [filled(66, next), filled(99, next), filled(9, next)];
    const clean = run(x, w, b, shape, true);
    x[2 * 11 + 10] = Number.NaN;
    x[4 * 11] = Number.NEGATIVE_INFINITY;
    const found = run(x, w, b, shape, true);
    for (let e = 0; e < 54; e++) expect(found[e]).toBe([2, 4].includes(Math.floor(e / 9)) ? Number.NaN : clean[e]);
    w[3 * 11 + 1] = Number.POSITIVE_INFINITY;
    const column = run(filled(66, next), w, b, shape, false);
    for (let e = 0; e < 54; e++) expect(Number.isNaN(column[e])).toBe(e % 9 === 3);
  });

  test('rows of zeros, of denormals and of the largest floats', () => {
    const rows = [0, 1e-45, 2 ** -127, 2 ** -97, 2 ** -96, 1e-20, 1e20, 3.4028234663852886e38];
    const x = Float32Array.from(rows.flatMap((value) => [value, -value, value / 3]));
    const shape: Shape = [8, 8, 3];
    const found = run(x, x, undefined, shape, false);
    expect(difference(found, linearInt8(x, x, undefined, shape, inputLimit(3)))).toBeUndefined();
    expect(found.slice(0, 7)).toEqual(new Float32Array(7));
  });

  test('the error is at most half a step of each factor', () => {
    const [m, n, k] = [5, 12, 100];
    const next = numbers(3);
    const [x, w] = [filled(m * k, next), filled(n * k, next)];
    const found = run(x, w, undefined, [m, n, k], false);
    for (let i = 0; i < m; i++) {
      const row = x.subarray(i * k, (i + 1) * k);
      const sx = quantize(row, inputLimit(k)).scale;
      for (let j = 0; j < n; j++) {
        const weights = w.subarray(j * k, (j + 1) * k);
        const sw = quantize(weights, 127).scale;
        let [sum, bound] = [0, 0];
        for (let p = 0; p < k; p++) {
          const [a, c] = [row[p] as number, weights[p] as number];
          sum += a * c;
          // half a step, and what rounding the product with the factor moves it by
          bound += 0.51 * (sw * Math.abs(a) + sx * Math.abs(c) + sx * sw);
        }
        expect(Math.abs((found[i * n + j] as number) - sum)).toBeLessThanOrEqual(bound);
      }
    }
  });
});

test('the module has no data and no globals, which would lie where the core has its own', () => {
  const bytes = readFileSync('build/int8.wasm');
  const sections = new Set<number>();
  for (let at = 8; at < bytes.length; ) {
    sections.add(bytes[at++] as number);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  const [GLOBAL, DATA] = [6, 11];
  expect(sections.has(GLOBAL) || sections.has(DATA)).toBe(false);
  expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});
