/** How long work keeps the event loop waiting: by a clock that the work itself moves on, so that nothing here depends on the machine. */
import { adam, crossEntropy, dense, type EvaluationProgress, type FitProgress, type Network, sequential } from 'neurite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Context } from '../../assembly/context.js';
import { LoadedProgram } from '../../src/engine/loadedProgram.js';
import { sweep } from '../sweep.js';

const rows = 20_000;
const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.fround(Math.sin(i * 2.3)));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * 7) % 3);
const data = { x, y };
const make = (): Network => sequential(3, [dense(4, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 6 });

/** Seconds that a row and a call take. */
let perRow = 0;
let time = 0;
/** Between two pauses, in seconds. */
let blocks: number[] = [];

beforeEach(() => {
  time = 0;
  blocks = [];
  let began = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => time * 1000);
  const { train } = LoadedProgram.prototype;
  vi.spyOn(LoadedProgram.prototype, 'train').mockImplementation(function (this: LoadedProgram, steps, batch, total) {
    time += Math.min(steps * batch, total - this.workspace.get(Context.Position)) * perRow;
    return train.call(this, steps, batch, total);
  });
  const real = setImmediate;
  vi.stubGlobal('setImmediate', (next: () => void) => {
    blocks.push(time - began);
    began = time;
    real(next);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** The longest block, with what came after the last pause. */
const longest = () => Math.max(...blocks);
const LIMIT = 0.016;

describe('no block is longer than 16 ms', () => {
  test.each([1, 32, 1024])('fit with batches of %i', async (batchSize) => {
    perRow = 10e-6;
    await make().fit(data, { epochs: 2, batchSize });
    expect(blocks.length).toBeGreaterThan(2 * rows * perRow * 30);
    expect(longest()).toBeLessThan(LIMIT);
    // Nor is much time lost: most turns are used.
    expect(blocks.length).toBeLessThan(2 * rows * perRow * 250);
  });

  test('a fit with large batches after one with small ones', async () => {
    perRow = 10e-6;
    const net = make();
    await net.fit(data, { batchSize: 1 });
    await net.fit(data, { batchSize: 1024 });
    expect(longest()).toBeLessThan(LIMIT);
  });

  test('short fits in a row', async () => {
    perRow = 10e-6;
    const net = make();
    for (let i = 0; i < sweep(200, 60); i++) await net.fit({ x: x.subarray(0, 300), y: y.subarray(0, 100) });
    for (let i = 0; i < sweep(200, 60); i++) await net.evaluateAsync({ x: x.subarray(0, 300), y: y.subarray(0, 100) });
    expect(blocks.length).toBeGreaterThan(sweep(20, 6));
    expect(longest()).toBeLessThan(LIMIT);
  });

  test('validation, and what early stopping looks at', async () => {
    perRow = 10e-6;
    for (const options of [{ validationData: data }, { earlyStopping: { patience: 9 } }]) {
      await make().fit({ x: x.subarray(0, 3000), y: y.subarray(0, 1000) }, { epochs: 3, ...options });
    }
    expect(longest()).toBeLessThan(LIMIT);
  });

  test('data past the budget', async () => {
    perRow = 10e-6;
    await make().fit({ ...data, budget: 0 }, { batchSize: 3 });
    expect(longest()).toBeLessThan(LIMIT);
  });

  test('evaluateAsync, with metrics too', async () => {
    perRow = 10e-6;
    const net = make();
    const metrics = [{ name: 'rows', begin: () => ({ add: () => {}, value: () => 1 }) }] as const;
    expect(await net.evaluateAsync(data)).toEqual(net.evaluate(data));
    expect(await net.evaluateAsync(data, { metrics })).toEqual(net.evaluate(data, { metrics }));
    // `evaluate` itself is one block of 0.2 s, and of 0.4 s with metrics.
    blocks = blocks.filter((block) => block < 0.19);
    expect(blocks.length).toBeGreaterThan(30);
    expect(longest()).toBeLessThan(LIMIT);
  });
});

test('unless a single step takes longer, which the progress says', async () => {
  perRow = 50e-6;
  const seen: FitProgress[] = [];
  await make().fit(data, { batchSize: 1000, onProgress: (progress) => void seen.push(progress) });
  expect(longest()).toBeCloseTo(0.05, 9);
  // Step by step.
  expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  for (const { longestBlock } of seen) expect(longestBlock).toBeCloseTo(0.05, 9);
  perRow = 1e-6;
  const quick: FitProgress[] = [];
  await make().fit(data, { onProgress: (progress) => void quick.push(progress) });
  for (const { longestBlock } of quick) expect(longestBlock).toBeLessThan(LIMIT);
});

test('an abort is answered within a turn: in steps, in validation, in evaluateAsync', async () => {
  perRow = 10e-6;
  const abortAfter = (seconds: number) => {
    const controller = new AbortController();
    const until = time + seconds;
    const real = setImmediate;
    vi.stubGlobal('setImmediate', (next: () => void) => {
      if (time >= until) controller.abort('enough');
      real(next);
    });
    return { signal: controller.signal, until };
  };
  const few = { x: x.subarray(0, 30), y: y.subarray(0, 10) };
  for (const run of [
    (signal: AbortSignal) => make().fit(data, { epochs: 100, signal }),
    (signal: AbortSignal) => make().fit(few, { epochs: 100, validationData: data, signal }),
    (signal: AbortSignal) => make().evaluateAsync(data, { signal }),
  ]) {
    const { signal, until } = abortAfter(0.1);
    await expect(run(signal)).rejects.toBe('enough');
    expect(time - until).toBeLessThan(LIMIT);
  }
});

test('evaluateAsync tells where it stands', async () => {
  perRow = 10e-6;
  const seen: EvaluationProgress[] = [];
  const net = make();
  await net.evaluateAsync(data, { onProgress: (progress) => void seen.push(progress) });
  expect(seen.length).toBeGreaterThan(10);
  const total = rows * perRow;
  for (const { share, seconds, secondsLeft, longestBlock } of seen) {
    expect(seconds).toBeCloseTo(share * total, 9);
    expect(secondsLeft).toBeCloseTo((1 - share) * total, 9);
    expect(longestBlock).toBeLessThan(LIMIT);
  }
  expect(seen.at(-1)?.share).toBe(1);
  await expect(net.evaluateAsync(data, { onProgress: () => Promise.reject(new Error('mine')) })).rejects.toThrow('mine');
  await expect(net.evaluateAsync(data, { signal: AbortSignal.abort('before') })).rejects.toBe('before');
  await expect(net.evaluateAsync(data, { signal: null as unknown as AbortSignal })).rejects.toThrow('evaluateAsync: signal is null');
  await expect(net.evaluateAsync({ x, y: y.subarray(1) })).rejects.toThrow('evaluateAsync: y has 19999 numbers');
  net.dispose();
});

describe('an asynchronous callback is awaited', () => {
  const few = { x: x.subarray(0, 30), y: y.subarray(0, 10) };

  test.each(['onEpoch', 'onProgress'] as const)('%s: one at a time, and the next epoch waits', async (name) => {
    let running = 0;
    let calls = 0;
    const callback = async () => {
      calls++;
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    };
    await make().fit(few, { epochs: 5, [name]: callback });
    expect(running).toBe(0);
    expect(calls).toBe(5);
  });

  test.each(['onEpoch', 'onProgress'] as const)('%s: a rejection rejects the fit, which is over then', async (name) => {
    const net = make();
    const error = new Error('from the callback');
    await expect(net.fit(few, { epochs: 5, [name]: () => Promise.reject(error) })).rejects.toBe(error);
    net.step(few.x, few.y);
  });

  test('what it waits for does not count as a block', async () => {
    perRow = 1e-6;
    const wait = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      time += 10;
    };
    const { epochs } = await make().fit(few, { epochs: 4, onEpoch: wait, onProgress: wait });
    for (const { longestBlock } of epochs) expect(longestBlock).toBeLessThan(LIMIT);
  });

  test('one that never really waits does not keep the event loop waiting either', async () => {
    perRow = 10e-6;
    await make().fit(few, { epochs: sweep(3000, 600), batchSize: 1, onEpoch: async () => {} });
    expect(blocks.length).toBeGreaterThan(sweep(10, 2));
    expect(longest()).toBeLessThan(LIMIT);
  });

  test('a promise of false ends the training', async () => {
    const { epochs } = await make().fit(few, { epochs: 9, onEpoch: async ({ epoch }) => epoch < 3 });
    expect(epochs).toHaveLength(3);
  });
});

const TIMERS = ['setImmediate', 'MessageChannel', 'setTimeout'];

test.each([
  ['MessageChannel', TIMERS.slice(0, 1)],
  ['setTimeout', TIMERS.slice(0, 2)],
  // Before the first that makes it: it is made once.
  ['promises alone, without shared memory', [...TIMERS, 'Memory']],
  ['a wait on shared memory', TIMERS],
  ['promises alone', [...TIMERS, 'Atomics']],
])('it pauses by %s where there is no other way, and says how long it blocked', async (way, missing) => {
  perRow = 10e-6;
  const expected = make();
  await expected.fit(data);
  const keepsAwake = setInterval(() => {}, 5);
  try {
    const net = make();
    for (const name of missing) {
      if (name === 'Atomics') vi.stubGlobal(name, {});
      else if (name === 'Memory') {
        vi.spyOn(WebAssembly, 'Memory').mockImplementation(() => {
          throw new TypeError('not shared here');
        });
      } else vi.stubGlobal(name, undefined);
    }
    const seen: FitProgress[] = [];
    await net.fit(data, { onProgress: (progress) => void seen.push(progress) });
    expect(seen.length).toBeGreaterThan(10);
    expect(Array.from(net.parameters)).toEqual(Array.from(expected.parameters));
    const { longestBlock } = seen.at(-1) as FitProgress;
    if (way.startsWith('promises')) expect(longestBlock).toBeCloseTo(rows * perRow, 9);
    else expect(longestBlock).toBeLessThan(LIMIT);
  } finally {
    clearInterval(keepsAwake);
  }
});
