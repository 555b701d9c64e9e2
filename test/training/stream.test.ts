/** Rows that come one after another. */
import { adam, crossEntropy, dense, input, meanSquaredError, type Network, network, type StreamRow, sequential, sgd, stream } from 'neurite';
import { describe, expect, test } from 'vitest';
import { bitsOf, filled, numbers } from '../kernels/numbers.js';

const rows = 2500;
const x = filled(rows * 3, numbers(1));
const ids = Uint8Array.from({ length: rows }, (_, i) => Number((x[3 * i] as number) > 0));
const rowAt = (i: number): StreamRow => ({ x: x.subarray(3 * i, 3 * i + 3), y: ids[i] as number });
const all = () => Array.from({ length: rows }, (_, i) => rowAt(i));
const make = () => sequential(3, [dense(5, 'tanh'), dense(2, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 2 });

async function* slowly() {
  for (const row of all()) yield row;
}

/** What a training leaves: the parameters' bits, and the loss of each epoch. */
async function trained(data: Parameters<Network['fit']>[0] | ReturnType<typeof stream>, options: object = {}, net: Network = make()) {
  const { epochs } = await net.fit(data as never, { epochs: 2, batchSize: 32, ...options });
  const found = { bits: bitsOf(net.parameters), losses: epochs.map(({ loss, accuracy, step }) => ({ loss, accuracy, step })) };
  net.dispose();
  return found;
}

describe('a stream', () => {
  test('trains to the bits of the rows in memory, in their order', async () => {
    const expected = await trained({ x, y: ids }, { shuffle: false });
    expect(await trained(stream(all))).toEqual(expected);
    expect(await trained(stream(slowly))).toEqual(expected);
    expect(await trained(stream(async () => all()))).toEqual(expected);
    expect(await trained(stream(slowly, { rows }).batch(32), { batchSize: undefined })).toEqual(expected);
    expect(await trained(stream(() => Array.from({ length: rows }, (_, i) => i).values()).map(async (i) => rowAt(i)))).toEqual(expected);
  });

  test('has weights, several inputs and losses, and scales', async () => {
    const [a, b] = [input(2), input(1)];
    const joined = () =>
      network({ inputs: [a, b], outputs: [dense(2)(a), dense(1)(b)], loss: [meanSquaredError(), meanSquaredError()], optimizer: sgd(), seed: 1 });
    const few = 70;
    const [xa, xb, ya, yb] = [filled(few * 2, numbers(3)), filled(few, numbers(4)), filled(few * 2, numbers(5)), filled(few, numbers(6))];
    const weight = [filled(few, numbers(7, 0, 2)), filled(few, numbers(8, 0, 2))] as const;
    const options = { scale: 0.5, offset: 1, targetScale: 2 };
    const part = (values: Float32Array, i: number, width: number) => Array.from(values.subarray(i * width, (i + 1) * width));
    const source = stream(
      () =>
        Array.from({ length: few }, (_, i) => ({
          x: [part(xa, i, 2), part(xb, i, 1)],
          y: [part(ya, i, 2), part(yb, i, 1)],
          weight: [part(weight[0], i, 1), part(weight[1], i, 1)],
        })),
      options,
    );
    const [net, other] = [joined(), joined()];
    await net.fit(source, { batchSize: 8 });
    await other.fit({ x: [xa, xb], y: [ya, yb], weight, ...options }, { batchSize: 8, shuffle: false });
    expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
  });

  test('may use its arrays again, and give numbers where a column has one', async () => {
    const again = () => {
      const row = { x: new Float32Array(3), y: 0 };
      return (function* () {
        for (let i = 0; i < rows; i++) {
          row.x.set(x.subarray(3 * i, 3 * i + 3));
          row.y = ids[i] as number;
          yield row;
        }
      })();
    };
    expect(await trained(stream(again))).toEqual(await trained(stream(all)));
    expect(await trained(stream(again).shuffle(50))).toEqual(await trained(stream(all).shuffle(50)));
    const [a, b] = [input(1), input(1)];
    const joined = () =>
      network({ inputs: [a, b], outputs: [dense(1)(a), dense(1)(b)], loss: [meanSquaredError(), meanSquaredError()], optimizer: sgd(), seed: 1 });
    const [net, other] = [joined(), joined()];
    await net.fit(stream([0, 1, 2].map((i) => ({ x: [i, -i], y: [i, 1], weight: [undefined, i] }))));
    await other.fit(
      {
        x: [
          [[0], [1], [2]],
          [[0], [-1], [-2]],
        ],
        y: [
          [[0], [1], [2]],
          [[1], [1], [1]],
        ],
        weight: [undefined, [0, 1, 2]],
      },
      { shuffle: false },
    );
    expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
  });

  test('has weights in all rows or in none', async () => {
    const some = (weighted: (i: number) => boolean) => stream(() => all().map((row, i) => (weighted(i) ? { ...row, weight: 1 } : row)));
    const one = 'expected one in each row or in none';
    await expect(trained(some((i) => i > 0))).rejects.toThrow(`row 1 of the stream has a weight and rows before it have none, ${one}`);
    await expect(trained(some((i) => i < 5))).rejects.toThrow(`row 5 of the stream has no weight and rows before it have one, ${one}`);
    await expect(trained(some((i) => i >= 2048))).rejects.toThrow(`row 2048 of the stream has a weight and rows before it have none, ${one}`);
  });

  test('names the rows that do not fit', async () => {
    const odd = (at: number, row: object) => stream(() => all().map((good, i) => (i === at ? row : good)) as StreamRow[]);
    await expect(trained(odd(1100, { x: [1, 2], y: 0 }))).rejects.toThrow(
      /row 76 of x has 2 numbers.*; its rows are those of the stream from row 1024 on$/,
    );
    await expect(trained(odd(3, { x: [1, 2, 3] }))).rejects.toThrow('row 3 of the stream is an object with x, expected { x, y }');
    expect(() =>
      stream(all)
        .shuffle(5)
        .map(rowAt as never),
    ).toThrow('stream: map came behind shuffle');
  });

  test('is shuffled through a buffer: each row once, otherwise in each epoch, the same for the same seed', async () => {
    const seen = stream(function* () {
      for (let i = 0; i < rows; i++) yield i;
    }).map(rowAt);
    const recording = seen.shuffle(100);
    const shuffled = await trained(recording);
    expect(await trained(seen.shuffle(100))).toEqual(shuffled);
    expect(shuffled).not.toEqual(await trained(stream(all)));
    expect(await trained(recording, { shuffle: false })).toEqual(await trained(stream(all)));
    // A loss that adds up the inputs tells whether all rows came.
    const sum = sequential(3, [dense(1, { bias: false })], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0 }) });
    const losses: number[] = [];
    for (const data of [stream(() => all().map(({ x }) => ({ x, y: [0] }))), stream(() => all().map(({ x }) => ({ x, y: [0] }))).shuffle(64)])
      losses.push((await sum.fit(data, { batchSize: 1 })).epochs[0]?.loss as number);
    expect(Math.abs((losses[0] as number) - (losses[1] as number))).toBeLessThan(1e-9);
  });

  test('tells schedules and progress the steps of an epoch where it knows them', async () => {
    const steps: number[][] = [[], []];
    const learningRate = (known: number) => (_: number, __: number, of: number) => {
      steps[known]?.push(of);
      return 0.01;
    };
    await make().fit(stream(all), { learningRate: learningRate(0) });
    await make().fit(stream(all, { rows }), { learningRate: learningRate(1) });
    expect(new Set(steps[0])).toEqual(new Set([Number.POSITIVE_INFINITY]));
    expect(new Set(steps[1])).toEqual(new Set([Math.ceil(rows / 32)]));
  });

  test('gives others their turn while it reads', async () => {
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const busy = stream(function* () {
      for (let i = 0; i < 200; i++) {
        for (const end = performance.now() + 0.2; performance.now() < end; );
        yield rowAt(i);
      }
    });
    await make().fit(busy);
    clearInterval(count);
    expect(turns).toBeGreaterThan(1);
  });

  test('is closed where the training ends early', async () => {
    let closed = 0;
    const source = stream(function* () {
      try {
        yield* all();
      } finally {
        closed++;
      }
    });
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('enough'));
    await expect(make().fit(source, { signal: abort.signal, onProgress, budgetMs: 1e-9 })).rejects.toThrow('enough');
    expect(closed).toBe(1);
  });
});

describe('what is no stream', () => {
  const net = make();
  test.each<[string, () => unknown, string]>([
    ['a number', () => stream(5 as never), 'stream: source is 5, expected an iterable, or a function that gives one'],
    ['rows that are no number', () => stream(all, { rows: -1 }), 'stream: rows is -1, expected a whole number > 0'],
    ['a buffer of no size', () => stream(all).shuffle(0), 'stream: shuffle got 0, expected a whole number of rows > 0'],
    ['a batch of no size', () => stream(all).batch(1.5), 'stream: batch got 1.5, expected a whole number of rows > 0'],
    ['a map that is none', () => stream(all).map(5 as never), 'stream: map got 5, expected a function of a row'],
    ['an unknown option', () => stream(all, { size: 5 } as never), 'stream: there is no option "size"'],
  ])('%s is refused', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test.each<[string, Parameters<Network['fit']>[0] | ReturnType<typeof stream>, object, string]>([
    ['a function that gives none', stream(() => 5 as never), {}, 'fit: the stream is 5, expected an iterable, or a function that gives one'],
    ['no rows', stream(() => []), {}, 'fit: the stream has no rows, expected a function that begins it anew for each epoch'],
    ['a row that is none', stream(() => [rowAt(0), 7 as never]), {}, 'fit: row 1 of the stream is 7, expected { x, y }'],
    ['a row of another width', stream(() => [{ x: [1, 2], y: 0 }]), {}, 'fit: row 0 of x has 2 numbers, expected 3'],
    ['another number of rows', stream(all, { rows: 7 }), {}, 'fit: the stream has 2500 rows and said 7, expected as many as { rows } says'],
    ['batches twice', stream(all).batch(8), { batchSize: 4 }, 'fit: batchSize is 4 for a stream in batches of 8, expected one of the two'],
    ['a share of the rows', stream(all), { validationSplit: 0.5 }, 'fit: validationSplit came for a stream, expected validationData'],
    [
      'early stopping by itself',
      stream(all),
      { earlyStopping: { patience: 1 } },
      'fit: earlyStopping came for a stream, expected validationData with it',
    ],
  ])('%s is refused', async (_, data, options, message) => {
    await expect(net.fit(data as never, options)).rejects.toThrow(message);
  });

  test('an error of the source passes through, and the network goes on', async () => {
    const broken = stream(function* () {
      yield* all().slice(0, 40);
      throw new Error('the disk is full');
    });
    await expect(net.fit(broken)).rejects.toThrow('the disk is full');
    await net.fit(stream(all));
    const once = stream(all()[Symbol.iterator]());
    await expect(net.fit(once, { epochs: 2 })).rejects.toThrow('the stream has no rows');
  });
});
