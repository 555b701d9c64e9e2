import {
  type ActivationName,
  activations,
  adam,
  add,
  batchNorm,
  dense,
  dropout,
  input,
  load,
  meanSquaredError,
  mul,
  NeuriteError,
  type Node,
  network,
  parameter,
  ShapeError,
  save,
  scale,
  sequential,
  sgd,
  shift,
  slice,
  square,
  sub,
  sum,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { derivative, inputHessian, jacobian } from 'neurite/derivatives';
import { population } from 'neurite/population';
import { inWorker } from 'neurite/worker';
import { describe, expect, test } from 'vitest';
import { channel } from '../worker/channel.js';

const rows = [
  [0.3, -0.7],
  [-1.1, 0.4],
  [0.9, 1.3],
];

/** The largest difference of two lists of numbers, by the largest number of the second. */
function off(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - (found[i] as number)) / size));
}

describe('derivative as a node', () => {
  test.each(Object.keys(activations) as ActivationName[])('is the first and the second derivative of a network of %s', (activation) => {
    const x = input(2, 'x');
    const hidden = dense(6, activation)(x);
    const u = dense(1)(dense(5, activation)(hidden));
    const du = derivative(u, x);
    // ∂/∂x of Σ ∂u/∂x is the sum of the Hessian's rows.
    // An output is made of an input, also where the slope is one number.
    const anchored = (slope: Node) => add(slope, scale(x, 0));
    const net = network({ inputs: x, outputs: [u, anchored(du), anchored(derivative(add(sum(du), scale(u, 0)), x))], seed: 3 });
    const only = network({ inputs: x, outputs: u, parametersOf: net });
    const [, first, second] = net.predict(rows) as [number[][], number[][], number[][]];
    expect(off(first.flat(), jacobian(only, rows))).toBeLessThan(2e-6);
    const hessian = inputHessian(only, rows);
    const sums = rows.flatMap((_, row) => [0, 1].map((j) => (hessian[4 * row + j] as number) + (hessian[4 * row + 2 + j] as number)));
    expect(off(second.flat(), sums)).toBeLessThan(1e-5);
  });

  test('makes losses, penalties and layers that have right gradients, and files that give the same bits', () => {
    const residual = (u: Node, x: Node) => add(sum(derivative(sum(derivative(u, x)), x)), u);
    const x = input(2, 'x');
    const u = dense(1)(dense(8, 'tanh')(x));
    const byPenalty = network({ inputs: x, outputs: u, loss: meanSquaredError(), penalty: square(residual(u, x)), optimizer: adam(), seed: 1 });
    const byLoss = network({ inputs: x, outputs: u, loss: (_, t) => square(sub(residual(u, x), t)), optimizer: sgd(), seed: 1 });
    const byLayers = sequential(2, [dense(8, 'tanh'), dense(1)], {
      loss: meanSquaredError(),
      // A gradient penalty: the slope's norm shall be 1.
      penalty: (layers) => {
        const slope = derivative((layers.at(-1) as { output: Node }).output, (layers[0] as { input: Node }).input);
        return square(shift(sum(square(slope)), -1));
      },
      optimizer: adam(),
      seed: 1,
    });
    const y = [[0.2], [-0.4], [1]];
    for (const net of [byPenalty, byLoss, byLayers]) {
      const check = checkGradients(net, rows, y, { entries: Infinity });
      expect(check.passed, check.toString()).toBe(true);
      const loaded = load(save(net));
      for (let i = 0; i < 3; i++) expect(loaded.step(rows, y)).toBe(net.step(rows, y));
      expect(loaded.parameters).toEqual(net.parameters);
    }
  });

  test('goes to a worker and into a population as part of a loss', async () => {
    const make = (seed: number) =>
      sequential(2, [dense(4, 'tanh'), dense(1)], {
        loss: meanSquaredError(),
        penalty: ([first, last]) => square(slice(derivative((last as { output: Node }).output, (first as { input: Node }).input), 0, 1)),
        optimizer: adam(),
        seed,
        reproducible: true,
      });
    const y = [[1], [0], [2]];
    const here = make(1);
    const there = await inWorker(make(1), { worker: channel() });
    const pair = population(make(1), 2, { seeds: [1, 2] });
    const loss = here.step(rows, y);
    expect(await there.step(rows, y)).toBe(loss);
    expect(Array.from(pair.step(rows, y))[0]).toBe(loss);
    await there.dispose();
  });

  test('follows the mode of layers that differ in training', () => {
    const x = input(2, 'x');
    const u = dense(1)(dropout(0.5)(dense(6, 'tanh')(x)));
    const net = network({
      inputs: x,
      outputs: u,
      loss: meanSquaredError(),
      penalty: square(sum(derivative(u, x))),
      optimizer: adam(),
      seed: 2,
    });
    const y = [[1], [0], [2]];
    const predicted = net.evaluate({ x: rows, y }).loss;
    const slope = network({ inputs: x, outputs: derivative(u, x), parametersOf: net });
    expect(off(slope.predict(rows).flat(), jacobian(net, rows))).toBeLessThan(2e-6);
    expect(slope.predict(rows, { training: true })).not.toEqual(slope.predict(rows));
    const trained = net.step(rows, y);
    expect(trained).not.toBe(predicted);
    expect(Number.isFinite(trained)).toBe(true);
    const check = checkGradients(net, rows, y);
    expect(check.passed, check.toString()).toBe(true);
  });

  test('is derived again behind layers that differ in training, to an inner node too', () => {
    const x = input(1, 'x');
    const h = dense(1)(dropout(0.5)(x));
    const u = square(square(h)); // h⁴
    const once = derivative(u, h);
    const outputs = [h, once, derivative(add(once, u), h), derivative(once, h)];
    const net = network({ inputs: x, outputs, seed: 3 });
    for (const training of [false, true]) {
      const [hs, ones, mixed, twice] = net.predict([[0.7], [-1.3], [2]], { training }).map((rows) => (rows as number[][]).flat()) as number[][];
      const close = (found: number[] | undefined, of: (h: number) => number) =>
        found?.forEach((value, i) => {
          const expected = of(hs?.[i] as number);
          expect(Math.abs(value - expected)).toBeLessThanOrEqual(16 * 2 ** -24 * Math.abs(expected) + 1e-30);
        });
      close(ones, (h) => 4 * h ** 3);
      close(mixed, (h) => 12 * h ** 2 + 4 * h ** 3);
      close(twice, (h) => 12 * h ** 2);
    }
  });

  test('behind a batch norm, a network keeps its layers and their statistics', () => {
    const x = input(2, 'x');
    const u = dense(1, 'tanh')(batchNorm()(x));
    const net = network({ inputs: x, outputs: derivative(u, x), loss: meanSquaredError(), optimizer: adam() });
    expect(net.layers.map(({ kind }) => kind)).toEqual(['batchNorm', 'dense']);
    const mean = () => Array.from(net.parameter('batchNorm1.mean').values as Float32Array);
    expect(mean()).toEqual([0, 0]);
    net.step(rows, [
      [1, 1],
      [0, 0],
      [1, 0],
    ]);
    expect(mean()).not.toEqual([0, 0]);
  });

  test('is 0 where a slope is', () => {
    const x = input(2, 'x');
    const net = network({ inputs: x, outputs: [mul(derivative(dense(1, 'heaviside')(x), x), x), dense(1)(x)] });
    expect(
      net
        .predict(rows)[0]
        ?.flat()
        .every((value) => value === 0),
    ).toBe(true);
  });

  test('refuses what has none, and says what to take', () => {
    const x = input(2, 'x');
    const u = dense(1)(x);
    expect(() => derivative(dense(3)(x), x)).toThrow(
      new ShapeError('derivative: y is add [rows, 3], expected [rows, 1]; slice(y, k, k + 1) is one of several features, sum(y) all of them'),
    );
    expect(() => derivative(u, slice(x, 0, 1))).toThrow(/^derivative: add \[rows, 1\] is not made of slice \[rows, 1\], .* slice\(derivative/);
    expect(() => derivative(u, input(2, 'another'))).toThrow(/is not made of another \[rows, 2\]/);
    expect(() => derivative(u, parameter(2))).toThrow(new ShapeError('derivative: x is parameter [2], expected [rows, features]'));
    expect(() => derivative(3 as never, x)).toThrow(/^derivative: operand 0 is 3, expected a node/);
    expect(() => derivative(u, x)).not.toThrow(NeuriteError);
  });
});
