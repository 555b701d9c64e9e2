import {
  adam,
  crossEntropy,
  dataset,
  dense,
  type EpochEnd,
  type FitProgress,
  meanSquaredError,
  type Network,
  NotFiniteError,
  type Optimizer,
  sequential,
  sgd,
} from 'neurite';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Build } from '../../src/core/core.js';
import { builds } from '../kernels/machine.js';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';
import { permutation } from '../oracle/random.js';

const features = 5;
const rows = 53;
const next = numbers(11);
const x = filled(rows * features, next);
const y = Uint8Array.from({ length: rows }, () => Math.floor((next() + 1) * 1.5));
const seed = 7;

const optimizers: [string, Optimizer][] = [
  ['plain descent', sgd({ learningRate: 0.1 })],
  ['momentum', sgd({ learningRate: 0.05, momentum: 0.9, clipNorm: 1 })],
  ['adam', adam({ learningRate: 0.01 })],
];

function make(build: Build = 'simd', optimizer: Optimizer = adam({ learningRate: 0.01 })): Network {
  return sequential(features, [dense(9, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer, seed, build });
}

/** The rows of a batch, by their numbers. */
function pick(order: number[]): [Float32Array, Uint8Array] {
  return [
    Float32Array.from(order.flatMap((row) => Array.from(x.subarray(row * features, (row + 1) * features)))),
    Uint8Array.from(order, (row) => y[row] as number),
  ];
}

/** Streams of the seed from 2³⁰ on are those of the shuffles, one to an epoch. */
const orderOf = (epoch: number) => permutation(rows, seed, 2 ** 30 + epoch);
const asTheyCome = () => Array.from({ length: rows }, (_, i) => i);

/** An epoch of single steps; the mean loss over its rows. */
function stepThrough(net: Network, order: number[], batchSize: number, learningRate?: (step: number) => number): number {
  let sum = 0;
  for (let from = 0, step = 0; from < rows; from += batchSize, step++) {
    const batch = order.slice(from, from + batchSize);
    sum += batch.length * net.step(...pick(batch), learningRate && { learningRate: learningRate(step) });
  }
  return sum / rows;
}

/** A clock that moves on by what `tick` says each time it is read, in milliseconds. */
function setClock(tick: () => number): void {
  let time = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    time += tick();
    return time;
  });
}

afterEach(() => vi.restoreAllMocks());

describe.each(builds)('%s', (build) => {
  describe.each(optimizers)('%s', (_, optimizer) => {
    test.each([1, 7, 32, 53, 100])('fit is step after step over the seeded order: batches of %i', async (batchSize) => {
      const [net, twin] = [make(build, optimizer), make(build, optimizer)];
      const history = await net.fit({ x, y }, { epochs: 3, batchSize });
      const losses = [0, 1, 2].map((epoch) => stepThrough(twin, orderOf(epoch), batchSize));
      expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
      // The last batch counts by its rows; sums are in float64, in both in the same order but for one rounding a batch.
      history.epochs.forEach(({ loss }, epoch) => expect(Math.abs(loss - (losses[epoch] as number))).toBeLessThan(1e-13));
    });

    test('the same in two runs, and however the steps are sliced', async () => {
      const run = async () => {
        const net = make(build, optimizer);
        const losses = (await net.fit({ x, y }, { epochs: 6, batchSize: 4 })).epochs.map(({ loss, accuracy }) => [loss, accuracy]);
        return { parameters: bitsOf(net.parameters), losses };
      };
      const expected = await run();
      expect(await run()).toEqual(expected);
      const jitter = numbers(5, 0, 1);
      // One step to a slice; all in one; growing by four; anything.
      for (const tick of [() => 1000, () => 0, () => 1e-3, () => 10 ** (6 * jitter() - 3)]) {
        setClock(tick);
        expect(await run()).toEqual(expected);
        vi.restoreAllMocks();
      }
    });
  });

  test('without shuffle the rows come as they are', async () => {
    const [net, twin] = [make(build), make(build)];
    await net.fit({ x, y }, { epochs: 2, batchSize: 10, shuffle: false });
    for (let epoch = 0; epoch < 2; epoch++) stepThrough(twin, asTheyCome(), 10);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
  });

  test('a second fit goes on where the first ended; reset begins again', async () => {
    const [net, twin] = [make(build), make(build)];
    await net.fit({ x, y }, { epochs: 2, batchSize: 8 });
    await net.fit({ x, y }, { epochs: 3, batchSize: 8 });
    await twin.fit({ x, y }, { epochs: 5, batchSize: 8 });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    net.reset();
    await net.fit({ x, y }, { epochs: 5, batchSize: 8 });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
  });

  test('a learning rate, or a function of epoch and step, in place of the optimizer’s', async () => {
    const [net, twin] = [make(build), make(build)];
    await net.fit({ x, y }, { batchSize: 10, learningRate: 0.3 });
    stepThrough(twin, orderOf(0), 10, () => 0.3);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    const rate = (epoch: number, step: number) => 0.1 / (epoch + step);
    await net.fit({ x, y }, { epochs: 2, batchSize: 10, learningRate: rate });
    for (const epoch of [1, 2]) stepThrough(twin, orderOf(epoch), 10, (step) => rate(epoch, step));
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    // A rate is of its fit alone.
    await net.fit({ x, y }, { batchSize: 10 });
    stepThrough(twin, orderOf(3), 10);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
  });

  test('validation data are evaluated after each epoch, and change nothing', async () => {
    const [net, twin] = [make(build), make(build)];
    const held = { x: x.subarray(0, 20 * features), y: y.subarray(0, 20) };
    const seen: EpochEnd[] = [];
    const expected: unknown[] = [];
    const { epochs } = await net.fit({ x, y }, { epochs: 3, batchSize: 9, validationData: held, onEpoch: (end) => void seen.push(end) });
    await twin.fit({ x, y }, { epochs: 3, batchSize: 9, onEpoch: () => void expected.push(twin.evaluate(held)) });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    expect(seen.map(({ validation }) => validation)).toEqual(expected);
    expect(epochs).toEqual(seen);
  });

  test('data past the budget come in chunks to the same bits, batches larger than a chunk too', async () => {
    const many = 9500;
    const xs = filled(many * 2, numbers(3));
    const ys = Float32Array.from({ length: many }, (_, i) => Math.sin(i));
    for (const batchSize of [32, 4096, 5000, 9500]) {
      const results = [];
      for (const budget of [0, 2 ** 30]) {
        const net = sequential(2, [dense(4, 'relu'), dense(1)], { loss: meanSquaredError(), optimizer: adam(), seed: 1, build });
        const { epochs } = await net.fit({ x: xs, y: ys, budget }, { epochs: 2, batchSize });
        results.push([bitsOf(net.parameters), epochs.map(({ loss }) => loss), net.evaluate({ x: xs, y: ys, budget })]);
        net.dispose();
      }
      expect(results[0], `batches of ${batchSize}`).toEqual(results[1]);
    }
  });
});

describe('a fit ends early', () => {
  test('where onEpoch returns false', async () => {
    const [net, twin] = [make(), make()];
    const { epochs } = await net.fit({ x, y }, { epochs: 10, onEpoch: ({ epoch }) => epoch < 3 });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    await twin.fit({ x, y }, { epochs: 3 });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    // Nothing else ends it: not even what is falsy.
    expect((await net.fit({ x, y }, { epochs: 2, onEpoch: () => 0 })).epochs).toHaveLength(2);
  });

  test('on an abort from between two slices, with the signal’s own reason, after a whole number of steps', async () => {
    const [net, twin] = [make(), make()];
    setClock(() => 1000);
    const controller = new AbortController();
    const reason = { why: 'enough' };
    let last: FitProgress | undefined;
    const fitting = net.fit(
      { x, y },
      {
        epochs: 100,
        batchSize: 5,
        signal: controller.signal,
        onProgress: (progress) => {
          last = progress;
          if (progress.epoch === 2 && progress.step === 4) controller.abort(reason);
        },
      },
    );
    await expect(fitting).rejects.toBe(reason);
    expect([last?.epoch, last?.step]).toEqual([2, 4]);
    stepThrough(twin, orderOf(0), 5);
    for (let step = 0; step < 4; step++) twin.step(...pick(orderOf(1).slice(step * 5, step * 5 + 5)));
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    net.step(x, y);
    net.dispose();
  });

  test('on an abort by a timer', async () => {
    const net = make();
    const before = net.parameters.slice();
    const signal = AbortSignal.timeout(30);
    const error = await net.fit({ x, y }, { epochs: 1e6, signal }).catch((thrown: unknown) => thrown);
    expect(error).toBe(signal.reason);
    expect((error as Error).name).toBe('TimeoutError');
    expect(bitsOf(net.parameters)).not.toEqual(bitsOf(before));
    expect(net.parameters.every(Number.isFinite)).toBe(true);
    await net.fit({ x, y });
    net.dispose();
  });

  test('on an abort before it began, with nothing done', async () => {
    const net = make();
    const before = bitsOf(net.parameters);
    await expect(net.fit({ x, y }, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(bitsOf(net.parameters)).toEqual(before);
  });

  test.each(['onEpoch', 'onProgress'] as const)('where %s throws, with its error', async (name) => {
    const net = make();
    const error = new Error('from the callback');
    const callback = () => {
      throw error;
    };
    await expect(net.fit({ x, y }, { epochs: 5, [name]: callback })).rejects.toBe(error);
    await net.fit({ x, y });
  });
});

describe('a loss that is no number', () => {
  // One parameter w, the target 0: each step multiplies w by 1 − 2·rate, until w² is beyond float32.
  const wild = () => sequential(1, [dense(1, 'identity', { bias: false })], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 50 }), seed });
  const data = { x: new Float32Array(64).fill(1), y: new Float32Array(64) };

  test.each([
    ['step by step', () => 1000],
    ['in one slice', () => 0],
  ])('ends the fit before its step, and names that: %s', async (_, tick) => {
    setClock(tick);
    const net = wild();
    const error = await net.fit(data, { epochs: 3, batchSize: 4, shuffle: false }).then(
      () => undefined,
      (thrown: unknown) => thrown as NotFiniteError,
    );
    const twin = wild();
    let steps = 0;
    const stepping = () => {
      for (; ; steps++) twin.step(new Float32Array(4).fill(1), new Float32Array(4));
    };
    expect(stepping).toThrow(NotFiniteError);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    expect(net.parameters.every(Number.isFinite)).toBe(true);
    expect(error).toBeInstanceOf(NotFiniteError);
    expect(error?.code).toBe('NOT_FINITE');
    expect([error?.epoch, error?.step]).toEqual([1 + Math.floor(steps / 16), 1 + (steps % 16)]);
    expect(error?.message).toContain(`the loss became NaN or infinite in step ${error?.step} of epoch ${error?.epoch}`);
    expect(error?.message).toContain('the parameters are as before that step');
    // Smaller steps go on from there.
    net.parameters.set([1]);
    await net.fit(data, { learningRate: 0.1, batchSize: 64 });
    expect(Math.abs(net.parameters[0] as number)).toBeLessThan(1);
  });

  test('step and gradient throw it too, with parameters as before', () => {
    const net = wild();
    net.parameters.set([3e38]);
    expect(() => net.step([1], [0])).toThrow(NotFiniteError);
    expect(() => net.gradient([1], [0])).toThrow(NotFiniteError);
    expect(net.parameters[0]).toBe(Math.fround(3e38));
  });
});

describe('while it trains', () => {
  test('progress tells where it stands', async () => {
    setClock(() => 500);
    const net = make();
    const seen: FitProgress[] = [];
    const { epochs } = await net.fit({ x, y }, { epochs: 2, batchSize: 20, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
      [2, 2],
      [2, 3],
    ]);
    for (const { epochs: of, epoch, step, steps, seconds, samplesPerSecond, secondsLeft, loss, accuracy } of seen) {
      expect([of, steps]).toEqual([2, 3]);
      const samples = Math.min(step * 20, rows);
      expect(samplesPerSecond).toBeCloseTo(samples / seconds, 9);
      expect(secondsLeft).toBeCloseTo(((rows - samples + (2 - epoch) * rows) * seconds) / samples, 9);
      expect(loss).toBeGreaterThan(0);
      expect((accuracy as number) * samples).toBeCloseTo(Math.round((accuracy as number) * samples), 9);
    }
    expect(epochs[1]).toMatchObject(seen.at(-1) as FitProgress);
  });

  test('two networks may train on one data set at a time, and its end waits for them', async () => {
    const data = dataset({ x, y });
    const nets = [make(), make()];
    const twin = make();
    setClock(() => 1000);
    const fitting = nets.map((net) =>
      net.fit(data, {
        epochs: 3,
        batchSize: 6,
        onProgress: () => {
          // What is given back now must not be what the other still reads.
          data.dispose();
          net.predict(x);
          make().dispose();
        },
      }),
    );
    await Promise.all(fitting);
    await twin.fit({ x, y }, { epochs: 3, batchSize: 6 });
    for (const net of nets) expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
    await twin.fit(data);
    data.dispose();
  });

  test('what the caller does to the arrays after the upload doesn’t matter', async () => {
    const [net, twin] = [make(), make()];
    const mine = x.slice();
    const data = dataset({ x: mine, y });
    await net.fit(data);
    mine.fill(0);
    await net.fit(data);
    await twin.fit({ x, y }, { epochs: 2 });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(twin.parameters));
  });
});
