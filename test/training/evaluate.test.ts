/** An evaluation counts every row, whatever the loss of another; and gives back what it took, however it ends. */
import { binaryCrossEntropy, crossEntropy, dense, type EvaluateOptions, type Metric, meanSquaredError, type Network, sequential } from 'neurite';
import { describe, expect, test } from 'vitest';

const rows = 1000;

/** One logit a class, each the input itself. */
function passing(width: number): Network {
  const net = sequential(width, [dense(width, 'softmax', { bias: false })], { loss: crossEntropy(), build: 'simd' });
  net.parameters.set(Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0)));
  return net;
}

describe('a row whose loss is not finite', () => {
  test.each([0, 300, 999])('row %i: an overflowing loss is Infinity, and the accuracy counts all others', async (odd) => {
    const net = sequential(1, [dense(1, 'identity', { bias: false })], { loss: meanSquaredError() });
    net.parameters.set([1]);
    const x = new Float32Array(rows).fill(1);
    x[odd] = 1e30;
    const data = { x, y: new Float32Array(rows) };
    expect(net.evaluate(data)).toEqual({ loss: Number.POSITIVE_INFINITY, accuracy: undefined });
    expect(net.evaluate({ ...data, budget: 0 }).loss).toBe(Number.POSITIVE_INFINITY);
    expect((await net.evaluateAsync(data)).loss).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([0, 300, 999])('row %i: one that is NaN is decided wrongly, and 999 of 1000 are right', async (odd) => {
    const net = passing(2);
    // An infinite weight times 0 is NaN.
    net.parameters.set([Number.POSITIVE_INFINITY], 1);
    const x = Float32Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? -3 : 2));
    x[2 * odd + 1] = 0;
    const ids = new Uint8Array(rows).fill(0);
    const { loss, accuracy } = net.evaluate({ x, y: ids });
    expect(Number.isFinite(loss)).toBe(false);
    expect(net.evaluate({ x, y: ids.fill(0) }).accuracy).toBe(accuracy);
    const twin = passing(2);
    twin.parameters.set([Number.POSITIVE_INFINITY], 1);
    const alone = Array.from({ length: rows }, (_, i) => twin.evaluate({ x: x.subarray(2 * i, 2 * i + 2), y: [0] }).accuracy as number);
    expect(accuracy).toBe(alone.reduce((sum, right) => sum + right, 0) / rows);
    const history = await net.evaluateAsync({ x, y: ids });
    expect(history.accuracy).toBe(accuracy);
  });

  test('a certain mistake beside right decisions: a loss of Infinity, an accuracy of 0.999', async () => {
    // The probability of the right class is 0 for one row only: log 0.
    const net = sequential(1, [dense(1, 'sigmoid', { bias: false })], { loss: binaryCrossEntropy() });
    net.parameters.set([3e38]);
    const x = new Float32Array(rows).fill(1);
    const y = new Float32Array(rows).fill(1);
    x[700] = -2;
    const { loss, accuracy } = net.evaluate({ x, y });
    expect([loss, accuracy]).toEqual([Number.POSITIVE_INFINITY, 0.999]);
    const few = { x: [0.5, -0.5], y: [1, 0] };
    net.configure({ optimizer: { name: 'sgd', learningRate: 0, momentum: 0, nesterov: false, weightDecay: 0, clipNorm: Number.POSITIVE_INFINITY } });
    const { epochs } = await net.fit(few, { validationData: { x, y } });
    expect(epochs[0]?.validation).toEqual({ loss: Number.POSITIVE_INFINITY, accuracy: 0.999 });
  });
});

describe('options are read once, and what a metric does to the list makes no difference', () => {
  test('a list that changes while it is used', () => {
    const net = passing(3);
    const list: Metric[] = [];
    const counting = (name: string): Metric => ({
      name,
      begin: () => {
        list.length = 0;
        let n = 0;
        return {
          add: ({ rows }) => {
            n += rows;
          },
          value: () => n,
        };
      },
    });
    list.push(counting('a'), counting('b'));
    const options: EvaluateOptions = { metrics: list };
    expect(net.evaluate({ x: [1, 2, 3], y: [0] }, options)).toMatchObject({ a: 1, b: 1 });
  });
});
