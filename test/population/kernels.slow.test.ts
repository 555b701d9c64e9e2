/**
 * The kernels of populations: each net within the bounds of plain float64, in both builds, and in the one that has the same bits everywhere with those
 * of the network's own kernels. Tensors stand between guards, as parameters, strides apart, or in the workspace, group behind group.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { Block, DataType, GemmFlag, Opcode, Ref, TargetKind } from '../../assembly/opcodes.js';
import { LaneSums, Lanes } from '../../assembly/population/context.js';
import type { Core } from '../../src/core/core.js';
import { bits, builds, Machine, words64 } from '../kernels/machine.js';
import { difference } from '../kernels/multiply.js';
import { bitsOf, close, DENORMAL, EPSILON, filled, numbers } from '../kernels/numbers.js';
import { spacing, ulps } from '../kernels/ulp.js';
import { unaryFunctions } from '../oracle/functions.js';
import { linear, product } from '../oracle/linear.js';
import { binaryCrossEntropy, binaryTerm, crossEntropy, sigmoid, type Target } from '../oracle/losses.js';
import * as optimizers from '../oracle/optimizers.js';
import { argmax, largest, logSumExp, rowOf, softmax, sumFeatures, sumRows } from '../oracle/rows.js';
import { GUARD, LaneMachine, type LaneTensor } from './laneMachine.js';

const upTo = (most: number) => Array.from({ length: most }, (_, i) => i + 1);
const kept = (values: ArrayLike<number>) => Array.from(values);

/** What an instruction reads and writes: `values` of each net, or n numbers that it has to write. */
interface Operand {
  readonly n: number;
  readonly values?: (net: number) => ArrayLike<number>;
  readonly ids?: boolean;
  readonly block?: LaneTensor['block'];
}

const functionOf = (name: keyof typeof unaryFunctions): ((x: number, alpha: number, beta: number) => number) => unaryFunctions[name];

/** A number, and how far from it a float may be. */
type Bounded = readonly [value: number, bound: number];

describe.each(builds)('%s', (build) => {
  const single = new Machine(build, 1 << 18);
  const machines = [1, 3].map((groups) => new LaneMachine(build, groups));
  afterAll(() => {
    for (const machine of [single, ...machines]) machine.free();
  });

  /**
   * Runs an instruction on all nets at once, and compares operand number `of` with what is expected of each net; in the baseline every operand with
   * those of the single net's kernel, bit by bit.
   */
  function check(
    what: string,
    operands: readonly Operand[],
    words: (refs: readonly number[]) => readonly number[],
    expected: readonly { readonly of: number; readonly by: (net: number) => readonly Bounded[] }[],
    rates?: readonly number[],
  ): void {
    for (const machine of machines) {
      machine.clear();
      machine.learningRates = upTo(machine.nets).map((_, net) => rates?.[net % rates.length] ?? 0);
      const tensors = operands.map(({ n, values, ids, block }) => (ids && values ? machine.ids(n, values) : machine.tensor(n, values, block)));
      machine.run(words(tensors.map(({ ref }) => ref)));
      for (let net = 0; net < machine.nets; net++) {
        for (const { of, by } of expected) {
          const actual = machine.read(tensors[of] as LaneTensor, net);
          for (const [i, [value, bound]] of by(net).entries())
            if (!close(actual[i], value, bound)) expect.fail(`${what}: element ${i} of net ${net} is ${actual[i]}, expected ${value} ± ${bound}`);
        }
        if (build === 'relaxed') continue;
        single.clear();
        single.learningRate = rates?.[net % rates.length] ?? 0;
        const refs = operands.map(({ n, values, ids }) => {
          const own = values?.(net) ?? n;
          return ids && typeof own !== 'number' ? single.ids(own) : single.tensor(own);
        });
        single.run([...words(refs)]);
        operands.forEach(({ n }, i) => {
          const wrong = difference(machine.read(tensors[i] as LaneTensor, net), single.read(refs[i] as number, n));
          if (wrong) expect.fail(`${what}: operand ${i} of net ${net}, against the net alone: ${wrong}`);
        });
      }
    }
  }

  const drawn = (n: number, seed: number, low = -1, high = 1) => {
    const cache = new Map<number, Float32Array>();
    return (net: number) => {
      const known = cache.get(net) ?? filled(n, numbers(1000 * seed + net, low, high));
      cache.set(net, known);
      return known;
    };
  };

  /** Below, at and above what a kernel unrolls. */
  const depths = [0, ...upTo(13), 15, 16, 17, 24, 31, 32, 33];
  const sides = [1, 2, 3, 4, 5, 7, 8, 9];

  /** As many roundings as `gemm` states. */
  const bounded = ({ value, magnitude }: ReturnType<typeof product>, k: number): Bounded[] =>
    kept(value).map((v, i) => [v, (k + Math.ceil(k / 512) + 2) * 1.01 * EPSILON * (magnitude[i] as number)]);

  test.each(['nt', 'nn', 'tn', 'tt'] as const)('products: %s', (form) => {
    const [ta, tb] = [form[0] === 't', form[1] === 't'];
    for (const m of sides) {
      for (const n of sides) {
        for (const k of m === 1 ? [...depths, ...(n <= 5 ? [520] : [])] : [0, 1, 2, 3, 4, 5, 8, 9]) {
          const accumulate = (m + n + k) % 3 === 0;
          const [a, b, c] = [drawn(m * k, m), drawn(k * n, n + 50), drawn(m * n, k + 100)];
          const flags = (ta ? GemmFlag.TransposeA : 0) | (tb ? GemmFlag.TransposeB : 0) | (accumulate ? GemmFlag.Accumulate : 0);
          check(
            `${form} ${m}×${n}×${k}${accumulate ? ', added' : ''}`,
            [
              { n: m * n, ...(accumulate && { values: c }), ...(!ta && { block: Block.State }) },
              { n: m * k, values: a },
              { n: k * n, values: b, ...(tb && k < 50 && { block: Block.Parameters }) },
            ],
            ([c, a, b]) => [Opcode.Gemm, c as number, a as number, b as number, m, n, k, ta ? m : k, tb ? k : n, flags],
            [
              {
                of: 0,
                by: (net) =>
                  bounded(
                    product(
                      { data: a(net), rowStride: ta ? 1 : k, columnStride: ta ? m : 1 },
                      { data: b(net), rowStride: tb ? 1 : n, columnStride: tb ? k : 1 },
                      ...([m, n, k] as const),
                      accumulate ? c(net) : undefined,
                    ),
                    k,
                  ),
              },
            ],
          );
        }
      }
    }
  });

  test.each(['Copy', 'Tanh', 'Sigmoid', 'Relu', 'Softplus'] as const)('linear layers: %s', (name) => {
    for (const m of [1, 2, 3, 4, 5]) {
      for (const n of sides) {
        for (const k of m === 1 ? depths : [1, 2, 7, 8]) {
          const biased = (n + k) % 4 > 0;
          const [x, w, b] = [drawn(m * k, m), drawn(n * k, n + 50, -3, 3), drawn(n, k + 100)];
          check(
            `${m}×${n}×${k}`,
            [
              { n: m * n },
              { n: m * k, values: x },
              { n: n * k, values: w, block: Block.Parameters },
              ...(biased ? [{ n, values: b, block: Block.Parameters } as const] : []),
            ],
            ([u, x, w, b = Ref.None]) => [Opcode.Linear, u as number, x as number, w as number, b, m, n, k, Opcode[name], 0, 0, Ref.None],
            [
              {
                of: 0,
                // None of these functions is steeper than 1; each is true to 2 ulp.
                by: (net) =>
                  bounded(linear(x(net), w(net), biased ? b(net) : undefined, m, n, k), k).map(([z, bound]) => {
                    const u = functionOf(name)(z, 0, 0);
                    return [u, bound * 1.01 + (name === 'Copy' || name === 'Relu' ? 0 : 2 * spacing(u))];
                  }),
              },
            ],
          );
        }
      }
    }
  });

  test('the terms of more than one partial sum, with a bias', () => {
    for (const [m, n, k] of [
      [1, 5, 515],
      [2, 5, 515],
      [3, 2, 1024],
    ] as const) {
      const [x, w, b] = [drawn(m * k, 1), drawn(n * k, 2), drawn(n, 3)];
      check(
        `${m}×${n}×${k}`,
        [{ n: m * n }, { n: m * k, values: x }, { n: n * k, values: w }, { n, values: b }],
        ([u, x, w, b]) => [Opcode.Linear, u as number, x as number, w as number, b as number, m, n, k, Opcode.Copy, 0, 0, Ref.None],
        [{ of: 0, by: (net) => bounded(linear(x(net), w(net), b(net), m, n, k), k) }],
      );
    }
  });

  const extremes = [
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    2 ** -149,
    -(2 ** -149),
    3e38,
    -3e38,
    9.3,
    -9.3,
    0.5493,
    -104,
  ];
  test.each(['Tanh', 'Sigmoid', 'Softplus', 'Relu', 'Exp'] as const)('%s', (name) => {
    // Odd and even, and more than a chunk of exponentials.
    for (const n of [...upTo(9), 63, 64, 65, 130]) {
      for (const inPlace of [false, true]) {
        const x = (net: number) =>
          filled(n, numbers(net + n, -6, 6)).map((v, i) => (i % 3 === 2 ? (extremes[(i + net) % extremes.length] as number) : v));
        check(
          `${n}${inPlace ? ', in place' : ''}`,
          inPlace ? [{ n, values: x }] : [{ n }, { n, values: x, block: Block.State }],
          ([y, x]) => [Opcode[name], y as number, x ?? (y as number), n, 0, 0],
          [
            {
              of: 0,
              by: (net) =>
                kept(x(net)).map((v) => {
                  const y = Math.fround(functionOf(name)(v, 0, 0));
                  return [y, Number.isFinite(y) ? 2.5 * spacing(y) : 0];
                }),
            },
          ],
        );
      }
    }
  });

  test('tanh: its bound in ulp, exactly odd, 1 at most', () => {
    const [machine] = machines as [LaneMachine];
    const bound = build === 'relaxed' ? 2 : 1.5;
    const n = 1000;
    // Floats of every size at which tanh is no straight line, up to where it is 1, each with its negative.
    const bits = Uint32Array.of(0);
    const float = new Float32Array(bits.buffer);
    const next = numbers(5, 0, 1);
    for (let exponent = 127 - 14; exponent < 127 + 5; exponent++) {
      for (let round = 0; round < 10; round++) {
        const x = Float32Array.from({ length: 4 * n }, (_, i) => {
          bits[0] = (exponent << 23) | ((next() * 2 ** 23) & (2 ** 23 - 1));
          return i < 2 * n ? (float[0] as number) : 0;
        });
        for (let i = 0; i < 2 * n; i++) x[2 * n + i] = -(x[i] as number);
        machine.clear();
        const y = machine.tensor(n, (net) => x.subarray(net * n, (net + 1) * n));
        machine.run([Opcode.Tanh, y.ref, y.ref, n, 0, 0]);
        const found = [0, 1, 2, 3].map((net) => machine.read(y, net));
        for (let net = 0; net < 2; net++) {
          for (let i = 0; i < n; i++) {
            const [value, input] = [(found[net] as Float32Array)[i] as number, x[net * n + i] as number];
            if (!(ulps(value, Math.tanh(input)) <= bound && value <= 1)) expect.fail(`tanh ${input} is ${value}`);
            if ((found[net + 2] as Float32Array)[i] !== -value) expect.fail(`tanh −${input} is not −${value}`);
          }
        }
      }
    }
  });

  test.each([0, 1, 2, 3, 5, 16, 17, 63, 64, 65, 1000, 4001, 300000])('the permutation of %i rows is that of the core', (n) => {
    const [one] = machines as [LaneMachine];
    for (const [seed, stream] of [
      [0, 0],
      [7, 1],
      [0xffffffff, 0xfffffffe],
    ] as const) {
      const draw = (core: Core) => {
        const at = core.allocate(4 * n + 8, 'test');
        core.u32.fill(GUARD, at >>> 2, (at >>> 2) + n + 2);
        core.exports.permutation(at + 4, n, seed, stream);
        const found = core.u32.slice(at >>> 2, (at >>> 2) + n + 2);
        core.free(at);
        return found;
      };
      const found = draw(one.core);
      expect(found[0]).toBe(GUARD);
      expect(found[n + 1]).toBe(GUARD);
      expect(found).toEqual(draw(single.core));
    }
  });

  const shapes = [...upTo(10), 15, 16, 17].flatMap((features) => [1, 2, 5].map((rows) => [rows, features] as const));

  test('over rows and features', () => {
    for (const [rows, features] of shapes) {
      const n = rows * features;
      const x = drawn(n, features, -5, 5);
      const [perRow, perFeature] = [drawn(rows, 70), drawn(features, 71)];
      const each = (net: number) => upTo(rows).map((_, i) => rowOf(x(net), i, features));
      const sum = ({ value, magnitude }: { value: number[]; magnitude: number[] }, terms: number): Bounded[] =>
        value.map((v, i) => [v, terms * EPSILON * (magnitude[i] as number)]);
      const cases: [Opcode, number, (net: number) => ArrayLike<number>, (net: number) => Bounded[]][] = [
        [Opcode.SumRows, features, x, (net) => sum(sumRows(x(net), rows, features), rows)],
        [Opcode.SumFeatures, rows, x, (net) => sum(sumFeatures(x(net), rows, features), features)],
        [Opcode.MaxFeatures, rows, x, (net) => each(net).map((row) => [largest(row), 0])],
        [Opcode.ExpandRows, n, perFeature, (net) => upTo(n).map((_, i) => [perFeature(net)[i % features] as number, 0])],
        [Opcode.ExpandFeatures, n, perRow, (net) => upTo(n).map((_, i) => [perRow(net)[Math.floor(i / features)] as number, 0])],
        [Opcode.Softmax, n, x, (net) => each(net).flatMap((row) => softmax(row).map((v): Bounded => [v, (20 + features) * v * EPSILON]))],
        [Opcode.LogSumExp, rows, x, (net) => each(net).map((row) => [logSumExp(row), (features + 8 + 4 * Math.abs(logSumExp(row)) + 5) * EPSILON])],
        [
          Opcode.LogSoftmax,
          n,
          x,
          (net) =>
            each(net).flatMap((row) => row.map((v): Bounded => [v - logSumExp(row), (features + 30 + 4 * Math.abs(v - logSumExp(row))) * EPSILON])),
        ],
      ];
      for (const [opcode, outputs, input, expected] of cases) {
        check(
          `${Opcode[opcode]} ${rows}×${features}`,
          [{ n: outputs }, { n: input(0).length, values: input }],
          ([y, x]) => [opcode, y as number, x as number, rows, features, 0],
          [{ of: 0, by: expected }],
        );
      }
      const ids = (net: number) => upTo(rows).map((_, i) => (3 * i + net) % features);
      check(
        `OneHot ${rows}×${features}`,
        [{ n }, { n: rows, values: ids, ids: true }],
        ([y, x]) => [Opcode.OneHot, y as number, x as number, rows, features, 0],
        [{ of: 0, by: (net) => ids(net).flatMap((id) => upTo(features).map((_, f): Bounded => [f === id ? 1 : 0, 0])) }],
      );
    }
  });

  describe('losses', () => {
    const scale = Math.fround(1 / 3);
    const probabilities = (rows: number, features: number) => (net: number) =>
      upTo(rows).flatMap((_, i) => softmax(kept(filled(features, numbers(31 * net + i, 0, 3)))).map(Math.fround));

    test.each(['values', 'classes'] as const)('cross-entropy of %s', (form) => {
      for (const [rows, features] of shapes) {
        const n = rows * features;
        const z = drawn(n, features, -8, 8);
        const classes = form === 'classes';
        const t = classes ? (net: number) => upTo(rows).map((_, i) => (5 * i + net) % features) : probabilities(rows, features);
        const kind = classes ? TargetKind.Classes : TargetKind.Values;
        const target = (net: number, row: number): Target => (classes ? (t(net)[row] as number) : rowOf(t(net), row, features));
        const each = (net: number) => upTo(rows).map((_, i) => [rowOf(z(net), i, features), target(net, i)] as const);
        const loss = (net: number) =>
          each(net).map(([z, t]): Bounded => {
            const value = crossEntropy(z, t);
            return [value, (40 + features + 16 + 5 * Math.abs(value)) * EPSILON];
          });
        const targets = { n: classes ? rows : n, values: t, ids: classes };
        check(
          `${rows}×${features}`,
          [{ n: rows }, { n, values: z }, targets],
          ([loss, z, t]) => [Opcode.CrossEntropy, loss as number, z as number, t as number, kind, rows, features],
          [{ of: 0, by: loss }],
        );
        const values = (net: number) => each(net).flatMap(([z]) => softmax(z).map((v): Bounded => [v, (20 + features) * v * EPSILON]));
        const delta = (net: number) =>
          each(net).flatMap(([z, t]) =>
            softmax(z).map((v, j): Bounded => {
              const wanted = typeof t === 'number' ? Number(t === j) : (t[j] as number);
              return [(v - wanted) * scale, (23 + features) * (v + wanted) * scale * EPSILON];
            }),
          );
        check(
          `${rows}×${features}, fused`,
          [{ n: rows }, { n }, { n }, { n, values: z }, targets],
          ([loss, u, dz, z, t]) => [
            ...[Opcode.SoftmaxCrossEntropy, loss, u, dz, z, t].map((word) => word as number),
            ...[kind, rows, features, bits(scale), 0],
          ],
          [
            { of: 0, by: loss },
            { of: 1, by: values },
            { of: 2, by: delta },
          ],
        );
        check(
          `${rows}×${features}, in place`,
          [{ n: rows }, { n, values: z }, targets],
          ([loss, z, t]) => [
            ...[Opcode.SoftmaxCrossEntropy, loss, Ref.None, z, z, t].map((word) => word as number),
            ...[kind, rows, features, bits(scale), 0],
          ],
          [
            { of: 0, by: loss },
            { of: 1, by: delta },
          ],
        );
      }
    });

    test('binary cross-entropy', () => {
      for (const [rows, features] of shapes) {
        const n = rows * features;
        const z = (net: number) => drawn(n, features, -8, 8)(net).map((v, i) => (i % 7 === 6 ? ([0, -0, 40, -40, 120, -120][net % 6] as number) : v));
        const t = (net: number) => kept(drawn(n, 60, 0, 1)(net)).map((v, i) => (i % 3 ? v : Math.round(v)));
        const each = (net: number) => upTo(rows).map((_, i) => [rowOf(z(net), i, features), rowOf(t(net), i, features)] as const);
        const loss = (net: number) =>
          each(net).map(([z, t]): Bounded => {
            const size = z.reduce((sum, v, j) => sum + Math.abs(v) + Math.abs(binaryTerm(v, t[j] as number)) + 1, 0);
            return [binaryCrossEntropy(z, t), (10 + features) * size * EPSILON];
          });
        const operands = [
          { n, values: z },
          { n, values: t },
        ];
        check(
          `${rows}×${features}`,
          [{ n: rows }, ...operands],
          ([loss, z, t]) => [Opcode.BinaryCrossEntropy, loss as number, z as number, t as number, TargetKind.Values, rows, features],
          [{ of: 0, by: loss }],
        );
        const values = (net: number) => kept(z(net)).map((v): Bounded => [sigmoid(v), 2.5 * spacing(sigmoid(v))]);
        const delta = (net: number) =>
          kept(z(net)).map((v, i): Bounded => {
            const [u, wanted] = [sigmoid(v), t(net)[i] as number];
            return [(u - wanted) * scale, 8 * (u + wanted) * scale * EPSILON + DENORMAL];
          });
        for (const keep of [true, false]) {
          check(
            `${rows}×${features}, fused${keep ? '' : ', the value not kept'}`,
            [{ n: rows }, { n }, ...operands, ...(keep ? [{ n }] : [])],
            ([loss, dz, z, t, u = Ref.None]) => [
              ...[Opcode.SigmoidCrossEntropy, loss, u, dz, z, t].map((word) => word as number),
              ...[TargetKind.Values, rows, features, bits(scale), 0],
            ],
            [{ of: 0, by: loss }, { of: 1, by: delta }, ...(keep ? [{ of: 4, by: values }] : [])],
          );
        }
        check(
          `${rows}×${features}, in place`,
          [{ n: rows }, ...operands],
          ([loss, z, t]) => [
            ...[Opcode.SigmoidCrossEntropy, loss, Ref.None, z, z, t].map((word) => word as number),
            ...[TargetKind.Values, rows, features, bits(scale), 0],
          ],
          [
            { of: 0, by: loss },
            { of: 1, by: delta },
          ],
        );
      }
    });

    test('sums of losses, and nets whose sum is not finite', () => {
      for (const machine of machines) {
        machine.clear();
        const loss = machine.tensor(5, (net) => filled(5, numbers(net)).map((v, i) => (net % 5 === 3 && i === 2 ? Number.NaN : v)));
        machine.run([Opcode.AccumulateLoss, loss.ref, 5, bits(0.5), 0, 0]);
        let odd = 0;
        for (let net = 0; net < machine.nets; net++) {
          expect(machine.sum(net, LaneSums.Loss)).toEqual(0.5 * machine.read(loss, net).reduce((sum, v) => sum + v, 0));
          if (net % 5 === 3) odd |= 1 << net;
        }
        expect(machine.get(Lanes.Odd)).toBe(odd);
      }
    });

    test.each(['the largest', 'each by itself'])('rows that are right: %s', (rule) => {
      const each = rule !== 'the largest';
      for (const machine of machines) {
        for (const [rows, features] of shapes) {
          machine.clear();
          const z = machine.tensor(rows * features, drawn(rows * features, 1));
          const t = machine.tensor(rows * features, drawn(rows * features, 2));
          const w = machine.tensor(rows, (net) => upTo(rows).map((_, i) => (i + net) % 4));
          const cut = Math.fround(0.1);
          machine.run([Opcode.CountCorrect, z.ref, t.ref, w.ref, TargetKind.Values, rows, features, Number(each), bits(cut), bits(cut)]);
          for (let net = 0; net < machine.nets; net++) {
            const weights = machine.read(w, net);
            const right = upTo(rows).map((_, i) => {
              const [values, targets] = [z, t].map((of) => rowOf(machine.read(of, net), i, features)) as [number[], number[]];
              return each ? values.every((v, j) => v >= cut === (targets[j] as number) >= cut) : argmax(values) === argmax(targets);
            });
            expect(machine.sum(net, LaneSums.Correct)).toBe(right.reduce((sum, yes, i) => sum + (yes ? (weights[i] as number) : 0), 0));
            expect(machine.sum(net, LaneSums.Weight)).toBe(weights.reduce((sum, v) => sum + v, 0));
          }
        }
      }
    });
  });

  describe('updates, each net at its own rate', () => {
    const rates = [0.1, 0.01, 0.5, 0.2, 0.003];
    const rateOf = (net: number) => rates[net % rates.length] as number;
    const counts = [...upTo(9), 33];
    const doubles = (values: ArrayLike<number>) => Float64Array.from(values);

    test('SGD', () => {
      for (const n of counts) {
        const [w, g] = [drawn(n, 1), drawn(n, 2)];
        check(
          `${n}`,
          [
            { n, values: w, block: Block.Parameters },
            { n, values: g, block: Block.State },
          ],
          ([w, g]) => [Opcode.Sgd, w as number, g as number, n, ...words64(1)],
          [
            {
              of: 0,
              by(net) {
                const expected = doubles(w(net));
                optimizers.sgd(expected, g(net), rateOf(net));
                return kept(expected).map((v, i) => [v, (Math.abs(v) + 3 * rateOf(net) * Math.abs(g(net)[i] as number)) * EPSILON]);
              },
            },
          ],
          rates,
        );
      }
    });

    test.each([false, true])('momentum, nesterov %s', (nesterov) => {
      const mu = Math.fround(0.9);
      for (const n of counts) {
        const [w, g, v] = [drawn(n, 1), drawn(n, 2), drawn(n, 3)];
        const stepped = (net: number) => {
          const [expected, velocity] = [doubles(w(net)), doubles(v(net))];
          optimizers.momentum(expected, g(net), velocity, rateOf(net), mu, nesterov);
          return { expected: kept(expected), velocity: kept(velocity) };
        };
        check(
          `${n}`,
          [
            { n, values: w, block: Block.Parameters },
            { n, values: g, block: Block.State },
            { n, values: v, block: Block.State },
          ],
          ([w, g, v]) => [...[Opcode.Momentum, w, g, v].map((word) => word as number), n, bits(mu), Number(nesterov), ...words64(1)],
          [
            // Terms are at most 2, and round three times.
            { of: 0, by: (net) => stepped(net).expected.map((value) => [value, 12 * EPSILON]) },
            { of: 2, by: (net) => stepped(net).velocity.map((value) => [value, 6 * EPSILON]) },
          ],
          rates,
        );
      }
    });

    test('Adam', () => {
      const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 };
      const constants = [options.beta1, options.beta2, options.epsilon, options.decay, 1].flatMap(words64);
      for (const machine of machines) {
        for (const n of counts) {
          const [w, g] = [drawn(n, 1), drawn(n, 2)];
          const zeros = () => new Float32Array(n);
          machine.clear();
          machine.learningRates = upTo(machine.nets).map((_, net) => rateOf(net));
          const at = machine.tensor(n, w, Block.Parameters);
          const [dw, m, v] = [machine.tensor(n, g, Block.State), machine.tensor(n, zeros, Block.State), machine.tensor(n, zeros, Block.State)];
          const powers = machine.tensor(4, () => [0, 0, 0, 0], Block.State);
          for (let net = 0; net < machine.nets; net += 4)
            machine.core.f64.fill(1, machine.address(powers, net) / 8, machine.address(powers, net) / 8 + 8);
          const words = [Opcode.Adam, at.ref, dw.ref, m.ref, v.ref, powers.ref, n, ...constants, 0];
          for (let step = 0; step < 10; step++) machine.run(words);
          for (let net = 0; net < machine.nets; net++) {
            const [expected, first, second] = [doubles(w(net)), new Float64Array(n), new Float64Array(n)];
            for (let t = 1; t <= 10; t++) optimizers.adam(expected, g(net), first, second, t, { ...options, learningRate: rateOf(net) });
            const actual = machine.read(at, net);
            // Each step moves a parameter by at most about its rate, with some ten roundings.
            expected.forEach((value, i) => {
              const bound = 10 * (12 * rateOf(net) + Math.abs(value) + 1) * 4 * EPSILON;
              expect(close(actual[i], value, bound), `${n}: parameter ${i} of net ${net} is ${actual[i]}, expected ${value}`).toBe(true);
            });
            if (build === 'relaxed') continue;
            single.clear();
            single.learningRate = rateOf(net);
            const refs = [w(net), g(net), zeros(), zeros()].map((values) => single.tensor(values));
            const own = single.tensor(4);
            single.core.f64.set([1, 1], single.address(own) >> 3);
            for (let step = 0; step < 10; step++) single.run([Opcode.Adam, ...refs, own, n, ...constants, 0]);
            expect(bitsOf(actual)).toEqual(bitsOf(single.read(refs[0] as number, n)));
          }
        }
      }
    });

    test('the norm, clipped', () => {
      for (const n of counts) {
        const g = drawn(n, 4, -2, 2);
        const maxNorm = 1;
        check(`${n}`, [{ n, values: g, block: Block.State }], ([g]) => [Opcode.ClipNorm, g as number, n, bits(maxNorm)], [
          {
            of: 0,
            by(net) {
              const expected = doubles(g(net));
              optimizers.clipNorm(expected, maxNorm);
              return kept(expected).map((v) => [v, 2.1 * Math.abs(v) * EPSILON]);
            },
          },
        ]);
      }
    });

    test('y + α·x', () => {
      const alpha = Math.fround(-0.3);
      for (const n of counts) {
        const [y, x] = [drawn(n, 1), drawn(n, 2)];
        check(
          `${n}`,
          [
            { n, values: y, block: Block.State },
            { n, values: x, block: Block.Parameters },
          ],
          ([y, x]) => [Opcode.Axpy, y as number, x as number, n, bits(alpha)],
          [{ of: 0, by: (net) => kept(y(net)).map((v, i) => [v + alpha * (x(net)[i] as number), 2 * EPSILON]) }],
        );
      }
    });
  });

  describe('data', () => {
    test('rows of each net, in an order of its own', () => {
      const [total, rows, position] = [9, 4, 3];
      for (const machine of machines) {
        for (const features of [...upTo(9), 12, 15]) {
          for (const [type, scale, offset] of [
            [DataType.Float32, 1, 0],
            [DataType.Float32, 0.5, -1],
            [DataType.Uint8, Math.fround(1 / 255), 0.25],
            [DataType.Uint32, 1, 0],
          ] as const) {
            for (const ordered of [false, true]) {
              machine.clear();
              const y = machine.tensor(rows * features);
              const data = machine.core.allocate(machine.nets * total * features * 4, 'test');
              const orders = machine.core.allocate(machine.nets * total * 4, 'test');
              const bytes = total * features * 4;
              const value = (net: number, i: number) => (net * 31 + i * 7) % 251;
              const order = (net: number, i: number) => (ordered ? ((i + net) * 5) % total : i);
              for (let net = 0; net < machine.nets; net++) {
                for (let i = 0; i < total * features; i++) {
                  if (type === DataType.Uint8) machine.core.u8[data + net * bytes + i] = value(net, i);
                  else if (type === DataType.Uint32) machine.core.u32[(data + net * bytes) / 4 + i] = value(net, i);
                  else machine.core.f32[(data + net * bytes) / 4 + i] = value(net, i);
                }
                for (let i = 0; i < total; i++) machine.core.u32[orders / 4 + net * total + i] = order(net, i);
              }
              machine.setSources(
                (net) => ({ address: data + net * bytes, type, scale, offset }),
                ordered ? (net) => orders + net * total * 4 : undefined,
              );
              machine.set(Lanes.Position, position);
              machine.run([Opcode.Gather, y.ref, 0, 0, features, type, bits(scale), bits(offset)], rows);
              for (let net = 0; net < machine.nets; net++) {
                const expected = Float32Array.from({ length: rows * features }, (_, i) => {
                  const row = order(net, position + Math.floor(i / features));
                  return Math.fround(value(net, row * features + (i % features)) * scale) + offset;
                });
                const actual = machine.read(y, net);
                if (type === DataType.Uint32) expect(kept(new Uint32Array(actual.buffer))).toEqual(kept(expected));
                else expect(kept(actual), `${features} features of net ${net}`).toEqual(kept(expected));
              }
              machine.core.free(data);
              machine.core.free(orders);
            }
          }
        }
      }
    });

    test('rows joined and taken apart, of one net to four', () => {
      const machine = machines[0] as LaneMachine;
      for (const n of [...upTo(13), 16, 17]) {
        for (const nets of [1, 2, 3, 4]) {
          for (const shared of [false, true]) {
            machine.clear();
            const y = machine.tensor(n);
            const rows = machine.core.allocate(4 * n * 4, 'test');
            const x = filled(4 * n, numbers(n));
            machine.core.f32.set(x, rows >> 2);
            machine.lanes.call((exports) => exports.interleave(machine.address(y), rows, n, shared ? 0 : n * 4, nets));
            machine.checkGuards();
            for (let lane = 0; lane < 4; lane++) {
              const net = shared ? 0 : Math.min(lane, nets - 1);
              expect(kept(machine.read(y, lane))).toEqual(kept(x.subarray(net * n, (net + 1) * n)));
            }
            machine.core.free(rows);
          }
        }
      }
    });

    test('a table of each net, and the sums that go back to it', () => {
      for (const [rows, features, count] of [
        [1, 1, 1],
        [5, 3, 4],
        [9, 8, 2],
        [4, 5, 16],
      ] as const) {
        const [table, dy] = [drawn(count * features, 1), drawn(rows * features, 2)];
        const ids = (net: number) => upTo(rows).map((_, i) => (i * 7 + net) % count);
        check(
          `${rows}×${features} of ${count}`,
          [{ n: rows * features }, { n: count * features, values: table, block: Block.Parameters }, { n: rows, values: ids }],
          ([y, x, ids]) => [Opcode.Embed, y as number, x as number, ids as number, rows, features, count],
          [
            {
              of: 0,
              by: (net) => ids(net).flatMap((id) => upTo(features).map((_, f): Bounded => [table(net)[id * features + f] as number, 0])),
            },
          ],
        );
        check(
          `${rows}×${features} of ${count}, back`,
          [
            { n: count * features, block: Block.State },
            { n: rows * features, values: dy },
            { n: rows, values: ids },
          ],
          ([y, x, ids]) => [Opcode.EmbedBackward, y as number, x as number, ids as number, rows, features, count],
          [
            {
              of: 0,
              by(net) {
                const sums = new Float64Array(count * features);
                ids(net).forEach((id, row) => {
                  for (let f = 0; f < features; f++)
                    sums[id * features + f] = (sums[id * features + f] as number) + (dy(net)[row * features + f] as number);
                });
                return kept(sums).map((v) => [v, rows * rows * EPSILON]);
              },
            },
          ],
        );
      }
    });

    test.each(['a mask', 'normal deviates'])('numbers drawn from the key of each net: %s', (kind) => {
      for (const n of [1, 4, 7, 63, 64, 65, 130]) {
        const key = (net: number) => new Float32Array(Uint32Array.of(1000 + net, 7).buffer);
        // What is expected of the numbers, test/kernels/draw.test.ts says of the single net's.
        check(
          `${n}`,
          [{ n }, { n: 2, values: key }],
          ([y, key]) => [Opcode.Random, y as number, key as number, 1, n, Number(kind !== 'a mask'), bits(2), bits(0.25)],
          [{ of: 0, by: () => [] }],
        );
      }
    });

    test('nets with a number that is not finite', () => {
      for (const machine of machines) {
        for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          for (let net = 0; net < machine.nets; net++) {
            machine.clear();
            const values = machine.tensor(7, (own) => (own === net ? [0, 1, 2, 3, odd, 5, 6] : [0, 1, 2, 3, 4, 5, 3e38]), Block.Parameters);
            const slots = machine.tensor(3, (own) => (own === (net + 1) % machine.nets ? [1, odd, 1] : [1, 1, 1]), Block.State);
            const found = machine.lanes.call((exports) => exports.oddNets(machine.context, machine.address(values), 7, machine.address(slots), 3));
            expect(found).toBe((1 << net) | (1 << ((net + 1) % machine.nets)));
          }
        }
      }
    });
  });
});
