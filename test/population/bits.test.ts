/**
 * Each net of a population is the network by itself with the same seed and data, bit for bit, in the build that has the same bits everywhere: over
 * every network that files are tested with, with every loss, optimizer, activation, layer and op.
 */
import fc from 'fast-check';
import {
  type Activation,
  type AnyNetwork,
  adam,
  adamW,
  binaryCrossEntropy,
  crossEntropy,
  dense,
  dropout,
  gaussianNoise,
  meanSquaredError,
  type Optimizer,
  rmsProp,
  sequential,
  sgd,
} from 'neurite';
import { type Population, population } from 'neurite/population';
import { describe, expect, test } from 'vitest';
import { internals } from '../../src/network/network.js';
import { bitsOf, canonical, difference, generator } from '../files/bits.js';
import { type Data, dataFor, oneOrList, reproducible } from '../files/dataFor.js';
import { networks } from '../files/networks.js';
import { sweep } from '../sweep.js';
import { activationNames } from '../vocabulary.js';

/** Every NaN is one: its sign and payload are free in WebAssembly. */
const bits = (values: ArrayLike<number>) => canonical(bitsOf(Float32Array.from(values)));

/** The same, of float64. */
const doubles = (values: ArrayLike<number>) => Array.from(values, (value) => (Number.isNaN(value) ? 'NaN' : value));

/** Outputs of a population or of a network, as a list. */
const listed = (value: unknown): Float32Array[] => (Array.isArray(value) ? value : [value]) as Float32Array[];

function expectSamePredictions(herd: Population, nets: readonly AnyNetwork[], data: Data): void {
  const all = listed(herd.predict(oneOrList(data.x) as Float32Array));
  nets.forEach((net, i) => {
    listed(net.predict(oneOrList(data.x) as Float32Array)).forEach((own, output) => {
      const n = own.length;
      const mine = bits((all[output] as Float32Array).subarray(i * n, (i + 1) * n));
      expect(difference(mine, bits(own)), `net ${i}, output ${output}`).toBeUndefined();
    });
  });
}

function expectSameParameters(herd: Population, nets: readonly AnyNetwork[]): void {
  nets.forEach((net, i) => {
    expect(difference(bits(herd.parameters(i)), bits(net.parameters)), `net ${i}`).toBeUndefined();
  });
}

describe('a network of every kind', () => {
  test.each(networks)('%s', async (_, make) => {
    const template = reproducible(make());
    // The first of a second group of four too, where all are tried.
    const count = sweep(5, 2);
    const herd = population(template, count);
    const nets = Array.from({ length: count }, (_, i) => herd.network(i));
    for (const rows of sweep([1, 2, 7], [7])) expectSamePredictions(herd, nets, dataFor(template, rows, rows));
    if (!template.loss || !template.optimizer) return;
    for (const rows of sweep([1, 3, 6], [3])) {
      if (rows < internals('test', template).engine.minRows) continue;
      for (const asValues of [false, true]) {
        const { x, y } = dataFor(template, rows, 10 + rows, asValues);
        const losses = herd.step(oneOrList(x) as Float32Array, oneOrList(y) as Float32Array);
        const own = nets.map((net) => net.step(oneOrList(x) as Float32Array, oneOrList(y) as Float32Array));
        expect(doubles(losses)).toEqual(doubles(own));
        expectSameParameters(herd, nets);
      }
    }
    const { x, y } = dataFor(template, 11, 3);
    const data = { x: oneOrList(x), y: oneOrList(y) } as { x: Float32Array; y: Float32Array };
    await expectSameFit(herd, nets, data, { epochs: 2, batchSize: 4 });
    const found = herd.evaluate(data);
    nets.forEach((net, i) => {
      const { loss, losses, accuracy } = net.evaluate(data);
      expect(found.loss[i]).toBe(loss);
      expect(found.losses?.map((of) => of[i])).toEqual(losses);
      expect(found.accuracy?.[i]).toBe(accuracy);
    });
    for (const net of nets) net.dispose();
    herd.dispose();
    template.dispose();
  });
});

async function expectSameFit(
  herd: Population,
  nets: readonly AnyNetwork[],
  data: { x: Float32Array; y: Float32Array | Uint32Array },
  options: { epochs: number; batchSize: number; learningRate?: number[] },
): Promise<void> {
  const history = await herd.fit(data, options);
  for (const [i, net] of nets.entries()) {
    const { learningRate } = options;
    const own = await net.fit(data, { ...options, learningRate: learningRate?.[i] });
    expect(history.epochs.map(({ loss }) => loss[i])).toEqual(own.epochs.map(({ loss }) => loss));
    expect(history.epochs.map(({ losses }) => losses?.map((of) => of[i]))).toEqual(own.epochs.map(({ losses }) => losses));
    expect(history.epochs.map(({ accuracy }) => accuracy?.[i])).toEqual(own.epochs.map(({ accuracy }) => accuracy));
  }
  expectSameParameters(herd, nets);
}

const small = (seed: number, optimizer: Optimizer = sgd({ learningRate: 0.1 })) =>
  sequential(3, [dense(9, 'tanh'), dense(2, 'softmax')], { build: 'simd', seed, loss: crossEntropy(), optimizer });

describe('as many nets as there are', () => {
  test.each([1, 2, 3, 4, 5, 8])('%i', async (count) => {
    const seeds = Array.from({ length: count }, (_, i) => 7 * i + 1);
    const herd = population(small(0), count, { seeds });
    const nets = seeds.map((seed) => small(seed));
    expectSameParameters(herd, nets);
    const { x, y } = dataFor(nets[0] as AnyNetwork, 9, 1);
    expectSamePredictions(herd, nets, { x, y });
    await expectSameFit(herd, nets, { x: x[0] as Float32Array, y: y[0] as Uint32Array }, { epochs: 3, batchSize: 4 });
  });

  const many = sweep(300, 37);
  test(`${many}, each with rows of its own`, async () => {
    const herd = population(small(4), many);
    const nets = Array.from({ length: many }, (_, i) => small(4 + i));
    const { x } = dataFor(nets[0] as AnyNetwork, many, 1);
    const [rows] = x as [Float32Array];
    const out = new Float32Array(2 * many);
    expect(herd.predictEach(rows, out)).toBe(out);
    nets.forEach((net, i) => {
      expect(bits(out.subarray(2 * i, 2 * i + 2))).toEqual(bits(net.predict(rows.subarray(3 * i, 3 * i + 3))));
    });
    const data = Array.from({ length: many }, (_, i) => {
      const { x, y } = dataFor(nets[0] as AnyNetwork, 5, 100 + i);
      return { x: x[0] as Float32Array, y: y[0] as Uint32Array };
    });
    const history = await herd.fit(data, { epochs: 2, batchSize: 2 });
    const found = herd.evaluate(data);
    for (const i of [0, 1, 2, 3, 4, many >> 1, many - 2, many - 1]) {
      const net = nets[i] as AnyNetwork;
      const own = await net.fit(data[i] as (typeof data)[number], { epochs: 2, batchSize: 2 });
      expect(history.epochs.map(({ loss }) => loss[i])).toEqual(own.epochs.map(({ loss }) => loss));
      expect(bits(herd.parameters(i))).toEqual(bits(net.parameters));
      expect(found.loss[i]).toBe(net.evaluate(data[i] as (typeof data)[number]).loss);
    }
  });

  test('more rows than a prediction takes at once', () => {
    const herd = population(small(4), 5);
    const nets = Array.from({ length: 5 }, (_, i) => small(4 + i));
    for (const rows of sweep([256, 257, 513], [257])) expectSamePredictions(herd, nets, dataFor(nets[0] as AnyNetwork, rows, rows));
    const { x } = dataFor(nets[0] as AnyNetwork, 5 * 257, 2);
    const [rows] = x as [Float32Array];
    const all = herd.predictEach(rows);
    nets.forEach((net, i) => {
      expect(bits(all.subarray(i * 514, (i + 1) * 514))).toEqual(bits(net.predict(rows.subarray(i * 771, (i + 1) * 771))));
    });
  });
});

describe('what differs from net to net', () => {
  test.each<[string, Optimizer]>([
    ['sgd', sgd({ learningRate: 0.1 })],
    ['momentum', sgd({ learningRate: 0.1, momentum: 0.9, clipNorm: 0.1 })],
    ['adam', adam()],
    ['adamW', adamW({ weightDecay: 0.1 })],
    ['rmsProp', rmsProp()],
  ])('the learning rate: %s', async (_, optimizer) => {
    const herd = population(small(3, optimizer), 6, { seeds: [3, 3, 3, 3, 3, 3] });
    const nets = Array.from({ length: 6 }, () => small(3, optimizer));
    const { x, y } = dataFor(nets[0] as AnyNetwork, 13, 1);
    const learningRate = [0, 1e-4, 1e-3, 0.01, 0.1, 0.3];
    await expectSameFit(herd, nets, { x: x[0] as Float32Array, y: y[0] as Uint32Array }, { epochs: 3, batchSize: 3, learningRate });
    const losses = herd.step(x[0] as Float32Array, y[0] as Uint32Array, { learningRate });
    expect(doubles(losses)).toEqual(
      nets.map((net, i) => net.step(x[0] as Float32Array, y[0] as Uint32Array, { learningRate: learningRate[i] as number })),
    );
    expectSameParameters(herd, nets);
  });

  test('a batch of its own, with weights', () => {
    const herd = population(small(3), 3);
    const nets = [small(3), small(4), small(5)];
    const { x, y } = dataFor(nets[0] as AnyNetwork, 12, 1);
    const [rows, ids] = [x[0] as Float32Array, y[0] as Uint32Array];
    const weight = Float32Array.from({ length: 12 }, (_, i) => i % 4);
    for (let step = 0; step < 3; step++) {
      const losses = herd.stepEach(rows, ids, { weight });
      const own = nets.map((net, i) =>
        net.step(rows.subarray(12 * i, 12 * i + 12), ids.subarray(4 * i, 4 * i + 4), { weight: weight.subarray(4 * i, 4 * i + 4) }),
      );
      expect(doubles(losses)).toEqual(own);
      expectSameParameters(herd, nets);
    }
  });

  test('the numbers that layers draw', async () => {
    const make = (seed: number) =>
      sequential(3, [gaussianNoise(0.1), dense(8, 'relu'), dropout(0.3), dense(1, 'sigmoid')], {
        ...{ build: 'simd', seed, loss: binaryCrossEntropy(), optimizer: adam() },
      });
    const herd = population(make(1), 5);
    const nets = [1, 2, 3, 4, 5].map(make);
    const { x, y } = dataFor(nets[0] as AnyNetwork, 10, 1);
    await expectSameFit(herd, nets, { x: x[0] as Float32Array, y: y[0] as Float32Array }, { epochs: 4, batchSize: 4 });
  });

  test('bytes, scales, weights of rows, and how data are given', async () => {
    const make = (seed: number) => sequential(4, [dense(3, 'sigmoid')], { build: 'simd', seed, loss: binaryCrossEntropy(), optimizer: adam() });
    const herd = population(make(1), 2);
    const nets = [make(1), make(2)];
    const next = generator(9);
    const x = Uint8Array.from({ length: 40 }, () => next() & 255);
    const y = Float32Array.from({ length: 30 }, () => next() & 1);
    const weight = Float32Array.from({ length: 10 }, () => (next() & 255) / 100);
    const first = { x, y, weight, scale: 1 / 255, offset: -0.5 };
    const second = { x: Float32Array.from(x), y: y.map((v) => 10 * v), weight, scale: 0.01, targetScale: 0.1 };
    const history = await herd.fit([first, second], { epochs: 3, batchSize: 3 });
    for (const [i, data] of [first, second].entries()) {
      const own = await (nets[i] as AnyNetwork).fit(data, { epochs: 3, batchSize: 3 });
      expect(history.epochs.map(({ loss }) => loss[i])).toEqual(own.epochs.map(({ loss }) => loss));
      expect(history.epochs.map(({ accuracy }) => accuracy?.[i])).toEqual(own.epochs.map(({ accuracy }) => accuracy));
    }
    expectSameParameters(herd, nets);
  });
});

/** A net that diverges stops before the step that would have made it NaN or infinite, as the network by itself does; the others go on. */
describe('a net that diverges', () => {
  const make = (seed: number, optimizer: Optimizer) =>
    sequential(2, [dense(4, 'relu'), dense(1)], { build: 'simd', seed, loss: meanSquaredError(), optimizer });
  test.each<[string, Optimizer]>([
    ['sgd', sgd({ learningRate: 0.01 })],
    ['momentum', sgd({ learningRate: 0.01, momentum: 0.9 })],
    ['adam', adam()],
    ['rmsProp', rmsProp()],
  ])('%s', async (_, optimizer) => {
    const learningRate = [0.01, 1e3, 0.02, 1e30, 1e20, 0.001];
    const seeds = learningRate.map((_, i) => i + 1);
    const herd = population(make(0, optimizer), 6, { seeds });
    const nets = seeds.map((seed) => make(seed, optimizer));
    const { x, y } = dataFor(nets[0] as AnyNetwork, 12, 5);
    const data = { x: (x[0] as Float32Array).map((v) => 10 * v), y: y[0] as Float32Array };
    const history = await herd.fit(data, { epochs: 8, batchSize: 3, learningRate });
    const stopped = [];
    for (const [i, net] of nets.entries()) {
      const rate = learningRate[i] as number;
      const error = await net.fit(data, { epochs: 8, batchSize: 3, learningRate: rate }).then(
        () => undefined,
        (error: { epoch: number; step: number }) => error,
      );
      if (error) stopped.push({ net: i, epoch: error.epoch, step: error.step, reason: 'not finite' });
      expect(bits(herd.parameters(i)), `net ${i}`).toEqual(bits(net.parameters));
    }
    const sorted = [...history.stopped].sort((a, b) => a.net - b.net);
    expect(sorted).toEqual(stopped);
    expect(stopped.length).toBeGreaterThan(0);
    for (const { net, epoch } of stopped) expect(history.epochs[epoch - 1]?.loss[net]).toBeNaN();
  });

  test('a step that is not done is NaN', () => {
    const optimizer = sgd({ learningRate: 0.01 });
    const herd = population(make(1, optimizer), 3);
    const before = [0, 1, 2].map((i) => herd.parameters(i));
    const losses = herd.step([1, 2], [3], { learningRate: [0.1, 3e38, 0.1] });
    expect(losses[1]).toBeNaN();
    expect(losses[0]).toBe(make(1, optimizer).step([1, 2], [3]));
    expect(herd.parameters(1)).toEqual(before[1]);
    expect(herd.parameters(2)).not.toEqual(before[2]);
  });
});

const activations = activationNames as readonly Activation[];

test('random networks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        inFeatures: fc.integer({ min: 1, max: 20 }),
        layers: fc.array(fc.record({ units: fc.integer({ min: 1, max: 20 }), activation: fc.nat(activations.length - 1), bias: fc.boolean() }), {
          maxLength: 3,
        }),
        outputs: fc.integer({ min: 1, max: 9 }),
        loss: fc.nat(2),
        rows: fc.integer({ min: 1, max: 12 }),
        batchSize: fc.integer({ min: 1, max: 5 }),
        count: fc.integer({ min: 1, max: 6 }),
        seed: fc.nat(2 ** 31),
      }),
      async ({ inFeatures, layers, outputs, loss: chosen, rows, batchSize, count, seed }) => {
        const [loss, last, width] = [
          [crossEntropy(), 'softmax', Math.max(2, outputs)] as const,
          [binaryCrossEntropy(), 'sigmoid', outputs] as const,
          [meanSquaredError(), 'identity', outputs] as const,
        ][chosen] as [ReturnType<typeof crossEntropy>, Activation, number];
        const make = (own: number) =>
          sequential(
            inFeatures,
            [...layers.map(({ units, activation, bias }) => dense(units, activations[activation], { bias })), dense(width, last)],
            { build: 'simd', seed: own, loss, optimizer: adam() },
          );
        const herd = population(make(seed), count);
        const nets = Array.from({ length: count }, (_, i) => make(seed + i));
        const { x, y } = dataFor(nets[0] as AnyNetwork, rows, seed);
        const data = { x: x[0] as Float32Array, y: y[0] as Float32Array };
        expectSamePredictions(herd, nets, { x, y });
        await expectSameFit(herd, nets, data, { epochs: 2, batchSize });
        for (const net of [herd, ...nets]) net.dispose();
      },
    ),
    { numRuns: sweep(40, 5) },
  );
});
