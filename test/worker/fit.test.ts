/** Training in a worker: the bits of training here, with callbacks, aborts and pauses that stay in the page. */
import {
  accuracy,
  adam,
  checkpoint,
  copyParameters,
  cosine,
  crossEntropy,
  dataset,
  dense,
  dropout,
  exponentialDecay,
  type FitOptions,
  type History,
  lbfgs,
  type Metric,
  type Optimizer,
  oneCycle,
  PauseController,
  reduceOnPlateau,
  restore,
  sequential,
  stepDecay,
  stream,
  topK,
  warmup,
} from 'neurite';
import { inWorker, type WorkerFitOptions } from 'neurite/worker';
import { describe, expect, test } from 'vitest';
import { metrics, schedules } from '../vocabulary.js';
import { bits, channel } from './channel.js';

const rows = 60;
const x = Float32Array.from({ length: 4 * rows }, (_, i) => Math.sin(i * i + 1));
const y = Uint8Array.from({ length: rows }, (_, i) => i % 3);
const validationData = { x: x.slice(0, 40), y: y.slice(0, 10) };

const make = (optimizer: Optimizer = adam({ learningRate: 0.01 })) =>
  sequential(4, [dense(8, 'relu'), dropout(0.2), dense(3, 'softmax')], { loss: crossEntropy(), optimizer, seed: 7, reproducible: true });

/** What of a history has no time in it. */
function told({ epochs, best }: History<readonly Metric[]>): unknown {
  return { epochs: epochs.map(numbersOf), best: best && numbersOf(best) };
}

function numbersOf(end: History['epochs'][number]): unknown {
  const { seconds: _, samplesPerSecond: __, secondsLeft: ___, longestBlock: ____, ...numbers } = end;
  return numbers;
}

/** What `fit` takes besides, made anew for each of two networks. */
const cases: Readonly<Record<string, () => FitOptions<readonly Metric[]>>> = {
  'nothing else': () => ({}),
  'batches and no shuffle': () => ({ epochs: 3, batchSize: 7, shuffle: false }),
  'accumulated steps': () => ({ epochs: 2, batchSize: 8, accumulationSteps: 3 }),
  'validation data, metrics and early stopping': () => ({
    epochs: 8,
    validationData,
    metrics: [accuracy, topK(2)],
    earlyStopping: { patience: 2, monitor: 'top2' },
  }),
  'a data set to validate on': () => ({ epochs: 2, validationData: dataset(validationData) }),
  'held back rows, and early stopping on the loss': () => ({ epochs: 6, validationSplit: 0.2, earlyStopping: { patience: 1, minDelta: 0.5 } }),
  'early stopping on the training data': () => ({ epochs: 4, earlyStopping: { patience: 2, monitor: 'accuracy' } }),
  'a schedule in a warm-up': () => ({ epochs: 4, learningRate: warmup(1, cosine(0.05, { epochs: 3, final: 1e-3 })) }),
  'a schedule that follows': () => ({ epochs: 6, learningRate: warmup(1, reduceOnPlateau(0.05, { patience: 0, factor: 0.5, minDelta: 0.9 })) }),
  'a rate': () => ({ epochs: 2, learningRate: 0.003 }),
  'epochs that count as done': () => ({ initialEpoch: 2, epochs: 4, learningRate: stepDecay(0.1, { every: 2 }) }),
  'a budget of time': () => ({ epochs: 2, budgetMs: 1 }),
  'one cycle': () => ({ epochs: 3, learningRate: oneCycle(0.05, { epochs: 3, anneal: 'linear' }) }),
  'a fall': () => ({ epochs: 3, learningRate: exponentialDecay(0.05, { factor: 0.5 }) }),
};

describe('the bits of a fit are those of a fit here', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    const options = cases[name] as () => FitOptions<readonly Metric[]>;
    const here = make();
    const there = await inWorker(make(), { worker: channel() });
    // A second fit goes on from the state that the first left.
    for (let i = 0; i < 2; i++) expect(told(await there.fit({ x, y }, options()))).toEqual(told(await here.fit({ x, y }, options())));
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
  });

  test('an optimizer that searches', async () => {
    const [here, there] = [make(lbfgs()), await inWorker(make(lbfgs()), { worker: channel() })];
    expect(told(await there.fit({ x, y }, { epochs: 5 }))).toEqual(told(await here.fit({ x, y }, { epochs: 5 })));
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
  });

  test('a schedule that follows remembers in the page what it learned in the worker', async () => {
    const [mine, sent] = [
      reduceOnPlateau(0.05, { patience: 0, factor: 0.5, minDelta: 0.9 }),
      reduceOnPlateau(0.05, { patience: 0, factor: 0.5, minDelta: 0.9 }),
    ];
    const [here, there] = [make(), await inWorker(make(), { worker: channel() })];
    for (let i = 0; i < 2; i++) {
      await here.fit({ x, y }, { epochs: 3, learningRate: mine });
      await there.fit({ x, y }, { epochs: 3, learningRate: sent });
      expect(sent.state()).toEqual(mine.state());
    }
    expect(mine.state().learningRate).toBeLessThan(0.02);
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
  });

  test('streams: their rows come from the page, in its order, shuffled and in batches', async () => {
    const source = () =>
      stream(
        async function* () {
          for (let i = 0; i < rows; i++) yield { x: x.slice(i * 4, i * 4 + 4), y: y[i] as number };
        },
        { rows },
      )
        .shuffle(20)
        .batch(7);
    const [here, there] = [make(), await inWorker(make(), { worker: channel() })];
    expect(told(await there.fit(source(), { epochs: 3, validationData }))).toEqual(told(await here.fit(source(), { epochs: 3, validationData })));
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
  });

  test('a training interrupted there goes on here, and one interrupted here goes on there', async () => {
    const whole = make();
    await whole.fit({ x, y }, { epochs: 4 });
    const [here, there] = [make(), await inWorker(make(), { worker: channel() })];
    const twice = async (net: { fit: typeof here.fit }) => {
      const controller = new AbortController();
      await expect(
        net.fit({ x, y }, { epochs: 4, signal: controller.signal, onEpoch: ({ epoch }) => (epoch === 2 ? controller.abort() : undefined) }),
      ).rejects.toThrow();
    };
    await twice(here);
    await twice(there as never);
    const moved = await inWorker(here, { worker: there.worker });
    await moved.fit({ x, y }, { epochs: 2 });
    expect(bits(await moved.snapshot())).toEqual(bits(copyParameters(whole)));
    const checkpointed = await inWorker(checkpoint(here), { worker: there.worker });
    await checkpointed.fit({ x, y }, { epochs: 4 });
    const restored = await inWorker(restore(await there.checkpoint()), { worker: there.worker });
    await restored.fit({ x, y }, { epochs: 4 });
    await there.fit({ x, y }, { epochs: 2 });
    for (const net of [there, checkpointed, restored]) expect(bits(await net.snapshot())).toEqual(bits(copyParameters(whole)));
  });
});

describe('what neurite makes goes to a worker', () => {
  test.each(metrics.map(({ name, metric }) => ({ name, metric })))('$name', async ({ metric }) => {
    const there = await inWorker(make(), { worker: channel() });
    const evaluated = (call: () => unknown): unknown => {
      try {
        return call();
      } catch (error) {
        return String(error);
      }
    };
    const expected = evaluated(() => make().evaluate({ x, y }, { metrics: [metric] }));
    expect(await there.evaluate({ x, y }, { metrics: [metric] }).catch(String)).toEqual(expected);
  });

  test.each(schedules.flatMap(({ variants }) => variants.map(([label, schedule]) => ({ label, schedule }))))('$label', async ({ schedule }) => {
    const [here, there] = [make(), await inWorker(make(), { worker: channel() })];
    await there.fit({ x, y }, { epochs: 4, learningRate: schedule() });
    await here.fit({ x, y }, { epochs: 4, learningRate: schedule() });
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
  });
});

describe('callbacks run here', () => {
  test('progress and epochs, with the newest parameters on request', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const seen: string[] = [];
    let last: Float32Array | undefined;
    const history = await there.fit(
      { x, y },
      {
        epochs: 3,
        snapshots: true,
        onProgress: ({ epoch, parameters }) => seen.push(`progress ${epoch} ${parameters?.length}`),
        onEpoch: ({ epoch, parameters }) => {
          seen.push(`epoch ${epoch} ${parameters?.length}`);
          last = parameters;
        },
      },
    );
    expect(history.epochs).toHaveLength(3);
    expect(seen.filter((line) => line.startsWith('epoch'))).toEqual(['epoch 1 69', 'epoch 2 69', 'epoch 3 69']);
    expect(seen.indexOf('progress 2 69')).toBeGreaterThan(seen.indexOf('epoch 1 69'));
    expect(bits(last as Float32Array)).toEqual(bits(await there.snapshot()));
  });

  test('without snapshots there are no parameters in what they get', async () => {
    const there = await inWorker(make(), { worker: channel() });
    await there.fit({ x, y }, { onProgress: (progress) => expect('parameters' in progress).toBe(false) });
  });

  test('onEpoch ends the training with false, also by a promise, and may ask the network', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const history = await there.fit(
      { x, y },
      {
        epochs: 9,
        onEpoch: async ({ epoch }) => {
          expect(await there.predict([1, 2, 3, 4])).toHaveLength(3);
          return epoch < 2;
        },
      },
    );
    expect(history.epochs).toHaveLength(2);
  });

  test.each(['onProgress', 'onEpoch'])('what %s throws rejects fit with that very error, and the network goes on', async (name) => {
    const there = await inWorker(make(), { worker: channel() });
    const error = new Error('of the caller');
    for (const callback of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ])
      await expect(there.fit({ x, y }, { epochs: 500, [name]: callback })).rejects.toBe(error);
    expect(await there.step(x, y)).toBeTypeOf('number');
  });

  test('a page that hears slowly is told the newest, one at a time', async () => {
    const there = await inWorker(make(), { worker: channel() });
    let now = 0;
    let most = 0;
    let heard = 0;
    await there.fit(
      { x, y },
      {
        epochs: 50,
        onProgress: async () => {
          most = Math.max(most, ++now);
          heard++;
          await new Promise((resolve) => setTimeout(resolve, 5));
          now--;
        },
      },
    );
    expect(most).toBe(1);
    expect(heard).toBeLessThan(50);
    expect(heard).toBeGreaterThan(0);
  });

  test('progress of an evaluation', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const shares: number[] = [];
    await there.evaluateAsync({ x, y }, { onProgress: ({ share }) => shares.push(share) });
    expect(shares.at(-1)).toBe(1);
  });
});

describe('a signal', () => {
  test('rejects with its reason, and the parameters stay valid', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const controller = new AbortController();
    const reason = new Error('enough');
    const options: WorkerFitOptions = { epochs: 1e6, signal: controller.signal };
    const training = there.fit({ x, y }, options);
    setTimeout(() => controller.abort(reason), 20);
    await expect(training).rejects.toBe(reason);
    expect((await there.snapshot()).every(Number.isFinite)).toBe(true);
    expect(await there.step(x, y)).toBeTypeOf('number');
  });

  test('that was aborted before sends nothing and moves nothing', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const before = await there.snapshot();
    const moved = x.slice();
    await expect(there.fit({ x: moved, y }, { signal: AbortSignal.abort('no'), transfer: true })).rejects.toBe('no');
    expect(moved).toHaveLength(x.length);
    expect(await there.snapshot()).toEqual(before);
  });

  test('that tells nobody is asked', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const signal = {
      aborted: false,
      reason: 'asked',
      throwIfAborted() {
        if (this.aborted) throw this.reason;
      },
    };
    setTimeout(() => {
      signal.aborted = true;
    }, 20);
    await expect(there.fit({ x, y }, { epochs: 1e6, signal })).rejects.toBe('asked');
  });

  test('ends the fit with the best epoch in its place', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const controller = new AbortController();
    const snapshots: Float32Array[] = [];
    await expect(
      there.fit(
        { x, y },
        {
          epochs: 1e6,
          signal: controller.signal,
          earlyStopping: { patience: 1e5, monitor: 'loss', mode: 'max' },
          snapshots: true,
          onEpoch: ({ epoch, parameters }) => {
            snapshots.push(parameters as Float32Array);
            if (epoch === 3) controller.abort();
          },
        },
      ),
    ).rejects.toThrow();
    expect(snapshots).toHaveLength(3);
    expect(snapshots.map(bits)).not.toContainEqual(bits(await there.snapshot()));
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(make())));
  });
});

test('a pause holds the training, and other calls run meanwhile', async () => {
  const there = await inWorker(make(), { worker: channel() });
  const pause = new PauseController();
  pause.pause();
  let epochs = 0;
  const training = there.fit({ x, y }, { epochs: 20, pause, onEpoch: () => void epochs++ });
  const before = await there.snapshot();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await there.snapshot()).toEqual(before);
  expect(epochs).toBe(0);
  pause.resume();
  await training;
  expect(epochs).toBe(20);
});

describe('data', () => {
  test('are copied, and moved on request', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const [mine, targets] = [x.slice(), y.slice()];
    await there.fit({ x: mine, y: targets });
    expect([mine.length, targets.length]).toEqual([x.length, y.length]);
    await there.fit({ x: mine, y: targets }, { transfer: true });
    expect([mine.length, targets.length]).toEqual([0, 0]);
    const row = Float32Array.of(1, 2, 3, 4);
    await there.predict(row, { transfer: true });
    expect(row).toHaveLength(0);
  });

  test('a part of a larger memory is copied, and so is memory of a core', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const part = x.subarray(0, 4);
    const net = make();
    await there.predict(part, { transfer: true });
    await there.setParameters({ 'dense2.biases': net.parameter('dense2.biases').values }, { transfer: true, partial: true });
    expect([part.length, net.parameters.length]).toEqual([4, 67]);
  });

  test('a data set is sent once, however often it is used', async () => {
    const port = channel();
    const sent: number[] = [];
    const post = port.postMessage.bind(port);
    port.postMessage = (message: unknown, transfer: unknown = []) => {
      sent.push((transfer as Transferable[]).length);
      post(message, transfer as Transferable[]);
    };
    const there = await inWorker(make(), { worker: port });
    const data = dataset({ x, y });
    sent.length = 0;
    for (let i = 0; i < 3; i++) await there.evaluate(data);
    await there.fit(data, { validationData: data });
    expect(sent).toEqual([2, 0, 0, 0]);
  });

  test('a data set of the worker has a handle, which ends when it is disposed of', async () => {
    const there = await inWorker(make(), { worker: channel() });
    const mine = x.slice();
    const data = there.worker.dataset({ x: mine, y: y.slice() }, { transfer: true });
    expect(mine).toHaveLength(0);
    expect(await there.evaluate(data)).toEqual(make().evaluate({ x, y }));
    await there.fit(data, { validationData: data as never });
    data.dispose();
    await expect(there.evaluate(data)).rejects.toThrow('the data set was disposed of');
  });
});
