/** Early stopping: when it ends a fit, and whose parameters the network has after every way a fit can end. */
import {
  adam,
  crossEntropy,
  dense,
  type EarlyStopping,
  type EpochEnd,
  type FitOptions,
  meanSquaredError,
  type Network,
  sequential,
  sgd,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';

const rows = 64;
const x = Float32Array.from({ length: rows * 2 }, (_, i) => Math.fround(Math.sin(i * 1.7)));
const data = { x: x.subarray(0, rows), y: Float32Array.from({ length: rows / 2 }, (_, i) => (i * 7) % 5) };
const validationData = { x: x.subarray(rows), y: Float32Array.from({ length: rows / 2 }, (_, i) => (i * 3) % 4) };
const network = () =>
  sequential(2, [dense(8, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.05 }), seed: 2, reproducible: true });

/** Watches what a test says in place of a loss: one value an epoch. The parameters before the first are no candidate. */
const scripted = (values: readonly number[], rest: Omit<EarlyStopping, 'monitor'>): EarlyStopping => ({
  ...rest,
  monitor: ({ epoch }) => (epoch === 0 ? Number.POSITIVE_INFINITY : (values[epoch - 1] as number)),
});

/** Trains, keeping the parameters at the end of every epoch, by its number. */
async function watched(net: Network, options: FitOptions) {
  const ends = new Map<number, number[]>();
  const onEpoch = (end: EpochEnd) => {
    ends.set(end.epoch, Array.from(net.parameters));
    return options.onEpoch?.(end);
  };
  const outcome = await net.fit(data, { epochs: 10, batchSize: 8, ...options, onEpoch }).then(
    (history) => ({ history, error: undefined }),
    (error: unknown) => ({ history: undefined, error }),
  );
  return { ...outcome, ends, parameters: Array.from(net.parameters) };
}

describe('when it stops', () => {
  test.each([
    [1, 0, [5, 4, 4], 2],
    [2, 0, [5, 4, 6, 3, 4, 5], 4],
    [3, 0, [5, 6, 7, 8], 1],
    [2, 0.5, [5, 4.6, 4.4, 4.2, 4.0], 3],
    [1, 0, [5, Number.POSITIVE_INFINITY], 1],
    [3, 0, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 10],
  ])('patience %i, minDelta %d, values %j: the best is epoch %i', async (patience, minDelta, values, best) => {
    const { history, ends, parameters } = await watched(network(), { earlyStopping: scripted(values, { patience, minDelta }) });
    expect(history?.epochs).toHaveLength(values.length);
    expect(history?.best?.epoch).toBe(best);
    expect(history?.best).toBe(history?.epochs[best - 1]);
    expect(parameters).toEqual(ends.get(best));
  });

  test('by the loss of the validation data, where there are some, else of training', async () => {
    for (const options of [{ validationData }, {}]) {
      const { history, ends, parameters } = await watched(network(), { ...options, epochs: 40, earlyStopping: { patience: 3 } });
      const losses = history?.epochs.map((end) => (end.validation ?? end.training)?.loss) as number[];
      const best = losses.indexOf(Math.min(...losses)) + 1;
      expect(history?.best?.epoch).toBe(best);
      expect(parameters).toEqual(ends.get(best));
    }
  });

  test('by accuracy, the more the better', async () => {
    const net = sequential(2, [dense(8, 'tanh'), dense(2, 'softmax')], { loss: crossEntropy(), optimizer: sgd({ learningRate: 1 }), seed: 1 });
    const classes = { x: data.x, y: Uint8Array.from({ length: rows / 2 }, (_, i) => i % 2) };
    const history = await net.fit(classes, { epochs: 30, validationData: classes, earlyStopping: { patience: 4, monitor: 'accuracy' } });
    const shares = history.epochs.map((end) => end.validation?.accuracy as number);
    expect(history.best?.epoch).toBe(shares.indexOf(Math.max(...shares)) + 1);
    expect(net.evaluate(classes).accuracy).toBe(Math.max(...shares));
  });
});

describe('the best parameters are back', () => {
  // Best in epoch 2, worse from there on.
  const earlyStopping = scripted([3, 1, 2, 3, 4, 5, 6, 7, 8, 9], { patience: 8 });

  test('after the last epoch', async () => {
    const { ends, parameters } = await watched(network(), { epochs: 5, earlyStopping });
    expect(parameters).toEqual(ends.get(2));
    expect(parameters).not.toEqual(ends.get(5));
  });

  test('after onEpoch returned false', async () => {
    const { history, ends, parameters } = await watched(network(), { earlyStopping, onEpoch: ({ epoch }) => epoch < 4 });
    expect(history?.epochs).toHaveLength(4);
    expect(parameters).toEqual(ends.get(2));
  });

  test('after an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { error, ends, parameters } = await watched(network(), {
      earlyStopping,
      signal: controller.signal,
      onEpoch: ({ epoch }) => void (epoch === 4 && controller.abort(reason)),
    });
    expect(error).toBe(reason);
    expect(parameters).toEqual(ends.get(2));
  });

  test('after a callback threw', async () => {
    const failure = new Error('in the callback');
    const { error, ends, parameters } = await watched(network(), {
      earlyStopping,
      onEpoch: ({ epoch }) => {
        if (epoch === 3) throw failure;
      },
    });
    expect(error).toBe(failure);
    expect(parameters).toEqual(ends.get(2));
  });

  test('after the loss became infinite', async () => {
    const { error, ends, parameters } = await watched(network(), { earlyStopping, learningRate: (epoch) => (epoch < 4 ? 0.05 : 1e30) });
    expect(error).toMatchObject({ code: 'NOT_FINITE' });
    expect(parameters).toEqual(ends.get(2));
  });

  test('and training can go on from there', async () => {
    const net = network();
    await watched(net, { earlyStopping });
    const { loss } = net.evaluate(data);
    await net.fit(data, { epochs: 20, batchSize: 8 });
    expect(net.evaluate(data).loss).toBeLessThan(loss);
  });
});

test('where no epoch ended, the parameters stay as they are', async () => {
  const net = network();
  const controller = new AbortController();
  controller.abort();
  const before = Array.from(net.parameters);
  await expect(net.fit(data, { signal: controller.signal, earlyStopping: { patience: 1 } })).rejects.toThrow();
  expect(Array.from(net.parameters)).toEqual(before);
});

/** One weight w, from 0, and the target 1: the loss is (w − 1)², and a step multiplies w − 1 by 1 − 2·rate. */
async function oneWeight(rates: readonly number[], options: FitOptions = {}) {
  const net = sequential(1, [dense(1, 'identity', { bias: false })], { loss: meanSquaredError(), optimizer: sgd(), reproducible: true });
  net.parameters.set([0]);
  const point = { x: [1], y: [1] };
  const history = await net.fit(point, {
    epochs: rates.length,
    learningRate: (epoch) => rates[epoch - 1] as number,
    earlyStopping: { patience: 5 },
    ...options,
  });
  return { net, history, loss: net.evaluate(point).loss };
}

describe('what is kept is what was judged', () => {
  test('an epoch’s parameters are those it ended with, not those its loss belongs to', async () => {
    const { history, loss } = await oneWeight([0.4, 5, 0.4]);
    // Before, after the first, after the second and after the third epoch: 1, 0.2², 1.8², 0.36².
    expect(history.epochs.map(({ training }) => training?.loss)).toEqual([0.2, 1.8, 0.36].map((e) => expect.closeTo(e * e, 6)));
    expect(history.epochs.map((end) => end.loss)).toEqual([1, 0.2, 1.8].map((e) => expect.closeTo(e * e, 6)));
    expect(history.best?.epoch).toBe(1);
    expect(loss).toBe(history.best?.training?.loss);
  });

  test('the parameters before the first epoch are a candidate', async () => {
    for (const options of [{}, { validationData: { x: [1], y: [1] } }]) {
      const { net, history, loss } = await oneWeight([2, 2], options);
      expect(history.best).toMatchObject({ epoch: 0, step: 0, loss: 1 });
      expect(loss).toBe(1);
      expect(Array.from(net.parameters)).toEqual([0]);
      expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    }
  });

  test('the optimizer’s state comes back with them', async () => {
    for (const optimizer of [adam({ learningRate: 0.1 }), sgd({ learningRate: 0.1, momentum: 0.9 })]) {
      const make = () => sequential(2, [dense(8, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer, seed: 2, reproducible: true });
      const [net, twin] = [make(), make()];
      const earlyStopping = scripted([3, 1, 2, 4], { patience: 9 });
      const { best } = await net.fit(data, { epochs: 4, shuffle: false, earlyStopping });
      expect(best?.epoch).toBe(2);
      await twin.fit(data, { epochs: 2, shuffle: false });
      await net.fit(data, { epochs: 3, shuffle: false });
      await twin.fit(data, { epochs: 3, shuffle: false });
      expect(Array.from(net.parameters)).toEqual(Array.from(twin.parameters));
    }
  });
});

describe('a monitor', () => {
  test.each<[string, () => unknown, string]>([
    ['NaN', () => Number.NaN, 'gave NaN for epoch 0'],
    ['undefined', () => undefined, 'gave undefined for epoch 0'],
    ['a string', () => '1', 'gave "1" for epoch 0'],
    ['a promise', async () => 1, 'gave a promise, expected a value'],
    ['a promise that rejects', () => Promise.reject(new Error('nobody looks')), 'gave a promise'],
  ])('that gives %s is refused at once', async (_, monitor, message) => {
    const net = network();
    const before = Array.from(net.parameters);
    const fitting = net.fit(data, { epochs: 3, earlyStopping: { patience: 1, monitor: monitor as () => number } });
    await expect(fitting).rejects.toThrow(ValueError);
    await expect(fitting).rejects.toThrow(`fit: earlyStopping.monitor ${message}`);
    expect(Array.from(net.parameters)).toEqual(before);
    net.step(data.x, data.y);
  });

  test('may give NaN where the loss is none, which is not better', async () => {
    const { history } = await oneWeight([1e25, 0.4], { earlyStopping: { patience: 1, monitor: (end) => (end.epoch === 1 ? Number.NaN : 1) } });
    expect(history.epochs.map(({ training }) => training?.loss)).toEqual([Number.POSITIVE_INFINITY]);
    expect(history.best?.epoch).toBe(0);
  });
});

test.each<[unknown, string]>([
  [false, 'fit: earlyStopping is false'],
  [null, 'fit: earlyStopping is null'],
  [3, 'fit: earlyStopping is 3'],
  [{ patience: 1, restoreBestWeights: true }, 'fit: there is no option "restoreBestWeights"'],
  [{ patience: 0 }, 'earlyStopping.patience is 0, expected a whole number of epochs > 0'],
  [{}, 'earlyStopping.patience is undefined'],
  [{ patience: 1, minDelta: -1 }, 'earlyStopping.minDelta is -1, expected a finite number ≥ 0'],
  [{ patience: 1, monitor: 'r2' }, `earlyStopping.monitor is "r2", expected 'loss', a metric of { metrics }, or a function`],
  [{ patience: 1, monitor: 'accuracy' }, "earlyStopping.monitor is 'accuracy', but the loss has no decisions"],
])('%j is refused', async (earlyStopping, message) => {
  await expect(network().fit(data, { earlyStopping: earlyStopping as EarlyStopping })).rejects.toThrow(message);
});
