import { freemem } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  adam,
  batchNorm,
  copyParameters,
  crossEntropy,
  dataset,
  dense,
  load,
  MemoryError,
  meanSquaredError,
  type Network,
  type Optimizer,
  save,
  sequential,
  sgd,
} from 'neurite';
import { hvp, jacobian } from 'neurite/derivatives';
import { trace } from 'neurite/inspect';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Build, coreOf } from '../../src/core/core.js';
import { watchBlocks } from '../core/watchBlocks.js';
import { builds } from '../kernels/machine.js';
import { filled, numbers } from '../kernels/numbers.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is alive on the JavaScript heap, in bytes. Finalizers run between two collections. */
async function heapInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

const next = numbers(1);
const rows = 8;
const x = filled(rows * 4, next);
const y = Uint8Array.from({ length: rows }, (_, i) => i % 3);

function small(build?: Build, optimizer: Optimizer = adam()): Network {
  return sequential(4, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer, seed: 1, build });
}

/**
 * Fails unless a round of n calls leaves linear memory as it was, and the heap but for two bytes a call: an object that each call left
 * behind would be twelve and more. Several rounds are allowed, as the engine's own records of the code it runs (feedback, compiled code) grow
 * until they are complete, and what it has alive goes up and down by 200 kB from round to round; a leak shows in each of them.
 */
async function expectFlat(build: Build, n: number, round: (n: number) => void, least = 1): Promise<void> {
  const { memory } = coreOf(build);
  round(n / 10);
  const growth: number[] = [];
  let heap = await heapInUse();
  const bytes = memory.buffer.byteLength;
  while (growth.length < least || (growth.length < 8 && (growth.at(-1) as number) >= 2 * n)) {
    round(n);
    const now = await heapInUse();
    growth.push(now - heap);
    heap = now;
  }
  expect(memory.buffer.byteLength).toBe(bytes);
  expect(growth.at(-1), `growth by round: ${growth}`).toBeLessThan(2 * n);
}

/**
 * Fails unless a loop of `times` calls leaves no garbage: a fifth of a byte a call, in a round without a collection, which would hide it. Linear
 * memory stays as it is.
 */
async function expectNoGarbage(build: Build, times: number, loop: (n: number) => void): Promise<void> {
  loop(times / 10);
  // Code that is not optimized yet allocates numbers, but not for long: of several rounds, the best tells what the calls themselves take.
  const limit = Math.max(50_000, times / 5);
  const rounds: { grown: number; collections: number }[] = [];
  for (let round = 0; round < 5 && !rounds.some(({ grown, collections }) => collections === 0 && grown < limit); round++) {
    await heapInUse();
    // Garbage that was swept in between would not show in the heap's size.
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    observer.observe({ entryTypes: ['gc'] });
    const bytes = coreOf(build).memory.buffer.byteLength;
    const heap = process.memoryUsage().heapUsed;
    loop(times);
    const grown = process.memoryUsage().heapUsed - heap;
    await setImmediate();
    observer.disconnect();
    expect(coreOf(build).memory.buffer.byteLength).toBe(bytes);
    rounds.push({ grown, collections });
  }
  expect(rounds.at(-1)?.grown, JSON.stringify(rounds)).toBeLessThan(limit);
  expect(rounds.at(-1)?.collections).toBe(0);
}

describe.each(builds)('%s', (build) => {
  test.each([
    ['adam', adam()],
    ['plain descent', sgd()],
  ])('100,000 steps leave linear memory and heap as they were: %s', async (_, optimizer) => {
    const net = small(build, optimizer);
    await expectFlat(build, 100_000, (n) => {
      for (let i = 0; i < n; i++) net.step(x, y);
    });
    net.dispose();
  });

  test.each<[string, (net: Network, x: Float32Array, out: Float32Array) => void, number, number]>([
    ['predict, one row', (net, x, out) => net.predict(x, out), 1, 1_000_000],
    ['predict, 8 rows', (net, x, out) => net.predict(x, out), 8, 1_000_000],
    ['predict, 700 rows', (net, x, out) => net.predict(x, out), 700, 10_000],
    ['run', (net) => net.run(), 1, 1_000_000],
  ])('%s: calls allocate nothing', async (what, call, rows, times) => {
    const net = small(build);
    const x = filled(rows * 4, next);
    const out = new Float32Array(rows * 3);
    await expectNoGarbage(build, times, (n) => {
      for (let i = 0; i < n; i++) call(net, x, out);
    });
    // The way without allocations is another one in the code, to the same bits.
    if (what !== 'run') expect(out).toEqual(Float32Array.from(net.predict(Array.from(x))));
    net.dispose();
  });

  test.each([
    ['1-16-16-1', [1, 16, 16, 1], 300_000],
    ['784-128-10', [784, 128, 10], 2_000],
  ] as const)(
    'a trained network that is followed, %s: copyParameters, update and predict allocate nothing',
    async (_, [inFeatures, ...widths], times) => {
      const layers = widths.flatMap((width) => [dense(width, 'tanh'), batchNorm()]);
      const net = sequential(inFeatures, layers, { loss: meanSquaredError(), optimizer: adam(), build });
      const player = net.freeze();
      const [rows, width] = [4, widths.at(-1) as number];
      const x = filled(rows * inFeatures, next);
      const targets = filled(rows * width, next);
      const out = new Float32Array(rows * width);
      const values = copyParameters(net);
      net.step(x, targets);
      await expectNoGarbage(build, times, (n) => {
        for (let i = 0; i < n; i++) {
          player.update(copyParameters(net, values));
          player.predict(x, out);
        }
      });
      expect(out).toEqual(net.predict(x));
      player.dispose();
      net.dispose();
    },
  );

  test('forgotten networks and data sets are collected', async () => {
    const { memory } = coreOf(build);
    const forget = async () => {
      for (let i = 0; i < 100; i++) {
        const net = sequential(100, [dense(250, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), build });
        net.evaluate(dataset({ x: new Float32Array(100 * 100), y: new Uint8Array(100) }));
        net.freeze();
      }
      await heapInUse();
    };
    await forget();
    const bytes = memory.buffer.byteLength;
    // Each round would take 40 MB if nothing came back.
    for (let i = 0; i < 5; i++) await forget();
    expect(memory.buffer.byteLength).toBe(bytes);
  });
});

test('100,000 networks made and disposed of leave linear memory and heap as they were', async () => {
  const cycles = (n: number) => {
    for (let i = 0; i < n; i++) {
      const net = small('simd');
      if (i % 10 === 0) net.step(x, y);
      if (i % 10 === 5) net.predict(x);
      net.dispose();
    }
  };
  await expectFlat('simd', 50_000, cycles, 2);
});

/** Everything that takes memory, one after the other; each step with what a network that survives it must still be able to do. */
const life: { what: string; run: (net: Network) => unknown }[] = [
  { what: 'predict', run: (net) => net.predict(x) },
  { what: 'predict many', run: (net) => net.predict(new Float32Array(4 * 300)) },
  { what: 'logits', run: (net) => net.logits(x) },
  { what: 'run', run: (net) => net.run() },
  { what: 'gradient', run: (net) => net.gradient(x, y) },
  { what: 'step', run: (net) => net.step(x, y) },
  { what: 'step with rows', run: (net) => net.step(x, new Float32Array(rows * 3).fill(1 / 3)) },
  { what: 'trace', run: (net) => trace(net, x, y) },
  { what: 'jacobian', run: (net) => jacobian(net, x) },
  { what: 'hvp', run: (net) => hvp(net, x, y, new Float32Array(net.parameterCount)) },
  { what: 'evaluate', run: (net) => net.evaluate({ x, y }) },
  { what: 'fit', run: (net) => net.fit({ x, y }, { epochs: 3, batchSize: 3, validationData: { x, y } }) },
  { what: 'evaluateAsync', run: (net) => net.evaluateAsync({ x, y }) },
  { what: 'fit with early stopping', run: (net) => net.fit({ x, y }, { epochs: 2, earlyStopping: { patience: 1 } }) },
  { what: 'fit in chunks', run: (net) => net.fit({ x, y, budget: 0 }, { epochs: 2, batchSize: 3 }) },
  { what: 'configure', run: (net) => net.configure({ optimizer: sgd({ momentum: 0.9 }) }) },
  { what: 'step after that', run: (net) => net.step(x, y) },
  { what: 'reset', run: (net) => net.reset() },
  { what: 'freeze', run: (net) => using(net.freeze(), (frozen) => frozen.predict(x)) },
  { what: 'update', run: (net) => using(net.freeze(), (frozen) => frozen.update(copyParameters(net))) },
  { what: 'save and load', run: (net) => using(load(save(net)), (loaded) => loaded.predict(x)) },
];

function fail(message: string): never {
  throw new Error(message);
}

function using<T extends { dispose(): void }>(resource: T, use: (resource: T) => unknown): void {
  try {
    use(resource);
  } finally {
    resource.dispose();
  }
}

describe('blocks of memory', () => {
  afterEach(() => vi.restoreAllMocks());

  test('whatever a network does, dispose gives every block back', async () => {
    const { blocks } = watchBlocks();
    const net = small();
    for (const { run } of life) await run(net);
    for (const wrong of [
      () => net.step(x.subarray(1), y),
      () => net.step(x, [9, 9, 9, 9, 9, 9, 9, 9]),
      () => net.fit({ x, y: y.map((id) => id + 1) }),
      () => net.fit({ x, y }, { onEpoch: () => fail('from the callback') }),
      () => net.fit({ x, y }, { epochs: 5, signal: AbortSignal.abort() }),
      () => net.fit({ x, y }, { epochs: 5, learningRate: () => -1 }),
      () => net.fit({ x, y }, { earlyStopping: false as never }),
      () => net.fit({ x, y }, { earlyStopping: { patience: 1, monitor: () => fail('from the monitor') } }),
      () => net.fit({ x, y }, { validationData: '' as never }),
      () => net.fit({ x, y }, { validationData: { x, y: [] } }),
      () => net.fit({ x, y }, { onEpoch: async () => fail('from the callback') }),
      () => net.evaluate({ x, y }, { metrics: [{ name: 'odd', begin: () => fail('from a metric') }] }),
      () => net.evaluateAsync({ x, y }, { onProgress: () => fail('from the callback') }),
      () => net.evaluateAsync({ x, y, budget: 0 }, { signal: AbortSignal.abort() }),
      () => net.evaluate({ x, y: y.subarray(1) }),
    ]) {
      await expect((async () => wrong())()).rejects.toThrow();
    }
    net.dispose();
    expect([...blocks.values()]).toEqual([]);
  });

  test('a data set keeps its blocks over several fits, and gives them back', async () => {
    const { blocks } = watchBlocks();
    const net = small();
    const data = dataset({ x, y });
    await net.fit(data);
    await net.fit(data);
    net.dispose();
    expect(blocks.size).toBe(2);
    data.dispose();
    expect(blocks.size).toBe(0);
  });

  test('memory refused anywhere is a MemoryError, changes no parameter, loses no block, and the network goes on', async () => {
    const counting = watchBlocks();
    small().dispose();
    const creation = counting.allocations();
    vi.restoreAllMocks();
    for (let n = 0; n < creation; n++) {
      const { blocks } = watchBlocks((count) => count === n);
      expect(() => small(), `allocation ${n} of creation`).toThrow(MemoryError);
      expect([...blocks.values()], `allocation ${n} of creation`).toEqual([]);
      vi.restoreAllMocks();
    }
    expect(creation).toBeGreaterThan(1);

    for (const { what, run } of life) {
      for (let n = 0; ; n++) {
        let armed = -1;
        const { blocks } = watchBlocks(() => armed >= 0 && armed-- === 0);
        const net = small();
        const before = net.parameters.slice();
        armed = n;
        const outcome = await (async () => run(net))().then(
          () => undefined,
          (error: unknown) => error,
        );
        const refused = armed < 0;
        armed = -1;
        const where = `allocation ${n} of ${what}`;
        if (refused) {
          expect(outcome, where).toBeInstanceOf(MemoryError);
          expect(net.parameters, where).toEqual(before);
          await run(net);
        } else {
          expect(outcome, where).toBeUndefined();
        }
        net.dispose();
        expect([...blocks.values()], where).toEqual([]);
        vi.restoreAllMocks();
        if (!refused) break;
      }
    }
  });
});

// Half of the address space has its top bit set, which is a sign wherever an address is shifted as one.
test.skipIf(freemem() < 2 ** 33)('a network beyond 2 GiB works as one below', async () => {
  const work = async () => {
    const net = small('simd');
    net.step(x, y);
    await net.fit({ x, y }, { epochs: 2, batchSize: 3 });
    const loaded = load(save(net));
    const results = [...net.parameters, ...loaded.predict(x), ...hvp(net, x, y, net.parameters.slice()), net.evaluate({ x, y }).loss];
    net.dispose();
    loaded.dispose();
    return results;
  };
  const core = coreOf('simd');
  const expected = await work();
  const ballast = [core.allocate(2.2e9, 'ballast')];
  // Whatever is free below is taken too.
  for (const size of [2 ** 20, 2 ** 16, 2 ** 12, 2 ** 8, 16]) {
    do ballast.push(core.allocate(size, 'ballast'));
    while ((ballast.at(-1) as number) < 2 ** 31);
  }
  expect(await work()).toEqual(expected);
  for (const block of ballast) core.free(block);
});
