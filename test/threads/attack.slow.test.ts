/** What a stranger does to threads: no call computes on what is gone, and no two cores mix. */
import { createRequire } from 'node:module';
import {
  adam,
  checkpoint,
  constantInit,
  crossEntropy,
  dataset,
  dense,
  dropout,
  input,
  load,
  type Network,
  network,
  restore,
  save,
  sequential,
  sgd,
} from 'neurite';
import { type Threads, threads } from 'neurite/threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { debugTeam } from './debugTeam.js';

const x = Float32Array.from({ length: 96 * 70 }, (_, i) => ((i * 37) % 101) / 101);
const y = Uint8Array.from({ length: 96 }, (_, i) => i % 10);
const make = (options: object = {}): Network =>
  sequential(70, [dense(96, 'relu'), dropout(0.25), dense(10, 'softmax')], {
    loss: crossEntropy(),
    optimizer: adam(),
    seed: 3,
    build: 'simd',
    ...options,
  }) as Network;
const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer);

/** How a call ends: its error's code, 20 for an AbortError; `none` without. */
async function endOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const started: Threads[] = [];
async function start(count: number): Promise<Threads> {
  const team = await debugTeam('simd', count);
  started.push(team);
  return team;
}
afterEach(() => {
  for (const team of started.splice(0)) team.dispose();
  vi.restoreAllMocks();
});

describe('threads that are disposed of', () => {
  test.each<[string, (net: Network, dispose: () => void) => unknown]>([
    ['in onEpoch', (net, dispose) => net.fit({ x, y }, { epochs: 9, batchSize: 16, onEpoch: dispose })],
    ['in onProgress', (net, dispose) => net.fit({ x, y }, { epochs: 900, batchSize: 16, onProgress: dispose })],
    [
      'in a schedule',
      (net, dispose) =>
        net.fit(
          { x, y },
          {
            epochs: 9,
            batchSize: 16,
            learningRate: (step) => {
              if (step === 2) dispose();
              return 0.01;
            },
          },
        ),
    ],
    [
      'while a fit has begun',
      (net, dispose) => {
        const running = net.fit({ x, y }, { epochs: 1000, batchSize: 16 });
        dispose();
        return running;
      },
    ],
    [
      'while x is read',
      (net, dispose) =>
        net.predict([
          new Proxy(Array.from(x.subarray(0, 70)), {
            get: (row, key) => {
              if (key === '5') dispose();
              return Reflect.get(row, key);
            },
          }),
        ]),
    ],
    [
      'in a step, while y is read',
      (net, dispose) =>
        net.step(
          x.subarray(0, 70),
          new Proxy([3], {
            get: (row, key) => {
              if (key === '0') dispose();
              return Reflect.get(row, key);
            },
          }),
        ),
    ],
  ])('%s: DISPOSED, and nothing is unhandled', async (_, run) => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listen);
    const team = await start(2);
    const [net, other] = [make({ threads: team }), make({ threads: team })];
    expect(await endOf(() => run(net, () => team.dispose()))).toBe('DISPOSED');
    expect(await endOf(() => other.predict(x))).toBe('DISPOSED');
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
    net.dispose();
    other.dispose();
  });

  test('refuse every call of their networks, which can still be saved and disposed of', async () => {
    const team = await start(2);
    const net = make({ threads: team });
    const alone = make();
    const frozen = net.freeze();
    team.dispose();
    for (const call of [
      () => net.predict(x),
      () => net.step(x, y),
      () => net.gradient(x, y),
      () => net.evaluate({ x, y }),
      () => net.fit({ x, y }, { epochs: 1 }),
      () => net.reset(),
      () => net.configure({ optimizer: sgd() }),
      () => net.freeze(),
      () => net.run(),
      () => frozen.predict(x),
      () => make({ threads: team }),
      () => load(save(alone), { threads: team }),
    ])
      expect(await endOf(call), String(call)).toBe('DISPOSED');
    expect(bits(load(save(net)).predict(x))).toEqual(bits(alone.predict(x)));
    frozen.dispose();
    net.dispose();
    alone.dispose();
  });

  test('twice, or by `using`, are gone once', async () => {
    const team = await start(2);
    team[Symbol.dispose]();
    team.dispose();
    expect(await endOf(() => make({ threads: team }))).toBe('DISPOSED');
  });
});

describe('several cores', () => {
  test('train the same data set at the same time to the bits of one thread', async () => {
    const data = dataset({ x, y });
    const alone = make();
    const [two, three] = [await start(2), await start(3)];
    const nets = [two, three, two, three].map((team) => make({ threads: team }));
    await Promise.all([alone, ...nets].map((net) => net.fit(data, { epochs: 3, batchSize: 16 })));
    for (const net of nets) expect(bits(net.parameters)).toEqual(bits(alone.parameters));
    for (const net of [alone, ...nets]) net.dispose();
    data.dispose();
  });

  test('take parameters, rows and results from one another', async () => {
    const [two, three] = [await start(2), await start(3)];
    const [a, b, alone] = [make({ threads: two, seed: 8 }), make({ threads: three }), make({ seed: 8 })];
    b.parameters.set(a.parameters);
    expect(bits(b.predict(x))).toEqual(bits(alone.predict(x)));
    b.reset();
    for (const name of ['dense1.weights', 'dense1.biases', 'dense2.weights', 'dense2.biases']) b.parameter(name).set(a.parameter(name).values);
    expect(bits(b.predict(x))).toEqual(bits(alone.predict(x)));
    a.input.set(x.subarray(0, 70));
    const expected = bits(alone.predict(x.subarray(0, 70)));
    for (const out of [a.input.subarray(0, 10), b.input.subarray(0, 10), b.output.subarray(0, 10), a.output.subarray(0, 10)]) {
      a.input.set(x.subarray(0, 70));
      expect(bits(b.predict(a.input.subarray(0, 70), out))).toEqual(expected);
    }
    const dead = make({ threads: two });
    const view = dead.output;
    dead.dispose();
    expect(bits(a.predict(x.subarray(0, 70), view.subarray(0, 10)))).toEqual(expected);
    for (const net of [a, b, alone]) net.dispose();
  });

  test('take a training from one another, in the middle', async () => {
    const whole = make();
    await whole.fit({ x, y }, { epochs: 6, batchSize: 16 });
    let bytes = checkpoint(make());
    for (const [i, count] of [2, 1, 3].entries()) {
      const team = await start(count);
      const net = restore(bytes, i === 1 ? { threads: team } : { into: make({ threads: team }) }) as Network;
      expect(net.parameters.buffer).toBeInstanceOf(SharedArrayBuffer);
      const stop = new AbortController();
      const onEpoch = ({ epoch }: { epoch: number }) => void (epoch === 2 * i + 2 && i < 2 && stop.abort());
      const ended = await endOf(() => net.fit({ x, y }, { epochs: 6, batchSize: 16, signal: stop.signal, onEpoch } as never));
      expect(ended).toBe(i < 2 ? 20 : 'none');
      bytes = checkpoint(net);
      if (i === 2) expect(bits(net.parameters)).toEqual(bits(whole.parameters));
      net.dispose();
    }
    whole.dispose();
  });

  test('share no parameters: a network of parts of another runs where that runs', async () => {
    const [two, three] = [await start(2), await start(3)];
    const inputs = input(70);
    const code = dense(96, 'relu')(inputs);
    const whole = network({ inputs, outputs: dense(10)(code), build: 'simd', threads: two });
    const part = (options: object) => network({ inputs, outputs: code, parametersOf: whole, ...options });
    const alone = network({ inputs, outputs: code, build: 'simd' });
    alone.parameter('dense1.weights').set(whole.parameter('dense1.weights').values);
    const expected = bits(alone.predict(x));
    expect(bits(part({}).predict(x))).toEqual(expected);
    expect(bits(part({ threads: two }).predict(x))).toEqual(expected);
    expect(await endOf(() => part({ threads: three }))).toBe('VALUE');
  });

  test("have the build of their threads, also where a network says 'auto'", async () => {
    const two = await start(2);
    expect(make({ threads: two, build: 'auto' }).build).toBe('simd');
    expect(load(save(make()), { threads: two, build: 'auto' }).build).toBe('simd');
  });

  test('of more threads than there are cores come to the same bits, and end', async () => {
    const alone = make();
    const crowds = await Promise.all([8, 8, 16].map(start));
    const nets = crowds.map((team) => make({ threads: team }));
    await Promise.all([alone, ...nets].map((net) => net.fit({ x, y }, { epochs: 2, batchSize: 32 })));
    for (const net of nets) expect(bits(net.parameters)).toEqual(bits(alone.parameters));
  }, 60_000);
});

describe('a host', () => {
  test('that refuses memory is a MemoryError, and what is there goes on', async () => {
    const team = await start(2);
    const net = make({ threads: team });
    const before = bits(net.predict(x));
    expect(await endOf(() => sequential(40_000, [dense(40_000, { init: constantInit(0) })], { threads: team, build: 'simd' }))).toBe('MEMORY');
    const core = team.coreFor('test');
    const { allocate } = core.exports;
    let left = 1;
    core.exports = { ...core.exports, allocate: (bytes) => (left-- > 0 ? allocate(bytes) : 0) };
    expect(await endOf(() => make({ threads: team }))).toBe('MEMORY');
    core.exports = { ...core.exports, allocate };
    expect(bits(net.predict(x))).toEqual(before);
    expect(core.exports.damaged()).toBe(0);
  });

  test.each([1, 3, 100])("of %i cores has so many threads by 'auto', at most eight", async (cores) => {
    const os = createRequire(import.meta.url)('node:os') as typeof import('node:os');
    vi.spyOn(os, 'availableParallelism').mockReturnValue(cores);
    const team = await threads('auto', { build: 'simd' });
    started.push(team);
    expect(team.count).toBe(Math.min(cores, 8));
    expect(bits(make({ threads: team }).predict(x))).toEqual(bits(make().predict(x)));
  });
});

test.each([null, [], {}, true, -1, Infinity, '2', '', Symbol('two'), () => 2, Promise.resolve(2)])('%s threads are a ValueError', async (n) => {
  expect(await endOf(() => threads(n as never))).toBe('VALUE');
});

test('a promise of threads is no threads', async () => {
  expect(await endOf(() => make({ threads: threads(1) }))).toBe('VALUE');
});
