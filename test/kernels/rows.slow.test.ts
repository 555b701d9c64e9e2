import { afterAll, describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { largest, rowOf, sumFeatures, sumRows } from '../oracle/rows.js';
import { bits, builds, Machine } from './machine.js';
import { bitsOf, close, EPSILON, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const counts = Array.from({ length: 67 }, (_, i) => i + 1);
const others = [1, 2, 3, 4, 5, 33];

/** Every pair of counts with one in 1 … 67 and the other small, and the shapes of the workloads. */
const shapes = [
  ...counts.flatMap((n) => others.flatMap((m) => [[m, n] as const, [n, m] as const])),
  ...([
    [32, 128],
    [128, 512],
    [4, 8],
  ] as const),
];

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;

  function run(opcode: Opcode, x: ArrayLike<number>, rows: number, features: number, size: number, shift = 0, y?: ArrayLike<number>): Float32Array {
    machine.clear();
    const input = machine.tensor(x, shift);
    const output = machine.tensor(y ?? size, shift);
    machine.run([opcode, output, input, rows, features, y ? 1 : 0]);
    expect(machine.read(input, x.length)).toEqual(Float32Array.from(x));
    return machine.read(output, size);
  }

  test('SumRows adds up each feature down the rows, and accumulates the finished sum', () => {
    for (const [rows, features] of shapes) {
      const x = filled(rows * features, numbers(rows * 100 + features));
      const before = filled(features, numbers(features));
      const shift = (rows + features) % 4;
      const y = run(Opcode.SumRows, x, rows, features, features, shift);
      const accumulated = run(Opcode.SumRows, x, rows, features, features, shift, before);
      const { value, magnitude } = sumRows(x, rows, features);
      for (let j = 0; j < features; j++) {
        // the documented order, in float32
        let sum = 0;
        for (let i = 0; i < rows; i++) sum = Math.fround(sum + (x[i * features + j] as number));
        expect(y[j]).toBe(sum);
        expect(accumulated[j]).toBe(Math.fround((before[j] as number) + sum));
        expect(close(y[j], value[j] as number, rows * EPSILON * (magnitude[j] as number))).toBe(true);
      }
    }
  });

  test('SumFeatures adds up each row', () => {
    for (const [rows, features] of shapes) {
      const x = filled(rows * features, numbers(rows * 100 + features));
      const y = run(Opcode.SumFeatures, x, rows, features, rows, (rows + features) % 4);
      const { value, magnitude } = sumFeatures(x, rows, features);
      for (let i = 0; i < rows; i++) expect(close(y[i], value[i] as number, (features / 4 + 3) * EPSILON * (magnitude[i] as number))).toBe(true);
    }
  });

  test('a sum of one is the value, one of −0 and special values as IEEE 754 has it', () => {
    const x = [1.5, -2, 1e-45, 3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    expect(bitsOf(run(Opcode.SumRows, x, 1, 7, 7))).toEqual(bitsOf(Float32Array.from(x)));
    expect(bitsOf(run(Opcode.SumFeatures, x, 7, 1, 7))).toEqual(bitsOf(Float32Array.from(x)));
    const infinity = Number.POSITIVE_INFINITY;
    const columns = [infinity, infinity, 3e38, Number.NaN, 1, -infinity, 3e38, 1];
    expect([...run(Opcode.SumRows, columns, 2, 4, 4)]).toEqual([infinity, Number.NaN, infinity, Number.NaN]);
    expect([...run(Opcode.SumFeatures, columns, 2, 4, 2)]).toEqual([Number.NaN, -infinity]);
  });

  test('ExpandRows and ExpandFeatures repeat, bit for bit', () => {
    for (const [rows, features] of shapes) {
      const row = filled(features, numbers(features));
      row[0] = Number.NaN;
      const shift = (rows + features) % 4;
      const expanded = bitsOf(run(Opcode.ExpandRows, row, rows, features, rows * features, shift));
      const expected = bitsOf(row);
      for (let i = 0; i < rows; i++) expect(expanded.slice(i * features, (i + 1) * features)).toEqual(expected);
      const column = filled(rows, numbers(rows));
      column[rows - 1] = -0;
      const y = run(Opcode.ExpandFeatures, column, rows, features, rows * features, shift);
      y.forEach((v, k) => {
        if (!Object.is(v, column[Math.floor(k / features)])) expect.fail(`[${k}] of ${rows}×${features}: ${v}`);
      });
    }
  });

  test('MaxFeatures finds the largest wherever it stands, and a NaN', () => {
    for (const [rows, features] of shapes) {
      const x = filled(rows * features, numbers(rows * 100 + features, -3, -1));
      const y = run(Opcode.MaxFeatures, x, rows, features, rows, (rows + features) % 4);
      for (let i = 0; i < rows; i++) expect(y[i]).toBe(largest(rowOf(x, i, features)));
    }
    for (let features = 1; features <= 20; features++) {
      for (let at = 0; at < features; at++) {
        for (const value of [5, Number.POSITIVE_INFINITY, Number.NaN]) {
          const x = filled(features, numbers(features));
          x[at] = value;
          expect([...run(Opcode.MaxFeatures, x, 1, features, 1)]).toEqual([value]);
        }
      }
      const none = new Float32Array(features).fill(Number.NEGATIVE_INFINITY);
      expect([...run(Opcode.MaxFeatures, none, 1, features, 1)]).toEqual([Number.NEGATIVE_INFINITY]);
    }
  });

  test('CopyColumns moves columns between widths and touches no others', () => {
    for (let width = 1; width <= 18; width++) {
      for (const [yStride, yOffset, xStride, xOffset] of [
        [width, 0, width, 0],
        [width + 3, 2, width, 0],
        [width, 0, width + 5, 4],
        [width + 1, 1, width + 2, 1],
      ] as const) {
        const rows = 3;
        const x = filled(rows * xStride, numbers(width));
        const before = filled(rows * yStride, numbers(width + 50));
        machine.clear();
        const y = machine.tensor(before, width % 4);
        machine.run([Opcode.CopyColumns, y, machine.tensor(x, yStride % 4), rows, width, yStride, yOffset, xStride, xOffset]);
        const expected = before.slice();
        for (let i = 0; i < rows; i++) expected.set(x.subarray(i * xStride + xOffset, i * xStride + xOffset + width), i * yStride + yOffset);
        expect(machine.read(y, rows * yStride)).toEqual(expected);
      }
    }
  });

  test('OneHot sets the id of each row; an id that is no feature sets none', () => {
    for (let features = 1; features <= 37; features++) {
      const ids = Uint32Array.of(0, features - 1, features >> 1, features, 2 ** 32 - 1, 0);
      machine.clear();
      const y = machine.tensor(ids.length * features, features % 4);
      machine.run([Opcode.OneHot, y, machine.ids(ids), ids.length, features, 0]);
      const expected = Float32Array.from({ length: ids.length * features }, (_, k) => (ids[Math.floor(k / features)] === k % features ? 1 : 0));
      expect(machine.read(y, expected.length)).toEqual(expected);
    }
  });

  test('Fill sets every element', () => {
    for (const value of [0, -0, 1.5, Number.NaN]) {
      for (let n = 1; n <= 67; n++) {
        machine.clear();
        const y = machine.tensor(n, n % 4);
        machine.run([Opcode.Fill, y, n, bits(value), 0]);
        expect(machine.read(y, n)).toEqual(new Float32Array(n).fill(value));
      }
    }
  });
});
