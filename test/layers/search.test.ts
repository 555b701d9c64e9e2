/** Layers under an optimizer that evaluates the loss as often as it needs: what they say of training holds for each of its steps. */
import {
  batchNorm,
  checkpoint,
  dense,
  dropout,
  gaussianNoise,
  type Layer,
  layerNorm,
  lbfgs,
  load,
  meanSquaredError,
  restore,
  save,
  sequential,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { bitsOf, EPSILON, filled, numbers } from '../kernels/numbers.js';

const rows = 30;
const x = filled(rows * 3, numbers(1));
const y = filled(rows * 2, numbers(2));
const wholly = { epochs: 4, batchSize: rows };
const make = (...layers: Layer[]) => sequential(3, [...layers, dense(2)], { loss: meanSquaredError(), optimizer: lbfgs(), seed: 2 });
const random = () => make(dense(8, 'tanh'), dropout(0.3), gaussianNoise(0.1), dense(4));
const optimizers = { optimizers: [lbfgs] };

test('what is not trainable keeps its bits, and the loss falls', async () => {
  const made = () => make(dense(8, 'tanh', { trainable: false }), layerNorm()).setTrainable('layerNorm1.gains', false);
  const [fitted, stepped] = [made(), made()];
  const before = fitted.parameters.slice();
  const loss = fitted.evaluate({ x, y }).loss;
  await fitted.fit({ x, y }, wholly);
  for (let step = 0; step < 4; step++) stepped.step(x, y);
  for (const net of [fitted, stepped]) {
    const end = net.parameter('layerNorm1.offsets').offset;
    expect(bitsOf(net.parameters.slice(0, end))).toEqual(bitsOf(before.slice(0, end)));
    expect(net.evaluate({ x, y }).loss).toBeLessThan(loss);
  }
});

test('no unit has weights beyond the largest norm', async () => {
  const made = () => make(dense(8, 'tanh', { maxNorm: 0.3 }));
  const [fitted, stepped, loaded] = [made(), made(), load(save(made()), optimizers)];
  await fitted.fit({ x, y }, wholly);
  for (let step = 0; step < 4; step++) {
    stepped.step(x, y);
    loaded.step(x, y);
  }
  for (const net of [fitted, stepped, loaded]) {
    const weights = net.parameter('dense1.weights').values;
    const norms = Array.from({ length: 8 }, (_, unit) => Math.hypot(...weights.slice(3 * unit, 3 * unit + 3)));
    expect(Math.max(...norms)).toBeLessThanOrEqual(0.3 * (1 + 4 * EPSILON));
    expect(Math.max(...norms)).toBeGreaterThan(0.29);
  }
  expect(bitsOf(loaded.parameters)).toEqual(bitsOf(stepped.parameters));
  // What is frozen is not shortened either.
  const frozen = make(dense(8, 'tanh', { maxNorm: 0.3, trainable: false }));
  const before = bitsOf(frozen.parameter('dense1.weights').values);
  frozen.step(x, y);
  expect(bitsOf(frozen.parameter('dense1.weights').values)).toEqual(before);
});

describe('what is drawn follows from the step', () => {
  test('whatever is evaluated between steps', async () => {
    const more = { x: filled(1000 * 3, numbers(3)), y: filled(1000 * 2, numbers(4)) };
    const [alone, watched, stepped] = [random(), random(), random()];
    await alone.fit({ x, y }, wholly);
    await watched.fit({ x, y }, { ...wholly, validationData: more });
    for (let step = 0; step < 4; step++) {
      stepped.evaluate(more, { training: true });
      stepped.step(x, y);
    }
    expect(bitsOf(watched.parameters)).toEqual(bitsOf(alone.parameters));
    expect(bitsOf(stepped.parameters)).toEqual(bitsOf(alone.parameters));
  });

  test('and goes on from a checkpoint, with the running statistics', async () => {
    const made = () => make(dense(8, 'tanh'), dropout(0.3), batchNorm());
    const [whole, half] = [made(), made()];
    await whole.fit({ x, y }, wholly);
    await half.fit({ x, y }, { ...wholly, epochs: 2 });
    const rest = restore(checkpoint(half), optimizers);
    await rest.fit({ x, y }, { ...wholly, epochs: 2 });
    expect(bitsOf(rest.parameters)).toEqual(bitsOf(whole.parameters));
    for (const name of ['batchNorm1.mean', 'batchNorm1.variance'])
      expect(bitsOf(rest.parameter(name).values)).toEqual(bitsOf(whole.parameter(name).values));
  });
});

test('a batch of one row has no variance', () => {
  expect(() => make(batchNorm()).step(x.slice(0, 3), y.slice(0, 2))).toThrow('step: a batch of 1 row came, expected at least 2');
});
