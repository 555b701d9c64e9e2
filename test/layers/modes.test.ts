/** `{ training: true }`: what layers do in training steps, asked for elsewhere. */
import { accuracy, batchNorm, crossEntropy, dense, dropout, gaussianNoise, meanSquaredError, rmse, ShapeError, sequential, sgd } from 'neurite';
import { hessian, hvp, inputGradient, perSampleGradients } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { bitsOf, EPSILON, filled, numbers } from '../kernels/numbers.js';

const rows = 40;
const x = filled(rows * 3, numbers(1));
const y = filled(rows * 2, numbers(2));
const make = () =>
  sequential(3, [dense(8, 'tanh'), batchNorm(), dropout(0.5), dense(2)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0 }), seed: 2 });

describe('predict', () => {
  test('drops otherwise in each call, and leaves the network as it is', () => {
    const net = make();
    const before = bitsOf(net.parameter('batchNorm1.mean').values);
    const [plain, one, two] = [net.predict(x), net.predict(x, { training: true }), net.predict(x, { training: true })];
    expect(one).not.toEqual(two);
    expect(one).not.toEqual(plain);
    expect(net.predict(x, { training: false })).toEqual(plain);
    expect(net.predict(x)).toEqual(plain);
    expect(bitsOf(net.parameter('batchNorm1.mean').values)).toEqual(before);
    expect(make().predict(x, { training: true })).toEqual(one);
  });

  test('has the mean of predictions without dropout, about', () => {
    const net = sequential(3, [dropout(0.5), dense(2)], { seed: 1 });
    const mean = new Float64Array(rows * 2);
    const calls = 2000;
    for (let i = 0; i < calls; i++) net.predict(x, { training: true }).forEach((v, j) => (mean[j] = (mean[j] as number) + v / calls));
    const plain = net.predict(x);
    // A dropped input of size 1 and a weight of size 1 deviate by 1.
    mean.forEach((v, j) => expect(Math.abs(v - (plain[j] as number))).toBeLessThan((6 * 2) / Math.sqrt(calls)));
  });

  test('gives lists of rows for lists of rows, and refuses what is no option', () => {
    const net = sequential(3, [dropout(0.5), dense(2)]);
    expect(net.predict([[1, 2, 3]], { training: true })[0]).toHaveLength(2);
    expect(() => net.predict(x, { training: 1 } as never)).toThrow('predict: training is 1, expected true or false');
    expect(() => net.predict(x, { mode: 'training' } as never)).toThrow('predict: there is no option "mode"');
    expect(() => make().predict([1, 2, 3], { training: true })).toThrow(ShapeError);
  });
});

describe('evaluate', () => {
  test('is of the training graph, with metrics of its outputs, to the same numbers in slices', async () => {
    const net = make();
    const found = net.evaluate({ x, y }, { training: true, metrics: [rmse] });
    expect(found.loss).not.toBe(net.evaluate({ x, y }).loss);
    // Of one output node and a mean over elements, the metric is the root of the loss: both saw the same numbers.
    expect(Math.abs(found.rmse ** 2 - found.loss)).toBeLessThan(1e-5 * found.loss);
    expect(await net.evaluateAsync({ x, y }, { training: true, metrics: [rmse] })).toEqual(found);
    expect(() => net.evaluate({ x, y }, { training: 'yes' as never })).toThrow('evaluate: training is "yes", expected true or false');
    const ids = new Uint8Array(rows);
    const classifier = sequential(3, [dropout(0.9), dense(2, 'softmax')], { loss: crossEntropy() });
    const judged = classifier.evaluate({ x, y: ids }, { training: true, metrics: [accuracy] });
    expect(typeof judged.accuracy).toBe('number');
  });
});

describe('evaluate of more rows than a batch', () => {
  const many = 20_000;
  const data = { x: filled(many * 3, numbers(3)), y: filled(many * 2, numbers(4)) };
  const noisy = () => sequential(3, [dense(8, 'tanh'), dropout(0.5), dense(2)], { loss: meanSquaredError(), seed: 2 });

  test('draws the same for the loss and for metrics', () => {
    const found = noisy().evaluate(data, { training: true, metrics: [rmse] });
    expect(Math.abs(found.rmse ** 2 - found.loss)).toBeLessThan(1e-5 * found.loss);
  });

  test('draws the same however it is cut', async () => {
    const net = noisy();
    const found = net.evaluate(data, { training: true });
    // Data above the budget run in chunks, an asynchronous evaluation in slices.
    expect(net.evaluate({ ...data, budget: 0 }, { training: true })).toEqual(found);
    expect(await net.evaluateAsync(data, { training: true })).toEqual(found);
    expect(await net.evaluateAsync({ ...data, budget: 0 }, { training: true })).toEqual(found);
  });

  test('draws otherwise for each batch', () => {
    const row = data.x.slice(0, 3);
    const same = { x: Float32Array.from({ length: 512 * 3 }, (_, i) => row[i % 3] as number), y: new Float32Array(512 * 2) };
    const net = noisy();
    const half = { x: same.x.slice(0, 256 * 3), y: same.y.slice(0, 256 * 2) };
    expect(net.evaluate(same, { training: true }).loss).not.toBe(net.evaluate(half, { training: true }).loss);
  });

  test('refuses a last batch without a variance', async () => {
    const net = make();
    const expected = 'expected at least 2: a batch norm has a variance';
    for (const n of [1, 257]) {
      const message = `${n > 1 ? '257 rows leave a batch of 1 row' : 'a batch of 1 row came'}, ${expected}`;
      const few = { x: data.x.slice(0, 3 * n), y: data.y.slice(0, 2 * n) };
      expect(() => net.evaluate(few, { training: true })).toThrow(new ShapeError(`evaluate: ${message}`));
      await expect(net.evaluateAsync(few, { training: true })).rejects.toThrow(`evaluateAsync: ${message}`);
      expect(net.evaluate(few).loss).toBeGreaterThan(0);
    }
  });
});

test('the mean of the gradients of rows is the gradient of the batch, of what is drawn for it', () => {
  const net = sequential(3, [dense(8, 'tanh'), dropout(0.5), gaussianNoise(0.2), dense(2)], {
    loss: meanSquaredError(),
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 2,
  });
  for (let step = 0; step < 2; step++) {
    const n = net.parameterCount;
    const each = perSampleGradients(net, x, y, { training: true });
    net.gradient(x, y);
    const size = Math.max(...net.gradients.map(Math.abs));
    net.gradients.forEach((v, i) => {
      let mean = 0;
      for (let row = 0; row < rows; row++) mean += (each[row * n + i] as number) / rows;
      expect(Math.abs(mean - v)).toBeLessThanOrEqual(rows * EPSILON * size);
    });
    net.step(x, y);
  }
});

describe('derivatives of the loss', () => {
  test('are those of the next step', () => {
    const net = make();
    const loss = net.gradient(x, y);
    const g = net.gradients.slice();
    const n = net.parameterCount;
    const v = filled(n, numbers(7));
    const h = hessian(net, x, y, { training: true });
    const product = Float64Array.from({ length: n }, (_, i) => v.reduce((sum, vj, j) => sum + (h[i * n + j] as number) * vj, 0));
    const size = Math.max(...product.map(Math.abs));
    hvp(net, x, y, v, { training: true }).forEach((found, i) =>
      expect(Math.abs(found - (product[i] as number))).toBeLessThanOrEqual(1e3 * EPSILON * size),
    );
    // Along the gradient the loss changes by its square: one small step tells, of the same drawn numbers.
    const dx = inputGradient(net, x, y, { training: true }) as Float32Array;
    const step = 1e-2;
    const change = filled(rows * 3, numbers(8));
    const moved = net.gradient(
      x.map((value, i) => value + step * (change[i] as number)),
      y,
    );
    const expected = change.reduce((sum, c, i) => sum + c * (dx[i] as number), 0) * step;
    expect(Math.abs(moved - loss - expected)).toBeLessThan(0.1 * Math.abs(expected) + 1e-4);
    expect(bitsOf(net.gradients)).not.toEqual(bitsOf(g));
    expect(() => perSampleGradients(net, x, y, { training: true })).toThrow('perSampleGradients: a batch of 1 row came, expected at least 2');
    expect(() => hessian(net, x, y, { training: 2 as never })).toThrow('hessian: training is 2, expected true or false');
  });
});
