import { afterAll, describe, expect, test } from 'vitest';
import { Context, Status } from '../../assembly/context.js';
import { Opcode, Ref, TargetKind } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { binaryTerm, crossEntropy, sigmoid, type Target } from '../oracle/losses.js';
import { argmax, largest, rowOf, softmax } from '../oracle/rows.js';
import { bits, builds, Machine } from './machine.js';
import { bitsOf, close, DENORMAL, EPSILON, filled, numbers } from './numbers.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

/** Relative errors of eˣ, ln x, softplus and σ in ε: the bounds their files state, rounded up. */
const EXP = 4;
const LOG = 4;
const SOFTPLUS = 8;
const SIGMOID = 8;

const infinity = Number.POSITIVE_INFINITY;

/** Logits [rows, features] with targets in both forms, one-hot or any rows of values. */
interface Case {
  z: Float32Array;
  rows: number;
  features: number;
  t: Float32Array | Uint32Array;
  shift?: number;
}

const kindOf = ({ t }: Case) => (t instanceof Uint32Array ? TargetKind.Classes : TargetKind.Values);
const targetTensor = (machine: Machine, { t, shift }: Case) => (t instanceof Uint32Array ? machine.ids(t) : machine.tensor(t, shift));

function targetOf({ t, features }: Case, row: number): Target {
  return t instanceof Uint32Array ? (t[row] as number) : rowOf(t, row, features);
}

function losses(machine: Machine, one: Case, opcode = Opcode.CrossEntropy): Float32Array {
  machine.clear();
  const z = machine.tensor(one.z, one.shift);
  const loss = machine.tensor(one.rows, one.shift);
  machine.run([opcode, loss, z, targetTensor(machine, one), kindOf(one), one.rows, one.features]);
  return machine.read(loss, one.rows);
}

const scale = Math.fround(1 / 3);

interface Results {
  loss: number[];
  u: number[];
  dz: number[];
}

/** The fused kernel; `keep` whether u is asked for, `inPlace` whether dz is z. */
function fused(machine: Machine, one: Case, opcode: Opcode, { keep = true, inPlace = false } = {}): Results {
  machine.clear();
  const n = one.rows * one.features;
  const z = machine.tensor(one.z, one.shift);
  const loss = machine.tensor(one.rows);
  const u = keep ? machine.tensor(n, one.shift) : Ref.None;
  const dz = inPlace ? z : machine.tensor(n, one.shift);
  machine.run([opcode, loss, u, dz, z, targetTensor(machine, one), kindOf(one), one.rows, one.features, bits(scale), 0]);
  if (!inPlace) expect(machine.read(z, n)).toEqual(one.z);
  return { loss: bitsOf(machine.read(loss, one.rows)), u: keep ? bitsOf(machine.read(u, n)) : [], dz: bitsOf(machine.read(dz, n)) };
}

/** The same through the loss, softmax or sigmoid, Sub and Affine kernels, one after the other. */
function separate(machine: Machine, one: Case, opcode: Opcode): Results {
  const loss = bitsOf(losses(machine, one, opcode === Opcode.SoftmaxCrossEntropy ? Opcode.CrossEntropy : Opcode.BinaryCrossEntropy));
  machine.clear();
  const { rows, features } = one;
  const n = rows * features;
  const z = machine.tensor(one.z, one.shift);
  const u = machine.tensor(n);
  const dz = machine.tensor(n);
  let t = targetTensor(machine, one);
  if (opcode === Opcode.SoftmaxCrossEntropy) machine.run([Opcode.Softmax, u, z, rows, features, 0]);
  else machine.run([Opcode.Sigmoid, u, z, n, 0, 0]);
  if (one.t instanceof Uint32Array) {
    const ids = t;
    t = machine.tensor(n);
    machine.run([Opcode.OneHot, t, ids, rows, features, 0]);
  }
  machine.run([Opcode.Sub, dz, u, t, n, 0]);
  machine.run([Opcode.Affine, dz, dz, n, bits(scale), bits(0)]);
  return { loss, u: bitsOf(machine.read(u, n)), dz: bitsOf(machine.read(dz, n)) };
}

function compareFused(machine: Machine, one: Case, opcode: Opcode): void {
  const expected = separate(machine, one, opcode);
  expect(fused(machine, one, opcode)).toEqual(expected);
  expect(fused(machine, one, opcode, { keep: false })).toEqual({ ...expected, u: [] });
  expect(fused(machine, one, opcode, { keep: false, inPlace: true })).toEqual({ ...expected, u: [] });
}

/** Rows of probabilities, of 0 and 1, or ids, from the same numbers. */
function targets(kind: 'ids' | 'one-hot' | 'probabilities', rows: number, features: number): Float32Array | Uint32Array {
  const next = numbers(rows * 100 + features, 0, 1);
  const ids = Uint32Array.from({ length: rows }, () => Math.floor(next() * features));
  if (kind === 'ids') return ids;
  if (kind === 'one-hot') return Float32Array.from({ length: rows * features }, (_, i) => (i % features === ids[Math.floor(i / features)] ? 1 : 0));
  const raw = Array.from({ length: rows }, () => softmax(Array.from({ length: features }, () => 3 * next())));
  return Float32Array.from(raw.flat());
}

/** In ε: the sum's relative error, the logarithm's, the last rounding. */
function crossEntropyBound(z: number[], expected: number): number {
  const max = largest(z);
  const u = softmax(z);
  const sum = z.reduce((total, v, j) => total + (u[j] ? (u[j] as number) * (max - v) : 0), 0) + EXP + z.length / 4 + 3;
  const log = -Math.log(Math.max(...u));
  return (sum + LOG * log + Math.abs(expected)) * EPSILON;
}

describe.each(builds)('%s', (build) => {
  const machine = machines.get(build) as Machine;

  describe('cross-entropy', () => {
    test.each(['ids', 'one-hot', 'probabilities'] as const)('of %s agrees with the oracle, fused and apart with the same bits', (kind) => {
      for (let features = 1; features <= 67; features++) {
        for (const [rows, range] of [
          [1, 8],
          [3, 8],
          [2, 1e4],
        ] as const) {
          const one: Case = {
            z: filled(rows * features, numbers(features, -range, range)),
            rows,
            features,
            t: targets(kind, rows, features),
            shift: (features + rows) % 4,
          };
          const loss = losses(machine, one);
          for (let i = 0; i < rows; i++) {
            const z = rowOf(one.z, i, features);
            const expected = crossEntropy(z, targetOf(one, i));
            if (!close(loss[i], expected, crossEntropyBound(z, expected)))
              expect.fail(`row ${i} of ${rows}×${features}: ${loss[i]}, expected ${expected}`);
          }
          compareFused(machine, one, Opcode.SoftmaxCrossEntropy);
        }
      }
    });

    test('ids and rows of 0 and 1 give the same bits', () => {
      for (const features of [2, 3, 4, 10, 11]) {
        const z = filled(4 * features, numbers(features, -30, 30));
        z[1] = -infinity;
        const [a, b] = (['ids', 'one-hot'] as const).map((kind) =>
          fused(machine, { z, rows: 4, features, t: targets(kind, 4, features) }, Opcode.SoftmaxCrossEntropy),
        );
        expect(a).toEqual(b);
      }
    });

    test('a small loss beside a large logit keeps its digits', () => {
      const [loss] = losses(machine, { z: Float32Array.of(10016, 10000), rows: 1, features: 2, t: Uint32Array.of(0) });
      expect(close(loss, Math.log1p(Math.exp(-16)), 8 * EPSILON)).toBe(true);
      expect([...losses(machine, { z: Float32Array.of(1e4, -1e4), rows: 1, features: 2, t: Uint32Array.of(1) })]).toEqual([2e4]);
    });

    test('infinities, NaN, and ids that are no class', () => {
      const of = (z: number[], id: number) => losses(machine, { z: Float32Array.from(z), rows: 1, features: z.length, t: Uint32Array.of(id) })[0];
      expect(of([0, -infinity], 0)).toBe(0);
      expect(of([0, -infinity], 1)).toBe(infinity);
      expect(of([0, infinity], 0)).toBeNaN();
      expect(of([0, infinity], 1)).toBeNaN();
      expect(of([-infinity, -infinity], 1)).toBeNaN();
      expect(of([0, Number.NaN, 1], 0)).toBeNaN();
      expect(of([0, 1, 2, 3, 4], 5)).toBeNaN();
      expect(of([0, 1, 2, 3, 4], 2 ** 32 - 1)).toBeNaN();
      for (const special of [infinity, -infinity, Number.NaN, 3e38, DENORMAL]) {
        for (const features of [1, 2, 3, 5, 8]) {
          for (const kind of ['ids', 'probabilities'] as const) {
            const z = filled(2 * features, numbers(features));
            z[features - 1] = special;
            compareFused(machine, { z, rows: 2, features, t: targets(kind, 2, features) }, Opcode.SoftmaxCrossEntropy);
          }
        }
      }
    });
  });

  describe('binary cross-entropy', () => {
    test('agrees with the oracle, fused and apart with the same bits', () => {
      for (let features = 1; features <= 67; features++) {
        for (const [rows, range] of [
          [1, 8],
          [3, 40],
          [2, 1e4],
        ] as const) {
          const next = numbers(features, 0, 1);
          const t = filled(rows * features, () => (features % 2 ? Math.round(next()) : next()));
          const one: Case = { z: filled(rows * features, numbers(features, -range, range)), rows, features, t, shift: (features + rows) % 4 };
          const loss = losses(machine, one, Opcode.BinaryCrossEntropy);
          for (let i = 0; i < rows; i++) {
            const target = rowOf(t, i, features);
            const terms = rowOf(one.z, i, features).map((z, j) => binaryTerm(z, target[j] as number));
            const expected = terms.reduce((a, b) => a + b, 0);
            const bound = expected * (SOFTPLUS + 2 + features / 4 + 3) * EPSILON + features * DENORMAL;
            if (!close(loss[i], expected, bound)) expect.fail(`row ${i} of ${rows}×${features}: ${loss[i]}, expected ${expected}`);
          }
          compareFused(machine, one, Opcode.SigmoidCrossEntropy);
        }
      }
    });

    test('dz is (σ(z) − t)·scale', () => {
      const z = filled(29, numbers(7, -20, 20));
      const t = filled(29, numbers(8, 0, 1));
      machine.clear();
      const dz = machine.tensor(29);
      machine.run([
        Opcode.SigmoidCrossEntropy,
        machine.tensor(29),
        Ref.None,
        dz,
        machine.tensor(z),
        machine.tensor(t),
        TargetKind.Values,
        29,
        1,
        bits(scale),
        0,
      ]);
      machine.read(dz, 29).forEach((actual, i) => {
        const u = sigmoid(z[i] as number);
        const bound = (SIGMOID * u + 2 * Math.abs(u - (t[i] as number))) * scale * EPSILON;
        expect(close(actual, (u - (t[i] as number)) * scale, bound)).toBe(true);
      });
    });

    test('the limits at ±∞, NaN, and small losses', () => {
      const of = (z: number, t: number) =>
        losses(machine, { z: Float32Array.of(z), rows: 1, features: 1, t: Float32Array.of(t) }, Opcode.BinaryCrossEntropy)[0];
      expect(of(infinity, 1)).toBe(0);
      expect(of(-infinity, 0)).toBe(0);
      expect(of(infinity, 0)).toBe(infinity);
      expect(of(-infinity, 1)).toBe(infinity);
      expect(of(infinity, 0.5)).toBe(infinity);
      expect(of(Number.NaN, 0)).toBeNaN();
      expect(of(Number.NaN, 1)).toBeNaN();
      expect(of(0, Number.NaN)).toBeNaN();
      expect(of(1e4, 0)).toBe(1e4);
      expect(of(-1e4, 1)).toBe(1e4);
      expect(close(of(20, 1), Math.log1p(Math.exp(-20)), 12 * EPSILON * Math.exp(-20))).toBe(true);
      for (const special of [infinity, -infinity, Number.NaN, 3e38, DENORMAL, -0]) {
        for (const features of [1, 2, 3, 5, 8]) {
          const z = filled(2 * features, numbers(features));
          z[features - 1] = special;
          compareFused(machine, { z, rows: 2, features, t: filled(2 * features, numbers(9, 0, 1)) }, Opcode.SigmoidCrossEntropy);
        }
      }
    });
  });

  test('the loss of a run is summed in f64 and stops it where it is not finite', () => {
    const rows = 1000;
    const loss = filled(rows, numbers(5, 0, 1e3));
    loss[0] = 3e38;
    machine.clear();
    machine.reset();
    const ref = machine.tensor(loss);
    expect(machine.run([Opcode.AccumulateLoss, ref, rows, bits(0.5), 0, 0])).toBe(Status.Done);
    let sum = 0;
    for (const value of loss) sum += value;
    expect(machine.f64(Context.LossSum)).toBe(0.5 * sum);
    for (const bad of [Number.NaN, infinity, -infinity]) {
      loss[rows - 1] = bad;
      const status = machine.run([Opcode.AccumulateLoss, machine.tensor(loss), rows, bits(1), 0, 0]);
      expect(status).toBe(Status.NotFinite);
      expect(machine.f64(Context.LossSum)).toBe(0.5 * sum);
    }
  });

  test('or goes on where it is told to, with that sum', () => {
    for (const bad of [Number.NaN, infinity, -infinity]) {
      machine.clear();
      machine.reset();
      expect(machine.run([Opcode.AccumulateLoss, machine.tensor(Float32Array.of(1, bad, 2)), 3, bits(0.5), 1, 0])).toBe(Status.Done);
      expect(machine.f64(Context.LossSum)).toBe(bad);
    }
  });

  describe('counting right decisions', () => {
    const count = (one: Case, cuts?: readonly [cut: number, targetCut: number], weights?: Float32Array) => {
      machine.clear();
      machine.reset();
      machine.run([
        Opcode.CountCorrect,
        machine.tensor(one.z, one.shift),
        targetTensor(machine, one),
        weights ? machine.tensor(weights, one.shift) : Ref.None,
        kindOf(one),
        one.rows,
        one.features,
        cuts ? 1 : 0,
        ...(cuts ?? [0, 0]).map(bits),
      ]);
      return machine.f64(Context.Correct);
    };

    test('by the largest logit', () => {
      for (let features = 2; features <= 21; features++) {
        const rows = 40;
        // few different values, so that ties are frequent
        const next = numbers(features, 0, 3);
        const z = filled(rows * features, () => Math.floor(next()));
        for (const kind of ['ids', 'one-hot', 'probabilities'] as const) {
          const one: Case = { z, rows, features, t: targets(kind, rows, features), shift: features % 4 };
          let expected = 0;
          for (let i = 0; i < rows; i++) {
            const target = targetOf(one, i);
            if (argmax(rowOf(z, i, features)) === (typeof target === 'number' ? target : argmax(target))) expected++;
          }
          expect(count(one)).toBe(expected);
          const weights = filled(rows, numbers(features + 7, 0, 2));
          let [right, all] = [0, 0];
          for (let i = 0; i < rows; i++) {
            const target = targetOf(one, i);
            if (argmax(rowOf(z, i, features)) === (typeof target === 'number' ? target : argmax(target))) right += weights[i] as number;
            all += weights[i] as number;
          }
          expect(count(one, undefined, weights)).toBe(right);
          expect(machine.f64(Context.Weight)).toBe(all);
        }
      }
      const special = Float32Array.of(Number.NaN, 1, -infinity, -infinity, -infinity, -infinity, Number.NaN, Number.NaN, Number.NaN);
      expect(count({ z: special, rows: 3, features: 3, t: Uint32Array.of(1, 0, 0) })).toBe(1);
      // a NaN decides nothing, in the target either, and an id that is no class is met by no logit
      const none = { z: Float32Array.of(Number.NaN, 0), rows: 1, features: 2 };
      expect(count({ ...none, t: Float32Array.of(Number.NaN, 1) })).toBe(0);
      expect(count({ ...none, t: Uint32Array.of(2) })).toBe(0);
    });

    test('by the sign of a single logit', () => {
      const z = Float32Array.of(0, -0, 1e-40, -1e-40, 5, -5, infinity, -infinity, Number.NaN, Number.NaN);
      const positive = [1, 1, 1, 0, 1, 0, 1, 0];
      const right = Float32Array.from([...positive.map((p) => (p ? 0.5 : 0.49)), 1, 0]);
      expect(count({ z, rows: 10, features: 1, t: right }, [0, 0.5])).toBe(8);
      expect(count({ z, rows: 10, features: 1, t: right.map((t) => 1 - t - 0.01) }, [0, 0.5])).toBe(0);
    });

    test('by each of several numbers, which all must agree', () => {
      for (let features = 1; features <= 5; features++) {
        const rows = 2 ** features;
        // Every set of labels: 0.3 and 0.7 about a cut of 0.5, against the same sets as −1 and 1 about 0.
        const z = Float32Array.from({ length: rows * features }, (_, i) => ((Math.floor(i / features) >> (i % features)) & 1 ? 0.7 : 0.3));
        const t = z.map((v) => (v > 0.5 ? 1 : -1));
        expect(count({ z, rows, features, t }, [0.5, 0])).toBe(rows);
        for (let j = 0; j < features; j++) {
          const one = t.slice();
          for (let i = j; i < rows * features; i += features) one[i] = -(one[i] as number);
          expect(count({ z, rows, features, t: one }, [0.5, 0])).toBe(0);
        }
        const some = z.slice();
        some[features - 1] = Number.NaN;
        expect(count({ z: some, rows, features, t }, [0.5, 0])).toBe(rows - 1);
      }
    });
  });
});
