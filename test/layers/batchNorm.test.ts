/** Batch normalisation: what training steps leave in its states, and what they refuse. */
import { batchNorm, dense, load, meanSquaredError, ShapeError, save, sequential, sgd } from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { bitsOf, EPSILON, filled, numbers } from '../kernels/numbers.js';

const rows = 12;
const width = 3;
const x = filled(rows * width, numbers(2));
const y = filled(rows * 2, numbers(3));
const make = (options = {}) =>
  sequential(width, [batchNorm(), dense(2)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 1, ...options });

/** Mean and unbiased variance of the columns of a batch, in float64. */
function statistics(values: Float32Array) {
  const n = values.length / width;
  const column = (j: number) => Array.from({ length: n }, (_, i) => values[i * width + j] as number);
  const mean = Array.from({ length: width }, (_, j) => column(j).reduce((a, b) => a + b, 0) / n);
  const variance = mean.map((m, j) => column(j).reduce((sum, v) => sum + (v - m) ** 2, 0) / (n - 1));
  return { mean, variance };
}

describe.each(builds)('%s', (build) => {
  test('steps move the running statistics as PyTorch says it', () => {
    const net = make({ build });
    const expected = { mean: [0, 0, 0], variance: [1, 1, 1] };
    for (let step = 0; step < 5; step++) {
      const batch = x.map((v) => v * (step + 1) + step);
      net.step(batch, y);
      const found = statistics(batch);
      for (const what of ['mean', 'variance'] as const) expected[what] = expected[what].map((v, j) => 0.9 * v + 0.1 * (found[what][j] as number));
    }
    for (const what of ['mean', 'variance'] as const) {
      net.parameter(`batchNorm1.${what}`).values.forEach((v, j) => {
        expect(Math.abs(v - (expected[what][j] as number))).toBeLessThanOrEqual(50 * EPSILON * Math.abs(expected[what][j] as number));
      });
    }
  });
});

test('predictions, gradients of predictions and evaluations leave them', () => {
  const net = make();
  const before = bitsOf(net.parameter('batchNorm1.mean').values);
  net.predict(x);
  net.evaluate({ x, y });
  net.gradient(x, y);
  expect(bitsOf(net.parameter('batchNorm1.mean').values)).toEqual(before);
});

test('a file has them, and training goes on', () => {
  const net = make();
  net.step(x, y);
  const loaded = load(save(net));
  for (const one of [net, loaded]) one.step(x, y);
  expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
  expect(bitsOf(loaded.parameter('batchNorm1.variance').values)).toEqual(bitsOf(net.parameter('batchNorm1.variance').values));
});

describe('a batch of one row is refused, before anything changes', () => {
  const one = { x: x.slice(0, width), y: y.slice(0, 2) };
  const message = 'a batch of 1 row came, expected at least 2: a batch norm has a variance';
  test.each([
    ['a network', () => make()],
    ['a network from a file', () => load(save(make()))],
  ])('%s', async (_, made) => {
    const net = made();
    const before = [bitsOf(net.parameters), bitsOf(net.parameter('batchNorm1.mean').values)];
    expect(() => net.step(one.x, one.y)).toThrow(new ShapeError(`step: ${message}`));
    expect(() => net.gradient(one.x, one.y)).toThrow(`gradient: ${message}`);
    await expect(net.fit(one)).rejects.toThrow(`fit: ${message}`);
    // The last batch, or the last part of one.
    await expect(net.fit({ x, y }, { batchSize: 11 })).rejects.toThrow('fit: 12 rows leave a batch of 1 row, expected at least 2');
    await expect(net.fit({ x, y }, { batchSize: 5, accumulationSteps: 3 })).resolves.toBeDefined();
    net.reset();
    await expect(net.fit({ x, y }, { batchSize: 1, accumulationSteps: 3 })).rejects.toThrow(`fit: ${message}`);
    expect([bitsOf(net.parameters), bitsOf(net.parameter('batchNorm1.mean').values)]).toEqual(before);
    expect(net.predict(one.x)).toHaveLength(2);
    expect(net.evaluate(one).loss).toBeGreaterThan(0);
  });
});

test.each<[string, () => unknown, string]>([
  ['momentum', () => batchNorm({ momentum: 1.5 }), 'batchNorm: momentum is 1.5, expected a number from 0, up to 1'],
  ['epsilon', () => batchNorm({ epsilon: 0 }), 'batchNorm: epsilon is 0, expected a positive number that float32 holds'],
  ['affine', () => batchNorm({ affine: 1 as never }), 'batchNorm: affine is 1, expected true or false'],
])('%s out of its range is refused', (_, call, message) => {
  expect(call).toThrow(message);
});

test('applied to other widths it is refused', () => {
  const norm = batchNorm();
  expect(() => sequential(3, [norm, dense(5), norm])).toThrow(
    'batchNorm: an input of 5 features came, expected 3, as where this layer was applied first',
  );
});
