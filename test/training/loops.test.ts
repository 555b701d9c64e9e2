/** Training in loops of one's own, by `gradient` and `step`, and what one `fit` leaves to the next. */
import {
  adam,
  adamW,
  BusyError,
  crossEntropy,
  dataset,
  decayMatrices,
  dense,
  type FitProgress,
  meanSquaredError,
  type NetworkOptions,
  type Optimizer,
  save,
  sequential,
  sgd,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { optimizers as vocabulary } from '../vocabulary.js';

const rows = 40;
const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.fround(Math.sin(i * 2.3)));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * 7) % 3);
const network = (optimizer: Optimizer = adam(), options: NetworkOptions = {}) =>
  sequential(3, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer, seed: 6, reproducible: true, ...options });
const row = (i: number) => ({ x: x.subarray(3 * i, 3 * i + 3), y: y[i] as number });

const optimizers: [string, Optimizer][] = [
  ['groups', adamW({ weightDecay: 0.1, groups: decayMatrices([{ parameters: 'dense1', learningRateFactor: 0.5 }]) })],
  ['L2 and clipping', sgd({ learningRate: 0.1, weightDecay: 0.01, clipNorm: 0.5 })],
  ...vocabulary.flatMap(({ variants }) => variants.map(([label, optimizer]): [string, Optimizer] => [label, optimizer])),
];

describe('steps of one’s own', () => {
  test.each(optimizers)('%s: as a fit without shuffling takes them, bit for bit', async (_, optimizer) => {
    const fitted = network(optimizer);
    await fitted.fit({ x, y }, { epochs: 2, batchSize: 16, shuffle: false });
    const stepped = network(optimizer);
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let from = 0; from < rows; from += 16) stepped.step(x.subarray(3 * from, 3 * Math.min(rows, from + 16)), y.subarray(from, from + 16));
    }
    expect(Array.from(stepped.parameters)).toEqual(Array.from(fitted.parameters));
  });

  test('gradient changes no parameter, and descending by hand is what sgd does', () => {
    const rate = 0.125;
    const byHand = network();
    const before = Array.from(byHand.parameters);
    const loss = byHand.gradient(x, y);
    expect(Array.from(byHand.parameters)).toEqual(before);
    const gradients = byHand.gradients;
    byHand.parameters.forEach((value, i, parameters) => {
      parameters[i] = value - rate * (gradients[i] as number);
    });
    const stepped = network(sgd({ learningRate: rate }));
    expect(stepped.step(x, y)).toBe(loss);
    stepped.parameters.forEach((value, i) => expect(value).toBeCloseTo(byHand.parameters[i] as number, 6));
  });

  test('online: row by row, a class id at a time', () => {
    const net = network(sgd({ learningRate: 0.05 }));
    const { loss } = net.evaluate({ x, y });
    for (let i = 0; i < 20 * rows; i++) net.step(row(i % rows).x, row(i % rows).y);
    expect(net.evaluate({ x, y }).loss).toBeLessThan(loss);
  });

  test('a step’s own learning rate: 0 changes nothing, twice the rate moves sgd twice as far', () => {
    const net = network(sgd({ learningRate: 0.25 }));
    const before = Array.from(net.parameters);
    net.step(x, y, { learningRate: 0 });
    expect(Array.from(net.parameters)).toEqual(before);
    const double = network(sgd({ learningRate: 0.25 }));
    net.step(x, y);
    double.step(x, y, { learningRate: 0.5 });
    net.parameters.forEach((value, i) =>
      expect((double.parameters[i] as number) - (before[i] as number)).toBeCloseTo(2 * (value - (before[i] as number)), 6),
    );
  });
});

describe('fit after fit', () => {
  test.each(optimizers)('%s: two of two epochs are one of four, bit for bit', async (_, optimizer) => {
    const whole = network(optimizer);
    await whole.fit({ x, y }, { epochs: 4, batchSize: 16 });
    const halves = network(optimizer);
    const data = dataset({ x, y });
    await halves.fit(data, { epochs: 2, batchSize: 16 });
    await halves.fit(data, { epochs: 2, batchSize: 16 });
    expect(Array.from(halves.parameters)).toEqual(Array.from(whole.parameters));
  });

  test('a rate given to one fit is not kept for the next', async () => {
    const net = network(sgd({ learningRate: 0.1 }));
    await net.fit({ x, y }, { learningRate: 0, epochs: 3 });
    const still = Array.from(network().parameters);
    expect(Array.from(net.parameters)).toEqual(still);
    await net.fit({ x, y });
    expect(Array.from(net.parameters)).not.toEqual(still);
  });

  test('a new optimizer begins anew, and reset makes the network as it was', async () => {
    const net = network();
    await net.fit({ x, y }, { epochs: 2 });
    net.reset();
    await net.fit({ x, y }, { epochs: 2 });
    const again = network();
    await again.fit({ x, y }, { epochs: 2 });
    expect(Array.from(net.parameters)).toEqual(Array.from(again.parameters));
    net.configure({ optimizer: adam() });
    again.configure({ optimizer: adam() });
    net.step(x, y);
    again.step(x, y);
    expect(Array.from(net.parameters)).toEqual(Array.from(again.parameters));
  });
});

describe('during a fit', () => {
  test('predict, evaluate and save are allowed; what would change the network is a BusyError', async () => {
    const net = network();
    let asked = false;
    const running = net.fit(
      { x, y },
      {
        epochs: 3,
        onEpoch: () => {
          asked = true;
          expect(net.predict(x)).toHaveLength(rows * 3);
          expect(net.evaluate({ x, y }).loss).toBeGreaterThan(0);
          expect(save(net).length).toBeGreaterThan(0);
          for (const call of [
            () => net.step(x, y),
            () => net.gradient(x, y),
            () => net.configure({ optimizer: sgd() }),
            () => net.reset(),
            () => net.dispose(),
          ]) {
            expect(call).toThrow(BusyError);
          }
        },
      },
    );
    await expect(net.fit({ x, y })).rejects.toThrow(BusyError);
    await running;
    expect(asked).toBe(true);
    net.step(x, y);
  });

  test('looking on does not change the result', async () => {
    const alone = network();
    await alone.fit({ x, y }, { epochs: 5, batchSize: 8 });
    const watched = network();
    await watched.fit(
      { x, y },
      {
        epochs: 5,
        batchSize: 8,
        validationData: { x, y },
        onEpoch: () => {
          watched.predict(x);
          watched.evaluate({ x, y });
        },
      },
    );
    expect(Array.from(watched.parameters)).toEqual(Array.from(alone.parameters));
  });

  test('an abort rejects with its reason, and the network can go on', async () => {
    const net = network();
    const controller = new AbortController();
    const reason = new Error('stop');
    await expect(
      net.fit({ x, y }, { epochs: 100, signal: controller.signal, onEpoch: ({ epoch }) => void (epoch === 3 && controller.abort(reason)) }),
    ).rejects.toBe(reason);
    expect(net.parameters.every(Number.isFinite)).toBe(true);
    await net.fit({ x, y });
  });

  test('every progress report says where it stands and how fast', async () => {
    const reports: FitProgress[] = [];
    const history = await network().fit({ x, y }, { epochs: 3, batchSize: 16, onProgress: (progress) => void reports.push(progress) });
    expect(reports.length).toBeGreaterThanOrEqual(3);
    for (const { epoch, epochs, step, steps, seconds, samplesPerSecond, secondsLeft, loss, accuracy } of reports) {
      expect([epochs, steps]).toEqual([3, 3]);
      expect(step).toBeLessThanOrEqual(steps);
      for (const value of [seconds, samplesPerSecond, loss, accuracy as number]) expect(value).toBeGreaterThanOrEqual(0);
      if (epoch === 3 && step === 3) expect(secondsLeft).toBe(0);
      else expect(secondsLeft).toBeGreaterThan(0);
    }
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(history.samplesPerSecond).toBeCloseTo((3 * rows) / history.seconds, 6);
  });

  test('a loss that becomes infinite names its step, and leaves the parameters of the step before', async () => {
    const diverging = () => sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 1 }), reproducible: true });
    const one = Float32Array.of(1e5);
    const target = Float32Array.of(-1e5);
    const stepped = diverging();
    let steps = 0;
    const untilItFails = () => {
      for (;;) {
        stepped.step(one, target);
        steps++;
      }
    };
    expect(untilItFails).toThrow('the loss became NaN or infinite');
    const fitted = diverging();
    await expect(fitted.fit({ x: one, y: target }, { epochs: 50 })).rejects.toMatchObject({ code: 'NOT_FINITE', epoch: steps + 1, step: 1 });
    expect(Array.from(fitted.parameters)).toEqual(Array.from(stepped.parameters));
    expect(fitted.parameters.every(Number.isFinite)).toBe(true);
  });
});
