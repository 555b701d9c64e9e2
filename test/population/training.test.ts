/** What a population's `fit` and `evaluate` tell of each net, and what they leave, is what the network by itself tells and leaves, bit for bit. */
import fc from 'fast-check';
import {
  type AnyNetwork,
  accuracy,
  adam,
  batchNorm,
  confusionMatrix,
  cosine,
  crossEntropy,
  type Dataset,
  type DatasetLiteral,
  dataset,
  dense,
  dropout,
  type EpochEnd,
  f1,
  gaussianNoise,
  input,
  kFold,
  logLoss,
  type Metric,
  mae,
  meanSquaredError,
  network,
  PauseController,
  r2,
  reduceOnPlateau,
  relu,
  rocAuc,
  type Schedule,
  sequential,
  sgd,
  topK,
} from 'neurite';
import { type Population, type PopulationHistory, population } from 'neurite/population';
import { describe, expect, test } from 'vitest';
import { bitsOf, canonical, generator } from '../files/bits.js';
import { sweep } from '../sweep.js';

const bits = (values: ArrayLike<number>) => canonical(bitsOf(Float32Array.from(values)));

/** NaN is a value, undefined is none. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v)));

type Data = DatasetLiteral<Float32Array | Uint32Array, Float32Array>;

function uniformFrom(seed: number): () => number {
  const next = generator(seed);
  return () => (next() >>> 8) / 2 ** 24;
}

/** Rows of three numbers and their class. */
function classes(rows: number, seed: number): { x: Float32Array; y: Uint32Array } {
  const uniform = uniformFrom(seed);
  const x = Float32Array.from({ length: 3 * rows }, () => 2 * uniform() - 1);
  return { x, y: Uint32Array.from({ length: rows }, (_, i) => Number((x[3 * i] as number) + (x[3 * i + 1] as number) * uniform() > 0)) };
}

function curve(rows: number, seed: number): { x: Float32Array; y: Float32Array } {
  const uniform = uniformFrom(seed);
  const x = Float32Array.from({ length: rows }, () => 2 * uniform() - 1);
  return { x, y: x.map((v) => Math.fround(Math.sin(3 * v)) + 0.3 * uniform()) };
}

const classifier = (seed: number, rate = 0.05) =>
  sequential(3, [dense(6, 'tanh'), dense(2, 'softmax')], { build: 'simd', seed, loss: crossEntropy(), optimizer: adam({ learningRate: rate }) });

const regression = (seed: number) =>
  sequential(1, [dense(7, 'tanh'), dense(1)], {
    build: 'simd',
    seed,
    loss: meanSquaredError(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  });

const noisy = (seed: number) =>
  sequential(3, [gaussianNoise(0.1), dense(8, 'relu'), dropout(0.3), batchNorm(), dense(2, 'softmax')], {
    ...{ build: 'simd', seed, loss: crossEntropy(), optimizer: adam() },
  });

/** Fields that say what was found; all others are times. */
type Told = Omit<EpochEnd, 'validation' | 'training'> & { readonly validation: unknown; readonly training: unknown };

const told = ({ epoch, epochs, step, steps, loss, losses, accuracy, validation, training }: Told) =>
  plain({ epoch, epochs, step, steps, loss, losses, accuracy, validation, training });

interface PerNet {
  readonly data: Data | readonly Data[];
  readonly validationData?: Data | readonly Data[];
  readonly learningRate?: readonly (number | Schedule)[];
  readonly options?: { readonly epochs?: number; readonly initialEpoch?: number } & Readonly<Record<string, unknown>>;
}

const ofNet = <T>(value: T | readonly T[] | undefined, net: number) => (Array.isArray(value) ? (value as readonly T[])[net] : value) as T;

/** Trains a population and its nets by themselves; makers of schedules are called twice. */
async function expectSameFit(
  herd: Population,
  nets: readonly AnyNetwork[],
  { data, validationData, learningRate, options }: PerNet,
  rates = learningRate,
) {
  const history = (await herd.fit(data, {
    ...options,
    ...(validationData && { validationData }),
    ...(rates && { learningRate: rates }),
  })) as unknown as PopulationHistory<readonly Metric[]>;
  const { epochs: last = 1, initialEpoch = 0 } = options ?? {};
  const epochs = last - initialEpoch;
  for (const [i, net] of nets.entries()) {
    const ends: EpochEnd<readonly Metric[]>[] = [];
    const own = await net
      .fit(ofNet(data, i), {
        ...options,
        ...(validationData && { validationData: ofNet(validationData, i) }),
        ...(learningRate && { learningRate: learningRate[i] as number }),
        onEpoch: (end: EpochEnd<readonly Metric[]>) => void ends.push(end),
      })
      .catch((error: unknown) => error as Error);
    const mine = history.net(i);
    expect(mine.epochs.map(told), `net ${i}`).toEqual(ends.map(told));
    if (own instanceof Error) expect(own.name).toBe('NotFiniteError');
    else expect(mine.best && told(mine.best)).toEqual(own.best && told(own.best));
    expect(bits(herd.parameters(i)), `net ${i}`).toEqual(bits(net.parameters));
    const stop = history.stopped.find((one) => one.net === i);
    if (own instanceof Error) expect(stop?.reason).toBe('not finite');
    else if (ends.length < epochs) expect(stop?.reason).toBe('early');
    else expect(stop?.reason).not.toBe('not finite');
    if (stop?.reason === 'early') expect(stop.epoch).toBe(ends.length);
  }
  return history;
}

/** Trains both once more: that needs states, what the optimizer keeps, and how far orders and random numbers have come. */
async function expectSameAgain(herd: Population, nets: readonly AnyNetwork[], data: Data): Promise<void> {
  await expectSameFit(herd, nets, { data, options: { epochs: 2, batchSize: 5 } });
  for (const [i, net] of nets.entries()) {
    const out = herd.network(i);
    expect(bits(out.parameters)).toEqual(bits(net.parameters));
    const [a, b] = [await out.fit(data, { epochs: 1 }), await herd.network(i).fit(data, { epochs: 1 })];
    expect(a.epochs[0]?.loss).toBe(b.epochs[0]?.loss);
    out.dispose();
  }
}

describe('data sets of different rows', () => {
  test.each([
    ['no randomness', classifier],
    ['dropout, noise and batch norm', noisy],
  ])('%s', async (_, make) => {
    const herd = population(make(1), 6);
    const nets = [1, 2, 3, 4, 5, 6].map((seed) => make(seed));
    const setsOf = (rows: readonly number[]) => rows.map((n, i) => classes(n, i + 1));
    await expectSameFit(herd, nets, { data: setsOf([24, 26, 7, 34, 24, 2]), options: { epochs: 3, batchSize: 8 } });
    await expectSameFit(herd, nets, { data: setsOf([3, 2, 2, 15, 6, 2]), options: { epochs: 3, batchSize: 100 } });
    await expectSameAgain(herd, nets, classes(20, 9));
    const odd = herd.fit(setsOf([24, 25, 24, 24, 24, 24]), { batchSize: 8 });
    if (make === noisy) await expect(odd).rejects.toThrow('fit: data[1]: 25 rows leave a batch of 1 row, expected at least 2');
    else expect((await odd).epochs).toHaveLength(1);
  });

  test('five folds of 23 rows, shuffled and in order, with cosine rates', async () => {
    const all = classes(23, 4);
    const folds = kFold({ x: Array.from({ length: 23 }, (_, i) => [...all.x.subarray(3 * i, 3 * i + 3)]), y: [...all.y] }, { folds: 5, seed: 2 });
    const nets = folds.map((_, i) => classifier(i));
    const herd = population(classifier(0), 5);
    for (const shuffle of [true, false]) {
      const learningRate = cosine(0.1, { epochs: 4 });
      const history = await herd.fit(
        folds.map(({ training }) => training),
        { epochs: 4, batchSize: 4, shuffle, learningRate, validationData: folds.map(({ validation }) => validation) },
      );
      for (const [i, { training, validation }] of folds.entries()) {
        const own = await (nets[i] as ReturnType<typeof classifier>).fit(training, {
          epochs: 4,
          batchSize: 4,
          shuffle,
          learningRate,
          validationData: validation,
        });
        expect(history.net(i).epochs.map(told)).toEqual(own.epochs.map(told));
        expect(bits(herd.parameters(i))).toEqual(bits((nets[i] as AnyNetwork).parameters));
      }
    }
    const found = herd.evaluate(
      folds.map(({ validation }) => validation),
      { metrics: [f1, confusionMatrix, topK(1), logLoss] },
    );
    folds.forEach(({ validation }, i) => {
      const own = (nets[i] as ReturnType<typeof classifier>).evaluate(validation, { metrics: [f1, confusionMatrix, topK(1), logLoss] });
      expect(plain([found.loss[i], found.accuracy?.[i], found.f1[i], found.confusionMatrix[i], found.top1[i], found.logLoss[i]])).toEqual(
        plain([own.loss, own.accuracy, own.f1, own.confusionMatrix, own.top1, own.logLoss]),
      );
    });
  });

  test('longer than a batch of an evaluation, of bytes, with weights, and the rows held back of each', async () => {
    const rows = [600, 300, 256, 257, 40];
    const data = rows.map((n, i) => {
      const { x, y } = classes(n, i);
      const uniform = uniformFrom(i);
      return { x: Uint8Array.from(x, (v) => 255 * v * v), y, weight: Float32Array.from({ length: n }, () => uniform()), scale: 1 / 255 };
    });
    const herd = population(classifier(3), 5);
    const nets = rows.map((_, i) => classifier(3 + i));
    await expectSameFit(herd, nets, {
      data: data as never,
      options: { epochs: 2, batchSize: 50, validationSplit: 0.3, metrics: [accuracy, rocAuc], earlyStopping: { patience: 1 } },
    });
    const metrics = [rocAuc, logLoss] as const;
    for (const options of [{ metrics }, { metrics, training: true }]) {
      const found = herd.evaluate(data, options);
      nets.forEach((net, i) => {
        const own = net.evaluate((data as never[])[i] as never, options) as unknown as Record<string, unknown>;
        expect([found.loss[i], found.accuracy?.[i], found.rocAuc?.[i], found.logLoss?.[i]]).toEqual([
          own.loss,
          own.accuracy,
          own.rocAuc,
          own.logLoss,
        ]);
      });
    }
  });
});

describe('early stopping', () => {
  test('each net keeps its own best parameters', async () => {
    const seeds = [1, 2, 3, 4, 5, 6, 7];
    const data = curve(30, 1);
    const validationData = curve(17, 2);
    const herd = population(regression(0), seeds.length, { seeds });
    const nets = seeds.map(regression);
    const learningRate = [0.3, 0.01, 0.2, 1e-7, 0.4, 1e30, 0.1];
    const history = await expectSameFit(herd, nets, {
      ...{ data, validationData, learningRate },
      options: { epochs: 25, batchSize: 8, metrics: [r2, mae], earlyStopping: { patience: 2, minDelta: 1e-4 } },
    });
    expect(new Set(history.stopped.map(({ epoch }) => epoch)).size).toBeGreaterThan(2);
    expect(history.stopped.some(({ reason }) => reason === 'not finite')).toBe(true);
    expect(history.best[5]?.epoch).toBe(0);
    const last = history.epochs.at(-1);
    for (const { net, epoch } of history.stopped) if (epoch < history.epochs.length) expect(last?.loss[net]).toBeNaN();
    await expectSameAgain(herd, nets, curve(11, 5));
  });

  test('judged by the training data, by a metric, by a function, with random layers', async () => {
    for (const earlyStopping of [
      { patience: 1 },
      { patience: 2, monitor: 'f1' },
      { patience: 1, monitor: 'accuracy', minDelta: 0.01 },
      { patience: 1, monitor: ({ training }: EpochEnd) => training?.loss ?? 0, mode: 'max' },
    ]) {
      const herd = population(noisy(5), 6);
      const nets = [5, 6, 7, 8, 9, 10].map(noisy);
      await expectSameFit(herd, nets, { data: classes(20, 3), options: { epochs: 6, batchSize: 5, metrics: [f1], earlyStopping } });
      await expectSameAgain(herd, nets, classes(15, 5));
    }
  });

  test('is restored where the training is aborted, and where a callback throws', async () => {
    const data = curve(30, 1);
    for (const end of [
      (controller: AbortController) => controller.abort(new Error('enough')),
      () => {
        throw new Error('enough');
      },
    ]) {
      const controller = new AbortController();
      const herd = population(regression(1), 3);
      let best: Float32Array[] = [];
      const fit = herd.fit(data, {
        ...{ epochs: 50, batchSize: 8, signal: controller.signal, learningRate: [0.01, 0.01, 0.9] },
        earlyStopping: { patience: 40 },
        onEpoch: ({ epoch, training }) => {
          expect(training?.loss).toHaveLength(3);
          if (epoch === 1) best = [0, 1, 2].map((net) => herd.parameters(net));
          if (epoch === 7) end(controller);
        },
      });
      await expect(fit).rejects.toThrow('enough');
      const found = herd.evaluate(data).loss;
      for (const net of [0, 1, 2]) herd.setParameters(net, best[net] as Float32Array);
      const first = herd.evaluate(data).loss;
      expect(found.every((loss, net) => loss <= (first[net] as number))).toBe(true);
    }
  });
});

describe('callbacks and options', () => {
  test('schedules that follow the training, each its own net', async () => {
    const herd = population(regression(1), 4);
    const nets = [1, 2, 3, 4].map(regression);
    const make = () => [0.3, 0.1, 0.05, 0.9].map((rate) => reduceOnPlateau(rate, { patience: 0, factor: 0.5 }));
    await expectSameFit(
      herd,
      nets,
      { data: curve(20, 2), learningRate: make(), options: { epochs: 8, batchSize: 5, validationSplit: 0.25 } },
      make(),
    );
    const one = reduceOnPlateau(0.1);
    const refused = herd.fit(curve(20, 2), { learningRate: one });
    await expect(refused).rejects.toThrow('fit: learningRate is a function that follows the training, expected a list with one for each net');
    await expect(herd.fit(curve(20, 2), { learningRate: [one, 0.1, one, 0.1] })).rejects.toThrow('fit: learningRate[2] is a function that follows');
  });

  test('initialEpoch, onProgress, pause and what onEpoch returns', async () => {
    const herd = population(regression(1), 3);
    const nets = [1, 2, 3].map(regression);
    await expectSameFit(herd, nets, { data: curve(20, 2), options: { initialEpoch: 4, epochs: 6 } });
    const controller = new PauseController();
    controller.pause();
    const steps: number[] = [];
    const fit = herd.fit(curve(2000, 3), {
      ...{ epochs: 9, batchSize: 1, pause: controller },
      onProgress: ({ step, steps: all, epoch, loss, samplesPerSecond, secondsLeft, longestBlock }) => {
        steps.push(step);
        expect([all, epoch, loss.length]).toEqual([2000, 1, 3]);
        expect(Math.min(samplesPerSecond, secondsLeft, longestBlock)).toBeGreaterThan(0);
      },
      onEpoch: () => false,
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(steps).toEqual([]);
    controller.resume();
    const history = await fit;
    expect(history.epochs).toHaveLength(1);
    expect(steps.at(-1)).toBe(2000);
    expect(history.samplesPerSecond).toBeGreaterThan(0);
    expect(history.best).toEqual([undefined, undefined, undefined]);
    expect(history.net(1).epochs[0]?.loss).toBe(history.epochs[0]?.loss[1]);
    expect(() => history.net(3)).toThrow('net: net is 3, expected a whole number from 0 to 2');
  });

  test('several inputs and outputs, with validation and early stopping', async () => {
    const make = (seed: number) => {
      const [a, b] = [input(3), input(2)];
      const hidden = dense(5, 'relu');
      const outputs = [dense(2, 'softmax')(hidden(a)), dense(1)(relu(dense(4)(b)))];
      return network({
        inputs: [a, b],
        outputs,
        build: 'simd',
        seed,
        loss: [crossEntropy(), { loss: meanSquaredError(), weight: 0.3 }],
        optimizer: adam({ learningRate: 0.05 }),
      }) as AnyNetwork;
    };
    const rows = [12, 13, 9];
    const data = rows.map((n, i) => {
      const { x, y } = classes(n, i);
      const b = classes(n, i + 10).x.subarray(0, 2 * n);
      return { x: [x, b], y: [y, b.subarray(0, n)] } as never;
    });
    const herd = population(make(1), 3);
    const nets = [1, 2, 3].map(make);
    await expectSameFit(herd, nets, {
      data,
      options: { epochs: 6, batchSize: 4, validationSplit: 0.3, metrics: [f1], earlyStopping: { patience: 1 } },
    });
  });

  test('data sets are read once and serve several nets', async () => {
    const [a, b]: [Dataset, Dataset] = [dataset(curve(20, 1) as never), dataset(curve(13, 2) as never)];
    const herd = population(regression(1), 4);
    await herd.fit([a, b, a, b] as never, { epochs: 2, batchSize: 6, validationData: [b, a, a, a] as never });
    const other = population(regression(1), 4);
    await other.fit([curve(20, 1), curve(13, 2), curve(20, 1), curve(13, 2)], { epochs: 2, batchSize: 6 });
    for (let i = 0; i < 4; i++) expect(herd.parameters(i)).toEqual(other.parameters(i));
  });
});

test('random folds, rates and patience', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        rows: fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 7 }),
        batchSize: fc.integer({ min: 1, max: 16 }),
        patience: fc.integer({ min: 1, max: 3 }),
        judged: fc.constantFrom('training', 'split', 'data'),
        rates: fc.array(fc.constantFrom(1e-3, 0.03, 0.2, 1, 1e25), { minLength: 7, maxLength: 7 }),
        seed: fc.nat(1000),
      }),
      async ({ rows, batchSize, patience, judged, rates, seed }) => {
        const data = rows.map((n, i) => curve(n, seed + i));
        const herd = population(regression(seed), rows.length);
        const nets = rows.map((_, i) => regression(seed + i));
        await expectSameFit(herd, nets, {
          data,
          learningRate: rates.slice(0, rows.length),
          ...(judged === 'data' && { validationData: rows.map((n, i) => curve(42 - n, seed + 50 + i)) }),
          options: { epochs: 5, batchSize, metrics: [mae], earlyStopping: { patience }, ...(judged === 'split' && { validationSplit: 0.4 }) },
        });
        for (const net of [herd, ...nets]) net.dispose();
      },
    ),
    { numRuns: sweep(30, 4) },
  );
});
