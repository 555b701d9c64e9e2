/** Layers that draw numbers in training steps. */
import {
  adam,
  checkpoint,
  dense,
  dropout,
  gaussianNoise,
  input,
  load,
  meanSquaredError,
  type Network,
  network,
  parameter,
  restore,
  save,
  sequential,
  sgd,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { bitsOf, EPSILON, filled, numbers } from '../kernels/numbers.js';

const rows = 64;
const width = 7;
const ones = new Float32Array(rows * width).fill(1);

/** A network whose gradient shows what was drawn: ∂(Σ w·y)/∂w of y, the mean over the rows of each feature's. */
function drawn(layer: (x: ReturnType<typeof input>) => ReturnType<typeof input>, seed = 1, build: (typeof builds)[number] = 'simd') {
  const x = input(width);
  // A loss that is linear in the output: its gradient to a bias is a sum of what was drawn.
  return network({ inputs: x, outputs: dense(1, { bias: false })(layer(x)), loss: (u) => u, optimizer: sgd({ learningRate: 0 }), seed, build });
}

/** What a training step makes of each row of ones, by one row at a time as weights. */
function valuesOf(net: Network<never>, row: number): number[] {
  const weight = new Float32Array(rows);
  weight[row] = rows;
  net.gradient(ones, new Float32Array(rows) as never, { weight });
  return Array.from(net.gradients);
}

describe.each(builds)('%s', (build) => {
  test('dropout leaves 0 or x / (1 − rate), about so often', () => {
    for (const rate of [0, 0.1, 0.5, 0.9]) {
      const net = drawn(dropout(rate), 3, build) as never as Network<never>;
      const all = Array.from({ length: rows }, (_, i) => valuesOf(net, i)).flat();
      const kept = Math.fround(1 / (1 - rate));
      expect(all.every((v) => v === 0 || Math.abs(v - kept) <= 2 * EPSILON * kept)).toBe(true);
      const share = all.filter((v) => v === 0).length / all.length;
      // Four standard deviations.
      expect(Math.abs(share - rate)).toBeLessThanOrEqual(4 * Math.sqrt((rate * (1 - rate)) / all.length));
    }
  });

  test('noise has the mean 0 and the deviation that it was given', () => {
    const net = drawn(gaussianNoise(0.5), 3, build) as never as Network<never>;
    const all = Array.from({ length: rows }, (_, i) => valuesOf(net, i))
      .flat()
      .map((v) => v - 1);
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length);
    expect(Math.abs(mean)).toBeLessThan((4 * 0.5) / Math.sqrt(all.length));
    expect(Math.abs(deviation - 0.5)).toBeLessThan((4 * 0.5) / Math.sqrt(2 * all.length));
  });
});

test('both builds draw the same, another seed, step or layer draws otherwise', () => {
  const [a, b] = builds.map((build) => valuesOf(drawn(dropout(0.5), 5, build) as never, 3));
  if (b) expect(a).toEqual(b);
  const net = drawn(dropout(0.5), 5) as never as Network<never>;
  expect(valuesOf(net, 3)).toEqual(a);
  expect(valuesOf(drawn(dropout(0.5), 6) as never, 3)).not.toEqual(a);
  const before = Array.from({ length: rows }, (_, i) => valuesOf(net, i));
  net.step(ones, new Float32Array(rows) as never);
  expect(Array.from({ length: rows }, (_, i) => valuesOf(net, i))).not.toEqual(before);
  const layer = dropout(0.5);
  const x = input(width);
  const twice = network({ inputs: x, outputs: [layer(x), layer(x)], seed: 1 });
  expect(twice.layers.map(({ name }) => name)).toEqual(['dropout1', 'dropout2']);
});

const y = filled(rows * 2, numbers(4));
const x = filled(rows * width, numbers(5));
const make = (options = {}) =>
  sequential(width, [dense(16, 'relu'), dropout(0.3), gaussianNoise(0.1), dense(2)], {
    loss: meanSquaredError(),
    optimizer: adam({ learningRate: 0.01 }),
    seed: 8,
    ...options,
  });

describe('a network with both', () => {
  test('predicts, evaluates and is frozen without them', () => {
    const net = make();
    const plain = sequential(width, [dense(16, 'relu'), dense(2)], { loss: meanSquaredError(), seed: 8 });
    plain.parameters.set(net.parameters);
    expect(bitsOf(net.predict(x))).toEqual(bitsOf(plain.predict(x)));
    expect(bitsOf(net.freeze().predict(x))).toEqual(bitsOf(plain.predict(x)));
    expect(net.evaluate({ x, y })).toEqual(plain.evaluate({ x, y }));
    expect(net.gradient(x, y)).not.toBe(plain.gradient(x, y));
  });

  test('trains to the same bits by steps, in chunks, from a file and from a checkpoint', async () => {
    const options = { epochs: 2, batchSize: 10, shuffle: false };
    const net = make();
    await net.fit({ x, y }, options);
    const stepped = make();
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let from = 0; from < rows; from += 10) {
        const to = Math.min(rows, from + 10);
        stepped.step(x.slice(from * width, to * width), y.slice(from * 2, to * 2));
      }
    }
    expect(bitsOf(stepped.parameters)).toEqual(bitsOf(net.parameters));
    const inChunks = make();
    await inChunks.fit({ x, y, budget: 0 }, options);
    expect(bitsOf(inChunks.parameters)).toEqual(bitsOf(net.parameters));
    const again = load(save(make()));
    await again.fit({ x, y }, options);
    expect(bitsOf(again.parameters)).toEqual(bitsOf(net.parameters));
    const half = make();
    await half.fit({ x, y }, { ...options, epochs: 1 });
    const rest = restore(checkpoint(half));
    await rest.fit({ x, y }, { ...options, epochs: 1 });
    expect(bitsOf(rest.parameters)).toEqual(bitsOf(net.parameters));
    const reset = net.reset();
    await reset.fit({ x, y }, options);
    expect(bitsOf(reset.parameters)).toEqual(bitsOf(stepped.parameters));
  });

  test('draws the same in parts of a batch as in the whole', async () => {
    const [whole, parts] = [make(), make()];
    await whole.fit({ x, y }, { epochs: 2, batchSize: 32 });
    await parts.fit({ x, y }, { epochs: 2, batchSize: 6, accumulationSteps: 6 });
    // Another number of rows: the last part of the same drawn numbers.
    const [same, inParts] = [make(), make()];
    await same.fit({ x, y }, { epochs: 2, batchSize: 32 });
    await inParts.fit({ x, y }, { epochs: 2, batchSize: 8, accumulationSteps: 4 });
    const size = Math.max(...same.parameters.map(Math.abs));
    same.parameters.forEach((v, i) => expect(Math.abs(v - (inParts.parameters[i] as number))).toBeLessThanOrEqual(1e3 * EPSILON * size));
    expect(bitsOf(whole.parameters)).toEqual(bitsOf(same.parameters));
    expect(bitsOf(parts.parameters)).not.toEqual(bitsOf(same.parameters));
  });
});

test.each<[string, () => unknown, string]>([
  ['a rate of 1', () => dropout(1), 'dropout: rate is 1, expected a number from 0, below 1'],
  ['a rate that is none', () => dropout('0.5' as never), 'dropout: rate is "0.5", expected a number from 0, below 1'],
  ['no deviation', () => gaussianNoise(0), 'gaussianNoise: deviation is 0, expected a positive number that float32 holds'],
  ['an option', () => dropout(0.5, { seed: 1 } as never), 'dropout: there is no option "seed"'],
  ['a vector', () => dropout(0.5)(parameter(3)), 'is no batch, expected [rows, features]'],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(message);
});
