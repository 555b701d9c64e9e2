import { afterAll, describe, expect, test } from 'vitest';
import { Opcode, Ref } from '../../assembly/opcodes.js';
import { linear } from '../oracle/linear.js';
import { bits, builds, Machine } from './machine.js';
import { difference, KC } from './multiply.js';
import { close, EPSILON, filled, numbers } from './numbers.js';

const shapes: [number, number, number][] = [
  ...Array.from({ length: 19 }, (_, i): [number, number, number] => [1 + (i % 6), i + 1, 2 + i]),
  [4, 8, 2],
  [4, 1, 8],
  [1, 16, 4],
  [1, 3, 16],
  [32, 10, 128],
  [33, 129, 65],
  [7, 31, KC + 1],
];

describe.each(builds)('linear, %s build', (build) => {
  const machine = new Machine(build);
  afterAll(() => machine.free());

  function run(
    x: Float32Array,
    w: Float32Array,
    b: Float32Array | undefined,
    [m, n, k]: readonly number[],
    activation: Opcode,
    shift = 0,
  ): Float32Array {
    machine.clear();
    const [xs, ws] = [machine.tensor(x, shift), machine.tensor(w, (shift * 3) % 4)];
    const bs = b ? machine.tensor(b, (shift * 2) % 4) : Ref.None;
    const u = machine.tensor((m as number) * (n as number), shift);
    machine.run([Opcode.Linear, u, xs, ws, bs, m as number, n as number, k as number, activation, bits(0.25), bits(0.75), Ref.None]);
    return machine.read(u, (m as number) * (n as number));
  }

  test('x·wᵀ + b within (k + 2)·ε', () => {
    for (const [i, shape] of shapes.entries()) {
      const [m, n, k] = shape;
      const next = numbers(i);
      const [x, w, b] = [filled(m * k, next), filled(n * k, next), i % 4 ? filled(n, next) : undefined];
      const expected = linear(x, w, b, m, n, k);
      const z = run(x, w, b, shape, Opcode.Copy, i % 4);
      const roundings = (k + Math.ceil(k / KC) + 1) * 1.01;
      for (let e = 0; e < m * n; e++) {
        const bound = roundings * EPSILON * (expected.magnitude[e] as number);
        if (!close(z[e], expected.value[e] as number, bound)) throw new Error(`${shape}: element ${e} is ${z[e]}, expected ${expected.value[e]}`);
      }
    }
  });

  test.each([
    ['Copy', Opcode.Copy],
    ['Affine', Opcode.Affine],
    ['Sigmoid', Opcode.Sigmoid],
    ['Tanh', Opcode.Tanh],
    ['Relu', Opcode.Relu],
    ['LeakyRelu', Opcode.LeakyRelu],
    ['Softplus', Opcode.Softplus],
    ['Clip', Opcode.Clip],
  ] as const)('the bits of gemm, a sum with the bias and %s', (_, activation) => {
    for (const [i, shape] of shapes.entries()) {
      const [m, n, k] = shape;
      const next = numbers(100 + i);
      const [x, w, b] = [filled(m * k, next), filled(n * k, next), filled(n, next)];
      const z = run(x, w, undefined, shape, Opcode.Copy).map((value, e) => Math.fround(value + (b[e % n] as number)));
      machine.clear();
      const [zs, us] = [machine.tensor(z), machine.tensor(m * n)];
      machine.run([activation, us, zs, m * n, bits(0.25), bits(0.75)]);
      const expected = machine.read(us, m * n);
      expect(difference(run(x, w, b, shape, activation, i % 4), expected), `${shape}`).toBeUndefined();
    }
  });

  test('packed weights give the bits of weights as they are', () => {
    const packable = [...shapes, [2, 257, 9], [3, 130, 2 * KC], [6, 8, KC - 1], [65, 70, KC + 1], [300, 10, 40], [2, 3, 0]] as const;
    for (const [i, shape] of packable.entries()) {
      const [m, n, k] = shape;
      const next = numbers(200 + i);
      const [x, w, b] = [filled(m * k, next), filled(n * k, next), filled(n, next)];
      const expected = run(x, w, b, shape, Opcode.Relu);
      machine.clear();
      const shift = i % 4;
      const [xs, ws, bs] = [machine.tensor(x, shift), machine.tensor(w, (shift * 3) % 4), machine.tensor(b)];
      const { exports } = machine.core;
      const size = exports.packedSize(n, k);
      const panels = machine.tensor(size);
      exports.packWeights(machine.address(panels), machine.address(ws), n, k);
      const u = machine.tensor(m * n, shift);
      machine.run([Opcode.Linear, u, xs, ws, bs, m, n, k, Opcode.Relu, bits(0.25), bits(0.75), panels]);
      expect(difference(machine.read(u, m * n), expected), `${shape}`).toBeUndefined();
      // every place of the panels was written
      expect(machine.read(panels, size).every(Number.isFinite)).toBe(true);
      expect(size).toBe(k * Math.ceil(n / 8) * 8);
    }
  });

  test('a NaN or an infinity stays in its row', () => {
    const [m, n, k] = [9, 11, 13];
    const next = numbers(3);
    const [x, w, b] = [filled(m * k, next), filled(n * k, next), filled(n, next)];
    const clean = run(x, w, b, [m, n, k], Opcode.Relu);
    x[4 * k + 2] = Number.NaN;
    x[6 * k + 3] = Number.POSITIVE_INFINITY;
    const result = run(x, w, b, [m, n, k], Opcode.Relu);
    const expected = linear(x, w, b, m, n, k).value;
    for (let e = 0; e < m * n; e++) {
      const row = Math.floor(e / n);
      if (row === 4) expect(result[e]).toBeNaN();
      else if (row === 6) expect(result[e]).toBe(Math.max(expected[e] as number, 0));
      else expect(result[e]).toBe(clean[e]);
    }
  });
});
