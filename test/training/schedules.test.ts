/** Schedules against their formulas, and as a fit uses them. */
import { cosine, dense, meanSquaredError, sequential, sgd, stepDecay, warmup } from 'neurite';
import { describe, expect, test } from 'vitest';

test('stepDecay: a factor less every so many epochs', () => {
  const schedule = stepDecay(0.5, { every: 2, factor: 0.25 });
  expect([1, 2, 3, 4, 5, 6, 7].map((epoch) => schedule(epoch, 0, 1))).toEqual([0.5, 0.5, 0.125, 0.125, 0.03125, 0.03125, 0.0078125]);
  expect(stepDecay(1, { every: 1 })(3, 0, 1)).toBe(0.1 * 0.1);
});

describe('cosine', () => {
  test('is ½(1 + cos πt) to a few roundings, and exact at its ends and its middle', () => {
    const steps = 1000;
    const schedule = cosine(1, { epochs: 1 });
    for (let step = 0; step <= steps; step++) {
      const expected = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
      // A few roundings of values up to 1, in ours and in the formula above.
      expect(Math.abs(schedule(1, step, steps) - expected)).toBeLessThan(8 * 2 ** -53);
    }
    expect(schedule(1, 0, steps)).toBe(1);
    expect(schedule(2, 0, steps)).toBe(0);
    expect(schedule(1, 500, steps)).toBeCloseTo(0.5, 15);
  });

  test('falls from rate to final over its epochs, step by step, and stays there', () => {
    const schedule = cosine(0.1, { epochs: 4, final: 0.02 });
    expect(schedule(1, 0, 10)).toBe(0.1);
    const rates = Array.from({ length: 50 }, (_, i) => schedule(1 + Math.floor(i / 10), i % 10, 10));
    rates.slice(1, 41).forEach((rate, i) => expect(rate).toBeLessThan(rates[i] as number));
    rates.slice(40).forEach((rate) => expect(rate).toBeCloseTo(0.02, 16));
  });
});

test('warmup rises in equal steps to the rate or schedule it leads to', () => {
  const flat = warmup(2, 0.8);
  expect([0, 1, 2, 3, 4, 7].map((i) => flat(1 + Math.floor(i / 4), i % 4, 4))).toEqual([0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.8]);
  expect(flat(3, 0, 4)).toBe(0.8);
  const then = cosine(1, { epochs: 10 });
  expect(warmup(1, then)(4, 2, 4)).toBe(then(4, 2, 4));
  expect(warmup(0.5, 1)(1, 0, 4)).toBe(0.5);
  expect(warmup(0, 1)(1, 0, 4)).toBe(1);
});

test('a fit asks for each step by epoch, step and number of steps, and takes that rate', async () => {
  const net = sequential(1, [dense(1, 'identity', { bias: false })], { loss: meanSquaredError(), optimizer: sgd(), reproducible: true });
  const asked: number[][] = [];
  const x = Float32Array.from({ length: 10 }, (_, i) => i / 8);
  const learningRate = (epoch: number, step: number, steps: number) => {
    asked.push([epoch, step, steps]);
    return epoch === 1 ? 0 : 2 ** -step;
  };
  const before = net.parameters[0] as number;
  await net.fit({ x, y: x }, { epochs: 1, batchSize: 4, learningRate, shuffle: false });
  expect(net.parameters[0]).toBe(before);
  expect(asked).toEqual([0, 1, 2].map((step) => [1, step, 3]));

  // By hand: w ← w − rate·mean 2(wx − x)x, in doubles, whose roundings are far below those of floats.
  await net.fit({ x, y: x }, { epochs: 2, batchSize: 4, learningRate, shuffle: false });
  let w = before;
  for (const step of [0, 1, 2]) {
    const batch = Array.from(x.slice(4 * step, 4 * step + 4));
    w -= (2 ** -step * batch.reduce((sum, v) => sum + 2 * (w * v - v) * v, 0)) / batch.length;
  }
  expect(net.parameters[0]).toBeCloseTo(w, 5);
});

test.each<[string, () => unknown, string]>([
  ['a rate below 0', () => cosine(-1, { epochs: 1 }), 'cosine: rate is -1, expected a finite number ≥ 0'],
  ['no epochs', () => cosine(1, { epochs: 0 }), 'cosine: epochs is 0, expected a number > 0'],
  ['every 0 epochs', () => stepDecay(1, { every: 0 }), 'stepDecay: every is 0, expected a number of epochs ≥ 1'],
  ['a warm-up of NaN', () => warmup(Number.NaN, 1), 'warmup: epochs is NaN, expected a number of epochs ≥ 0'],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(message);
});
