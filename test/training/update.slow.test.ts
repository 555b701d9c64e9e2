import {
  adam,
  decayMatrices,
  dense,
  input,
  load,
  meanSquaredError,
  type Network,
  NotFiniteError,
  network,
  type Optimizer,
  save,
  sequential,
  sgd,
  sqrt,
  square,
  squaredError,
  sum,
  zeros,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { optimizers as vocabulary } from '../vocabulary.js';

const optimizers: [string, Optimizer][] = [
  ['plain descent', sgd()],
  ['descent with decay', sgd({ weightDecay: 0.1 })],
  ['descent with clipping', sgd({ clipNorm: 1e30 })],
  ['groups', sgd({ momentum: 0.5, groups: decayMatrices([{ parameters: 'dense1', learningRateFactor: 2, weightDecay: 0.1 }]) })],
  ['clipped by the norm of each parameter', sgd({ clipParameterNorm: 1e30 })],
  ...vocabulary.flatMap(({ variants }) => variants.map(([label, optimizer]): [string, Optimizer] => [label, optimizer])),
];

/** The state a step must leave as it was. */
const state = (net: Network) => Buffer.from(save(net, { optimizerState: true })).toString('base64');

describe.each(builds)('%s', (build) => {
  describe.each(optimizers)('an update that would spoil a parameter is not done: %s', (_, optimizer) => {
    const line = (options = {}) => sequential(1, [dense(1, { init: zeros })], { loss: squaredError({ scale: 1e-20 }), optimizer, build, ...options });

    test('by step', () => {
      const net = line();
      net.step([[1]], [[1]]);
      const before = state(net);
      // The loss is 1e19²·1e-20 a row; the gradient of the weight −2·1e19·1e-20·3e38 a row, beyond float32 also times a rate of 0.01.
      const rows = 4000;
      const x = new Float32Array(rows).fill(3e38);
      const y = new Float32Array(rows).fill(1e19);
      const call = () => net.step(x, y);
      if (optimizer.name === 'sgd') {
        expect(call).toThrow(NotFiniteError);
        expect(state(net)).toBe(before);
      } else {
        // Adam divides by the gradient's size: finite, or refused.
        try {
          call();
        } catch (error) {
          expect(error).toBeInstanceOf(NotFiniteError);
          expect(state(net)).toBe(before);
        }
      }
      expect(net.parameters.every(Number.isFinite)).toBe(true);
      net.step([[1]], [[1]]);
      expect(net.parameters.every(Number.isFinite)).toBe(true);
      net.dispose();
    });

    test.each([
      ['a small network', 4],
      ['a large one', 600],
    ])('in fit, wherever it comes, and all before it is done: %s', async (_, units) => {
      // Two hidden layers of 600 units have more numbers than are copied before each slice.
      const rows = 40;
      for (const bad of [0, 17, 39]) {
        const x = Float32Array.from({ length: rows * units }, (_, i) => (((i * 7919) % 101) - 50) / 500);
        const y = Float32Array.from({ length: rows }, (_, i) => Math.sin(i));
        const make = () => sequential(units, [dense(units, 'tanh'), dense(1)], { loss: squaredError({ scale: 1e-25 }), optimizer, build, seed: 3 });
        const net = make();
        const twin = make();
        x.fill(3e38, bad * units, bad * units + units);
        y[bad] = 1e30;
        // The infinite gradient comes from the target: 1e30 · 2e-25 times an activation, scaled by a rate that makes it overflow.
        const learningRate = (_epoch: number, step: number) => (step === bad ? 3e38 : 0.01);
        const fit = net.fit({ x, y }, { batchSize: 1, shuffle: false, learningRate });
        const outcome = await fit.then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(net.parameters.every(Number.isFinite)).toBe(true);
        if (optimizer.name === 'sgd') expect(outcome).toBeInstanceOf(NotFiniteError);
        if (outcome) {
          expect((outcome as NotFiniteError).step).toBe(bad + 1);
          for (let i = 0; i < bad; i++) twin.step(x.slice(i * units, (i + 1) * units), y.slice(i, i + 1), { learningRate: 0.01 });
          expect(Buffer.from(net.parameters.slice().buffer).equals(Buffer.from(twin.parameters.slice().buffer))).toBe(true);
        }
        net.dispose();
        twin.dispose();
      }
    });
  });

  describe('what earlier steps left in the optimizer', () => {
    const one = (optimizer: Optimizer) => sequential(1, [dense(1, { init: zeros, bias: false })], { loss: meanSquaredError(), optimizer, build });

    test.each([
      ['momentum', sgd({ momentum: 0.9 })],
      ['adam', adam()],
    ])('a gradient of 0 under an enormous rate is no small update: %s', (_, optimizer) => {
      const net = one(optimizer);
      net.step([[1]], [[5]]);
      net.step([[1]], [[5]]);
      for (let i = 0; i < 10; i++) {
        try {
          net.step([[0]], [[0]], { learningRate: 3e38 });
        } catch (error) {
          expect(error).toBeInstanceOf(NotFiniteError);
        }
        expect(net.parameters.every(Number.isFinite)).toBe(true);
      }
      expect(() => net.step([[0]], [[0]], { learningRate: 1e39 })).toThrow('learningRate is 1e+39');
      net.dispose();
    });

    test('a large velocity is known after fit, and after load', async () => {
      const net = one(sgd({ momentum: 0.9 }));
      await net.fit({ x: [1e18], y: [1e17] }, { learningRate: 0 });
      const loaded = load(save(net, { optimizerState: true }), { build });
      for (const each of [net, loaded]) {
        for (let i = 0; i < 3; i++) {
          try {
            each.step([[0]], [[0]], { learningRate: 100 });
          } catch (error) {
            expect(error).toBeInstanceOf(NotFiniteError);
          }
          expect(each.parameters.every(Number.isFinite)).toBe(true);
        }
        each.dispose();
      }
    });
  });

  test('timestamps as inputs: Adam refuses what its state cannot hold, and nothing is spoilt', async () => {
    const n = 64;
    const x = Float64Array.from({ length: n }, (_, i) => 1.7e12 + i * 864e5);
    const y = Float64Array.from({ length: n }, (_, i) => 1e9 + 1e7 * i);
    const net = sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: adam(), build });
    // PyTorch's mean of squares becomes infinite here, which stops its parameter for good without a word.
    const before = net.parameters.slice();
    await expect(net.fit({ x, y }, { epochs: 2 })).rejects.toThrow("would make a parameter or the optimizer's state NaN or infinite");
    expect(net.parameters).toEqual(before);
    // Where the squares fit float32, it moves on.
    expect(Number.isFinite(await net.fit({ x: x.map((v) => v / 1e6), y: y.map((v) => v / 1e3) }, { epochs: 2 }).then((h) => h.epochs[1]?.loss))).toBe(
      true,
    );
    net.dispose();
  });

  test('a gradient that is NaN under a finite loss: √Σz² at 0', () => {
    const x = input(2);
    const net = network({
      inputs: x,
      outputs: sqrt(sum(square(dense(3, { init: zeros })(x)))),
      loss: meanSquaredError(),
      optimizer: sgd(),
      build,
    });
    expect(() => net.step([[1, 2]], [[1]])).toThrow("the update would make a parameter or the optimizer's state NaN or infinite");
    expect(net.parameters.every((v) => v === 0)).toBe(true);
    net.dispose();
  });

  test('one weight, one row, a product that overflows', () => {
    const net = sequential(1, [dense(1, { init: zeros, bias: false })], { loss: meanSquaredError(), optimizer: sgd(), build });
    expect(() => net.step([[1e30]], [[1e15]])).toThrow(NotFiniteError);
    expect([...net.parameters]).toEqual([0]);
    net.dispose();
  });
});
