import { afterAll, describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { largest, logSumExp, rowOf, softmax } from '../oracle/rows.js';
import { builds, Machine } from './machine.js';
import { bitsOf, close, DENORMAL, EPSILON, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

/** Relative errors of eˣ and ln x, in ε: the bounds their files state, rounded up. */
const EXP = 4;
const LOG = 4;

/** The relative error of Σ e^{z − max} in ε: the differences' roundings, which eˣ turns into relative errors, eˣ itself and the sum's order. */
function sumError(z: number[]): number {
  const max = largest(z);
  const u = softmax(z);
  return z.reduce((sum, v, j) => sum + (u[j] ? (u[j] as number) * (max - v) : 0), 0) + EXP + z.length / 4 + 3;
}

function runSoftmax(machine: Machine, x: ArrayLike<number>, rows: number, features: number, { shift = 0, inPlace = false } = {}): Float32Array {
  machine.clear();
  const input = machine.tensor(x, shift);
  const y = inPlace ? input : machine.tensor(rows * features, shift);
  machine.run([Opcode.Softmax, y, input, rows, features, 0]);
  return machine.read(y, rows * features);
}

function runLogSumExp(machine: Machine, x: ArrayLike<number>, rows: number, features: number, shift = 0): Float32Array {
  machine.clear();
  const input = machine.tensor(x, shift);
  const y = machine.tensor(rows, shift);
  machine.run([Opcode.LogSumExp, y, input, rows, features, 0]);
  return machine.read(y, rows);
}

function check(machine: Machine, x: Float32Array, rows: number, features: number, shift: number): void {
  const y = runSoftmax(machine, x, rows, features, { shift });
  expect(bitsOf(runSoftmax(machine, x, rows, features, { shift, inPlace: true }))).toEqual(bitsOf(y));
  const sums = runLogSumExp(machine, x, rows, features, shift);
  for (let i = 0; i < rows; i++) {
    const z = rowOf(x, i, features);
    const expected = softmax(z);
    const error = sumError(z);
    expected.forEach((u, j) => {
      const own = EXP + Math.abs((z[j] as number) - largest(z)) + 2;
      const actual = y[i * features + j];
      if (!close(actual, u, u * (own + error) * EPSILON + 2 * DENORMAL)) expect.fail(`[${i}, ${j}] of ${rows}×${features}: ${actual}, expected ${u}`);
    });
    const l = logSumExp(z);
    const bound = (error + LOG * Math.abs(l - largest(z)) + Math.abs(l)) * EPSILON;
    if (!close(sums[i], l, bound)) expect.fail(`log-sum-exp of row ${i} of ${rows}×${features}: ${sums[i]}, expected ${l}`);
  }
}

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;

  test('softmax and log-sum-exp agree with the oracle for 1 … 67 features, off boundaries and in place', () => {
    for (let features = 1; features <= 67; features++) {
      for (const rows of [1, 2, 5]) check(machine, filled(rows * features, numbers(features, -8, 8)), rows, features, (features + rows) % 4);
    }
  });

  test('logits of ±1e4 and ±3e38 are stable', () => {
    for (const range of [1e4, 3e38]) {
      for (let features = 1; features <= 20; features++)
        check(machine, filled(3 * features, numbers(features, -range, range)), 3, features, features % 4);
    }
    expect([...runSoftmax(machine, [1e4, -1e4, 1e4], 1, 3)]).toEqual([0.5, 0, 0.5]);
    expect([...runLogSumExp(machine, [1e4, -1e4, -1e4], 1, 3)]).toEqual([1e4]);
  });

  test('equal logits share evenly, whatever they are', () => {
    for (const value of [0, -0, 1, 88, -1e4, 3.4e38, DENORMAL]) {
      for (const features of [1, 2, 4, 8, 16, 32]) {
        expect([...runSoftmax(machine, new Float32Array(features).fill(value), 1, features)]).toEqual(new Array(features).fill(1 / features));
      }
    }
  });

  test('a row is unaffected by its neighbours', () => {
    for (const features of [1, 2, 3, 5, 10, 16]) {
      const row = filled(features, numbers(features, -4, 4));
      const alone = bitsOf(runSoftmax(machine, row, 1, features));
      for (const neighbour of [Number.NaN, Number.POSITIVE_INFINITY, 1e30]) {
        const x = new Float32Array(3 * features).fill(neighbour);
        x.set(row, features);
        expect(bitsOf(runSoftmax(machine, x, 3, features)).slice(features, 2 * features)).toEqual(alone);
      }
    }
  });

  test('infinities and NaN', () => {
    const infinity = Number.POSITIVE_INFINITY;
    for (const features of [2, 3, 4, 5, 7, 8, 10, 17]) {
      for (let at = 0; at < features; at++) {
        const x = filled(features, numbers(features));
        x[at] = -infinity;
        const y = runSoftmax(machine, x, 1, features);
        expect(y[at]).toBe(0);
        expect(y.some((v) => Number.isNaN(v))).toBe(false);
        check(machine, x, 1, features, 0);
        for (const value of [infinity, Number.NaN]) {
          x[at] = value;
          expect([...runSoftmax(machine, x, 1, features)]).toEqual(new Array(features).fill(Number.NaN));
          expect([...runLogSumExp(machine, x, 1, features)]).toEqual([value]);
        }
      }
      const none = new Float32Array(features).fill(-infinity);
      expect([...runSoftmax(machine, none, 1, features)]).toEqual(new Array(features).fill(Number.NaN));
      expect([...runLogSumExp(machine, none, 1, features)]).toEqual([-infinity]);
    }
  });
});
