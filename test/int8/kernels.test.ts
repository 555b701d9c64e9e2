import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { Opcode, Ref } from '../../assembly/opcodes.js';
import { hasThreads, kernelsOf, packingOf } from '../../src/int8/kernels.js';
import { MOST_INPUTS } from '../../src/int8/limits.js';
import { builds, Machine } from '../kernels/machine.js';
import { difference } from '../kernels/multiply.js';
import { filled, numbers } from '../kernels/numbers.js';
import { inputLimit, linearInt8, quantize } from '../oracle/int8.js';
import { sweep } from '../sweep.js';

type Addresses = [number, number, number, number];
type Shape = readonly [m: number, n: number, k: number];

const upTo = (most: number) => Array.from({ length: most }, (_, i) => i + 1);
/** Below, at and above a strip of four rows, a panel of eight columns, a pair of terms and the eight that are quantized at once. */
const small: Shape[] = upTo(9).flatMap((m) =>
  sweep(upTo(17), [1, 7, 8, 9, 16, 17]).flatMap((n) => sweep([0, ...upTo(10), 15, 16, 17], [0, 1, 2, 7, 8, 9, 17]).map((k): Shape => [m, n, k])),
);
/** Every tail of the eight terms that are quantized at once, behind several whole eights. */
const tails: Shape[] = upTo(sweep(70, 25)).map((k): Shape => [5, 9, k]);
/** More panels than a block, a limit below 32767, a block of one panel, one of which a panel is larger. */
const large: Shape[] = [
  [13, 300, 517],
  [5, 33, 784],
  [2, 9, 20_000],
  [5, 9, 100_000],
];

describe.each(builds)('int8 kernels in the memory of the %s build', (build) => {
  const machine = new Machine(build);
  afterAll(() => machine.free());
  const { core } = machine;
  const { packedSize, pack, roomSize } = packingOf(core);

  function run(x: Float32Array, w: Float32Array, b: Float32Array | undefined, [m, n, k]: Shape, relu: boolean): Float32Array {
    machine.clear();
    const [panels, room, u] = [machine.tensor(packedSize(n, k)), machine.tensor(roomSize(m, k) / 4), machine.tensor(m * n, n % 4)];
    pack(machine.address(panels), machine.address(machine.tensor(w, (m * 3) % 4)), n, k);
    const [xs, bs] = [machine.tensor(x, m % 4), b ? machine.tensor(b, k % 4) : Ref.None];
    // On threads it is an instruction, of which each part has a piece of the room.
    if (hasThreads(core)) machine.run([Opcode.LinearInt8, u, xs, room, bs, m, n, k, relu ? Opcode.Relu : Opcode.Copy, 0, 0, panels]);
    else {
      const [to, from, packed, biases] = [u, xs, panels, bs].map((ref) => (ref === Ref.None ? 0 : machine.address(ref))) as Addresses;
      kernelsOf(core).linear(to, from, packed, biases, m, n, k, Number(relu), machine.address(room));
    }
    machine.checkGuards();
    return machine.read(u, m * n);
  }

  test('the bits of the oracle, for every small shape', () => {
    for (const [i, shape] of [...small, ...tails, ...large].entries()) {
      const [m, n, k] = shape;
      const next = numbers(i);
      const [x, w, b] = [filled(m * k, next), filled(n * k, next), i % 3 ? filled(n, next) : undefined];
      const expected = linearInt8(x, w, b, shape);
      expect(difference(run(x, w, b, shape, false), expected), `${shape}`).toBeUndefined();
      const positive = expected.map((value) => (value < 0 ? 0 : value));
      expect(difference(run(x, w, b, shape, true), positive), `${shape}, relu`).toBeUndefined();
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
    for (const k of [1, 2, 516, 517, 4000, 100_000, MOST_INPUTS]) {
      const [x, w] = [new Float32Array(k).fill(3), new Float32Array(k).fill(-2)];
      const shape: Shape = [1, 1, k];
      expect(run(x, w, undefined, shape, false)).toEqual(linearInt8(x, w, undefined, shape));
    }
    expect(127 * 127 * MOST_INPUTS).toBeLessThan(2 ** 31);
    expect(127 * 127 * (MOST_INPUTS + 1)).toBeGreaterThanOrEqual(2 ** 31);
    for (const k of [...upTo(2000), MOST_INPUTS]) if (!(127 * inputLimit(k) * k < 2 ** 31)) expect.fail(`${k} inputs`);
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

  test('weights with an outlier, of zeros, of −0', () => {
    const shape: Shape = [5, 9, 21];
    const next = numbers(6);
    const [x, w, b] = [filled(5 * 21, next), filled(9 * 21, next), filled(9, next)];
    w[2 * 21 + 20] = 1e30;
    w.fill(0, 3 * 21, 4 * 21);
    w.fill(-0, 4 * 21, 5 * 21);
    x.fill(-0, 0, 21);
    const found = run(x, w, b, shape, false);
    expect(difference(found, linearInt8(x, w, b, shape))).toBeUndefined();
    for (let i = 0; i < 5; i++) expect(found.subarray(i * 9 + 3, i * 9 + 5)).toEqual(b.subarray(3, 5));
    expect(found.subarray(0, 9)).toEqual(b);
    // Beside the outlier the other weights of its row are 0, and no other row notices.
    const alone = new Float32Array(21);
    alone[20] = 1e30;
    w.set(alone, 2 * 21);
    expect(difference(run(x, w, b, shape, false), found)).toBeUndefined();
  });

  test('an outlier of x costs its own row alone', () => {
    const shape: Shape = [4, 8, 16];
    const next = numbers(7);
    const [x, w] = [filled(64, next), filled(128, next)];
    const clean = run(x, w, undefined, shape, false);
    x[16] = 3e38;
    const found = run(x, w, undefined, shape, false);
    expect(difference(found, linearInt8(x, w, undefined, shape))).toBeUndefined();
    found.forEach((value, e) => {
      expect(value === clean[e]).toBe(Math.floor(e / 8) !== 1);
    });
  });

  test('rows of zeros, of denormals and of the largest floats', () => {
    const rows = [0, 1e-45, 2 ** -127, 2 ** -97, 2 ** -96, 1e-20, 1e20, 3.4028234663852886e38];
    const x = Float32Array.from(rows.flatMap((value) => [value, -value, value / 3]));
    const shape: Shape = [8, 8, 3];
    const found = run(x, x, undefined, shape, false);
    expect(difference(found, linearInt8(x, x, undefined, shape))).toBeUndefined();
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
