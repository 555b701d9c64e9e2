import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { supportsRelaxed } from '../../src/core/core.js';
import { builds, Machine } from './machine.js';
import { type Case, check, difference, type Form, KC, MR, multiply, NR, operands, specified, training } from './multiply.js';
import { filled, numbers } from './numbers.js';

/** Sizes around those of the tile. */
const edges = [1, 3, MR[0], MR[1] - 1, MR[1], NR - 1, NR + 1, 33];

/** Floats of b that are packed at a time, and rows up to which b is not packed (assembly/gemm/gemm.ts). */
const BLOCK = 1 << 16;
const DIRECT = 64;

/** Case i of a sweep: in each form, with and without c, in every alignment. */
function rotate(i: number, m: number, n: number, k: number): Case {
  return { form: training[i % 3] as Form, m, n, k, accumulate: i % 2 === 1, shift: i % 4 };
}

/** Rows i0 … i1 and columns j0 … j1 of a row-major matrix of n columns. */
function block(values: Float32Array, n: number, i0: number, i1: number, j0: number, j1: number): Float32Array {
  const rows: number[] = [];
  for (let i = i0; i < i1; i++) rows.push(...values.subarray(i * n + j0, i * n + j1));
  return Float32Array.from(rows);
}

/** The baseline has forms for engines that unroll no loop: both are tested on every engine. */
const forms = builds.flatMap((build) => (build === 'simd' ? [true, false] : [false]).map((unrolling) => [build, unrolling] as const));

describe.each(forms)('gemm, %s build, unrolling %s', (build, unrolling) => {
  const machine = new Machine(build, 1 << 24);
  beforeAll(() => machine.core.exports.setUnrolling?.(unrolling));
  afterAll(() => {
    machine.core.exports.setUnrolling?.(build === 'simd' && !supportsRelaxed());
    machine.free();
  });

  test('m, n and k through 1 … 67 beside the edges of the tile', () => {
    let i = 0;
    for (let long = 1; long <= 67; long++) {
      for (const s of edges) {
        for (const t of edges) {
          expect(check(machine, rotate(i++, long, s, t))).toBeUndefined();
          expect(check(machine, rotate(i++, s, long, t))).toBeUndefined();
          expect(check(machine, rotate(i++, s, t, long))).toBeUndefined();
        }
      }
    }
  });

  test('500 random triples up to 200', () => {
    const next = numbers(12345, 1, 201);
    const size = () => Math.floor(next());
    for (let i = 0; i < 500; i++) expect(check(machine, rotate(i, size(), size(), size()))).toBeUndefined();
  });

  test.each([...training, 'tt'] as Form[])('blocks: below, at and above each edge, %s', (form) => {
    for (const accumulate of [false, true]) {
      for (const k of [KC - 1, KC, KC + 1, 2 * KC, 2 * KC + 1]) {
        for (const m of [3, 4, 5]) for (const n of [7, 8, 17]) expect(check(machine, { form, m, n, k, accumulate })).toBeUndefined();
      }
      for (const m of [DIRECT, DIRECT + 1, 2 * DIRECT + 7]) {
        expect(check(machine, { form, m, n: 11, k: 19, accumulate })).toBeUndefined();
        expect(check(machine, { form, m: 11, n: m, k: 19, accumulate })).toBeUndefined();
        expect(check(machine, { form, m, n: DIRECT + 5, k: KC + 3, accumulate })).toBeUndefined();
      }
      const m = DIRECT + 7;
      for (const n of [BLOCK / KC - 1, BLOCK / KC, BLOCK / KC + 1, (2 * BLOCK) / KC + 3]) {
        expect(check(machine, { form, m, n, k: KC, accumulate })).toBeUndefined();
        expect(check(machine, { form, m: n, n: m, k: KC, accumulate })).toBeUndefined();
      }
      expect(check(machine, { form, m, n: Math.floor(BLOCK / 17) + 9, k: 17, accumulate })).toBeUndefined();
    }
  });

  test('nothing to do: m, n or k is 0', () => {
    for (const form of training) {
      expect(multiply(machine, { form, m: 0, n: 3, k: 4 }, { a: new Float32Array(0), b: new Float32Array(12), c: undefined })).toHaveLength(0);
      expect(multiply(machine, { form, m: 3, n: 0, k: 4 }, { a: new Float32Array(12), b: new Float32Array(0), c: undefined })).toHaveLength(0);
      const none = { a: new Float32Array(0), b: new Float32Array(0) };
      for (const m of [1, 2]) {
        expect(multiply(machine, { form, m, n: 3, k: 0 }, { ...none, c: undefined })).toEqual(new Float32Array(m * 3));
        const c = filled(m * 3, numbers(1));
        expect(multiply(machine, { form, m, n: 3, k: 0, accumulate: true }, { ...none, c })).toEqual(c);
      }
    }
  });

  test.each(training)('a part of the product has the bits of the whole, %s', (form) => {
    for (const [m, n, k] of [
      [37, 45, 300],
      [70, 9, 20],
      [9, 70, 513],
      [300, 17, 33],
    ] as const) {
      for (const accumulate of [false, true]) {
        const whole = { form, m, n, k, accumulate };
        const inputs = operands(whole);
        const { a, b, c } = inputs;
        const result = multiply(machine, whole, inputs);
        for (const [i0, i1, j0, j1] of [
          [0, 2, 0, n],
          [1, m, 0, 1],
          [0, m, 1, n],
          [m - 3, m, n - 5, n],
          [3, 8, 2, 6],
          [0, 8, n - 8, n],
        ] as const) {
          const part = { form, m: i1 - i0, n: j1 - j0, k, accumulate };
          const partial = multiply(machine, part, {
            a: form === 'tn' ? block(a, m, 0, k, i0, i1) : block(a, k, i0, i1, 0, k),
            b: form === 'nt' ? block(b, k, j0, j1, 0, k) : block(b, n, 0, k, j0, j1),
            c: c && block(c, n, i0, i1, j0, j1),
          });
          expect(difference(partial, block(result, n, i0, i1, j0, j1)), JSON.stringify(part)).toBeUndefined();
        }
      }
    }
  });

  test('the three forms of one product have the same bits, wherever the operands lie', () => {
    const [m, n, k] = [41, 27, 275];
    const inputs = operands({ form: 'nn', m, n, k });
    const transpose = (x: Float32Array, rows: number, columns: number) => x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)] as number);
    const nn = multiply(machine, { form: 'nn', m, n, k }, inputs);
    const at = transpose(inputs.a, m, k);
    const bt = transpose(inputs.b, k, n);
    for (const shift of [0, 1, 2, 3]) {
      expect(difference(multiply(machine, { form: 'nn', m, n, k, shift }, inputs), nn)).toBeUndefined();
      expect(difference(multiply(machine, { form: 'nt', m, n, k, shift }, { ...inputs, b: bt }), nn)).toBeUndefined();
      expect(difference(multiply(machine, { form: 'tn', m, n, k, shift }, { ...inputs, a: at }), nn)).toBeUndefined();
      expect(difference(multiply(machine, { form: 'tt', m, n, k, shift }, { ...inputs, a: at, b: bt }), nn)).toBeUndefined();
    }
  });

  test.runIf(build === 'simd')('sums in the order that is specified', () => {
    let i = 0;
    for (const [m, n, k] of [
      [4, 8, 2],
      [4, 1, 8],
      [2, 3, 5],
      [33, 10, 128],
      [10, 33, 255],
      [70, 66, 257],
      [5, 100, 600],
      [260, 12, 40],
    ] as const) {
      for (let turn = 0; turn < 6; turn++) {
        const one = rotate(i++, m, n, k);
        const inputs = operands(one);
        expect(difference(multiply(machine, one, inputs), specified(one, inputs)), JSON.stringify(one)).toBeUndefined();
      }
    }
  });

  test('NaN, infinities, zeros and denormals', () => {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 2 ** -149, -(2 ** -130), 2 ** -126, 2 ** 60, -(2 ** 60)];
    let i = 0;
    for (const [m, n, k] of [
      [4, 8, 3],
      [5, 1, 9],
      [9, 20, 17],
      [33, 10, 40],
      [70, 11, 300],
    ] as const) {
      for (let turn = 0; turn < 6; turn++) {
        const one = rotate(i++, m, n, k);
        const inputs = operands(one);
        const next = numbers(i, 0, 1);
        for (const operand of [inputs.a, inputs.b]) {
          for (let e = 0; e < operand.length; e++) {
            if (next() < 1 / (k + 1)) operand[e] = special[Math.floor(next() * special.length)] as number;
          }
        }
        expect(check(machine, one, inputs)).toBeUndefined();
        // products of denormals alone
        for (const operand of [inputs.a, inputs.b]) for (let e = 0; e < operand.length; e++) operand[e] = 2 ** -64 * (next() - 0.5);
        expect(check(machine, one, inputs)).toBeUndefined();
      }
    }
  });
});
