/** What callers may do wrong to a population, by mistake or on purpose: a typed error comes, and everything is as before. */
import {
  type AnyNetwork,
  accuracy,
  adam,
  BusyError,
  batchNorm,
  byMode,
  CoreError,
  DisposedError,
  dense,
  dropout,
  FileError,
  input,
  load,
  MemoryError,
  type Metric,
  meanSquaredError,
  NeuriteError,
  network,
  type Schedule,
  save,
  scale,
  sequential,
  sgd,
} from 'neurite';
import { loadPopulation, type Population, population, savePopulation } from 'neurite/population';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Core } from '../../src/core/core.js';
import { watchBlocks } from '../core/watchBlocks.js';

const x = Float32Array.from({ length: 24 }, (_, i) => Math.fround(Math.sin(i)));
const y = Float32Array.from({ length: 24 }, (_, i) => Math.fround(Math.cos(i)));
const data = { x, y };

const make = (seed = 1) =>
  sequential(2, [dense(3, 'tanh'), dense(2)], { build: 'simd', seed, loss: meanSquaredError(), optimizer: adam({ learningRate: 0.01 }) });

const all = (herd: Population) => Array.from({ length: herd.count }, (_, net) => herd.parameters(net));

function after<T>(act: () => unknown, value: T): T {
  act();
  return value;
}

/** A list that acts whenever its length is read. */
function acting<T extends readonly unknown[]>(act: () => unknown, list: T): T {
  return new Proxy(list, { get: (of, key) => (key === 'length' ? after(act, of.length) : Reflect.get(of, key)) });
}

/** Does what should be refused. @returns the error; parameters and what the optimizer keeps are as before */
async function refused(herd: Population, act: () => unknown): Promise<NeuriteError> {
  const before = savePopulation(herd);
  const error = await Promise.resolve()
    .then(act)
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(error).toBeInstanceOf(NeuriteError);
  expect(savePopulation(herd)).toEqual(before);
  return error as NeuriteError;
}

describe('options that act while they are read', () => {
  const acts: [string, (herd: Population) => unknown][] = [
    ['dispose', (herd) => herd.dispose()],
    ['step', (herd) => herd.step(x, y)],
    ['mutate', (herd) => herd.mutate()],
    ['evaluate', (herd) => herd.evaluate(data)],
    ['predict', (herd) => herd.predict(new Float32Array(2 * 700))],
  ];
  const calls: [string, (herd: Population, act: () => unknown) => unknown][] = [
    [
      'crossover',
      (herd, act) =>
        herd.crossover(0, 1, 2, {
          get rate() {
            return after(act, 0.5);
          },
        }),
    ],
    [
      'mutate',
      (herd, act) =>
        herd.mutate({
          get rate() {
            return after(act, 0.5);
          },
        }),
    ],
    ['mutate nets', (herd, act) => herd.mutate({ nets: acting(act, [1]) })],
    ['predict', (herd, act) => herd.predict(acting(act, [1, 2]))],
    ['setParameters', (herd, act) => herd.setParameters(1, acting(act, [...herd.parameters(1)]))],
    [
      'step',
      (herd, act) =>
        herd.step(x, y, {
          get learningRate() {
            return after(act, 0.1);
          },
        }),
    ],
    [
      'evaluate',
      (herd, act) =>
        herd.evaluate({
          get x() {
            return after(act, x);
          },
          y,
        }),
    ],
    [
      'evaluate metrics',
      (herd, act) => herd.evaluate(data, { metrics: [{ name: 'own', begin: () => ({ add: () => void act(), value: () => 1 }) }] }),
    ],
    [
      'fit data',
      (herd, act) =>
        herd.fit({
          get x() {
            return after(act, x);
          },
          y,
        }),
    ],
    [
      'fit options',
      (herd, act) =>
        herd.fit(data, {
          get epochs() {
            return after(act, 2);
          },
        }),
    ],
    ['fit rate', (herd, act) => herd.fit(data, { learningRate: () => after(act, 0.1) })],
    ['fit onEpoch', (herd, act) => herd.fit(data, { epochs: 3, onEpoch: () => void act() })],
    [
      'fit monitor',
      (herd, act) => herd.fit(data, { earlyStopping: { patience: 1, monitor: ({ loss }) => after(act, Number.isFinite(loss) ? loss : 1) } }),
    ],
    ['fit metric', (herd, act) => herd.fit(data, { metrics: [{ name: 'own', begin: () => ({ add: () => void act(), value: () => 1 }) }] })],
  ];
  for (const [what, act] of acts) {
    test.each(calls)(`${what} in %s`, async (_, call) => {
      const herd = population(make(), 5);
      let first: unknown;
      let acted = 0;
      let errors: unknown;
      // What the act itself is told may be swallowed: the call must come to an end by itself.
      await Promise.resolve()
        .then(() =>
          call(herd, () => {
            // Once: what acts while it acts has no end.
            if (acted++ > 0) return;
            try {
              act(herd);
            } catch (error) {
              first = error;
            }
          }),
        )
        .catch((error: unknown) => {
          errors = error;
        });
      expect(acted).toBeGreaterThan(0);
      for (const error of [first, errors]) if (error !== undefined) expect(error, String(error)).toBeInstanceOf(NeuriteError);
      for (const error of [first, errors]) expect(error).not.toBeInstanceOf(CoreError);
      if (errors instanceof DisposedError || (what === 'dispose' && first === undefined)) {
        expect(() => herd.parameters(0)).toThrow('parameters: the population was disposed');
        return;
      }
      // It goes on, and all that it has is finite.
      for (const values of all(herd)) expect(values.every(Number.isFinite)).toBe(true);
      await herd.fit(data, { epochs: 2, batchSize: 5 });
      expect(herd.predict(x)).toHaveLength(5 * 24);
      herd.dispose();
    });
  }
});

test('a callback that acts changes no bit of the training, where the act changes nothing', async () => {
  const run = async (act: (herd: Population) => void) => {
    const herd = population(make(), 6);
    const own: Metric<'own', number> = { name: 'own', begin: () => ({ add: () => act(herd), value: () => 1 }) };
    const rate: Schedule = () => after(() => act(herd), 0.01);
    const history = await herd.fit([data, data, { x: x.subarray(0, 18), y: y.subarray(0, 18) }, data, data, data], {
      ...{ epochs: 4, batchSize: 5, learningRate: rate, metrics: [own], earlyStopping: { patience: 2 }, budgetMs: 0.01 },
      validationData: data,
      onProgress: () => act(herd),
      onEpoch: () => act(herd),
    });
    return [history.epochs.map(({ loss, validation }) => [...loss, ...(validation?.loss ?? [])]), all(herd)];
  };
  const quiet = await run(() => {});
  expect(
    await run((herd) => {
      herd.predict(new Float32Array(2 * 600));
      herd.predictEach(new Float32Array(2 * 12));
      herd.evaluate(
        { x: new Float32Array(2 * 400), y: new Float32Array(2 * 400) },
        { metrics: [{ name: 'n', begin: () => ({ add: () => {}, value: () => 0 }) }] },
      );
      herd.network(1).dispose();
      savePopulation(herd);
    }),
  ).toEqual(quiet);
});

describe('what is refused', () => {
  test('leaves everything as before', async () => {
    const herd = population(make(), 5);
    await herd.fit(data, { epochs: 2 });
    const holes = [0.1, 0.2, 0.3, 0.4, 0.5];
    delete holes[2];
    const errors = [
      await refused(herd, () => herd.fit(data, { learningRate: holes })),
      await refused(herd, () => herd.step(x, y, { learningRate: holes })),
      await refused(herd, () => herd.fit(data, { learningRate: new Float32Array([1, 2, Number.NaN, 1, 1]) })),
      await refused(herd, () => herd.fit(data, { learningRate: [0.1, 0.1, 0.1, 0.1, () => Number.NaN] })),
      await refused(herd, () => herd.setParameters(5, [])),
      await refused(herd, () => herd.setParameters(1.5, herd.parameters(0))),
      await refused(herd, () => herd.setParameters('1' as never, herd.parameters(0))),
      await refused(herd, () => herd.setParameters(0, [...herd.parameters(0), 1])),
      await refused(herd, () => herd.setParameters(0, null as never)),
      await refused(herd, () => herd.fit([data, data, data, data, { x, y: y.subarray(1) }])),
      await refused(herd, () => herd.fit([data, data, data, data, { x, y: new Float32Array(24).fill(Number.NaN) }])),
      await refused(herd, () => herd.fit([data, data, data, data] as never)),
      await refused(herd, () => herd.fit(null as never)),
      await refused(herd, () => herd.fit([data, data, undefined, data, data] as never)),
      await refused(herd, () => herd.evaluate([data, data, data, data, 7] as never)),
      await refused(herd, () => herd.fit(data, { validationData: [] })),
      await refused(herd, () => herd.mutate({ rate: Number.NaN })),
      await refused(herd, () => herd.mutate({ rate: -0.1 })),
      await refused(herd, () => herd.mutate({ rate: '1' as never })),
      await refused(herd, () => herd.mutate({ deviation: -1 })),
      await refused(herd, () => herd.mutate({ deviation: 1e39 })),
      await refused(herd, () => herd.mutate({ nets: [0, undefined] as never })),
      await refused(herd, () => herd.mutate({ nets: 'all' as never })),
      await refused(herd, () => herd.mutate({ nets: null as never })),
      await refused(herd, () => herd.crossover(0, 1, 2, { rate: 1.1 })),
      await refused(herd, () => herd.crossover(0, 1, undefined as never)),
      await refused(herd, () => herd.crossover(9, 1, 2)),
      await refused(herd, () => herd.copy(0, Number.NaN)),
      await refused(herd, () => herd.copy(-1, 0)),
      await refused(herd, () => herd.network(5)),
      await refused(herd, () => herd.setNetwork(0, herd as never)),
      await refused(herd, () => herd.setNetwork(0, undefined as never)),
      await refused(herd, () => herd.predict(undefined as never)),
      await refused(herd, () => herd.predictEach(new Float32Array(22))),
      await refused(herd, () => herd.predictEach(new Float32Array(0))),
      await refused(herd, () => herd.predict(x, [] as never)),
    ];
    expect(errors.map(String)).toMatchSnapshot();
  });

  test('two fits at once, and what changes parameters during one', async () => {
    const herd = population(make(), 3);
    const first = herd.fit(data, { epochs: 50, budgetMs: 0.1 });
    await expect(herd.fit(data)).rejects.toThrow('fit: the population is being trained by fit; wait for its promise, or abort it');
    for (const act of [
      () => herd.step(x, y),
      () => herd.stepEach(x, y),
      () => herd.reset(),
      () => herd.copy(0, 1),
      () => herd.mutate(),
      () => herd.crossover(0, 1, 2),
      () => herd.setParameters(0, herd.parameters(1)),
      () => herd.setNetwork(0, make()),
      () => herd.dispose(),
    ])
      expect(act).toThrow(BusyError);
    expect((await first).epochs).toHaveLength(50);
    const other = population(make(), 3);
    await other.fit(data, { epochs: 50 });
    expect(all(herd)).toEqual(all(other));
  });

  test('a network that is being trained, or was disposed, or is disposed by the options', async () => {
    const net = make();
    const fit = net.fit(data, { epochs: 3 });
    expect(() => population(net, 3)).toThrow(BusyError);
    await fit;
    expect(() =>
      population(net, 3, {
        get seeds() {
          return after(net.dispose, [1, 2, 3]);
        },
      }),
    ).toThrow(DisposedError);
    expect(() => population(net, 3)).toThrow('population: the network was disposed');
  });

  test('data that change, or a signal that was aborted, before or on the way', async () => {
    const herd = population(make(), 3);
    const mine = { x: x.slice(), y: y.slice() };
    const history = await herd.fit(mine, { epochs: 3, onEpoch: () => void mine.x.fill(Number.NaN) });
    const other = population(make(), 3);
    expect((await other.fit(data, { epochs: 3 })).epochs.map(({ loss }) => [...loss])).toEqual(history.epochs.map(({ loss }) => [...loss]));
    const error = await herd.fit(data, { signal: AbortSignal.abort('no') }).catch((reason: unknown) => reason);
    expect(error).toBe('no');
    expect(all(herd)).toEqual(all(other));
  });
});

test('lists whose memory was moved away, or that say they are endless, are refused at once', async () => {
  const moved = () => {
    const list = new Float32Array(3);
    structuredClone(list, { transfer: [list.buffer] });
    return list;
  };
  const endless = (of: unknown): never =>
    new Proxy([], {
      get: (_, key) => (key === 'length' ? Number.MAX_SAFE_INTEGER : typeof key === 'string' && /^\d+$/.test(key) ? of : undefined),
    }) as never;
  const herd = population(make(), 3);
  for (const [list, length] of [
    [moved(), 0],
    [endless(0.1), Number.MAX_SAFE_INTEGER],
  ] as const) {
    expect((await refused(herd, () => herd.step(x, y, { learningRate: list }))).message).toContain(`learningRate has ${length} entries`);
    expect((await refused(herd, () => herd.fit(data, { learningRate: list }))).message).toContain(`learningRate has ${length} entries`);
    expect((await refused(herd, () => population(make(), 3, { seeds: list }))).message).toContain(`${length} seeds came for 3 nets`);
  }
  expect((await refused(herd, () => herd.fit(endless(data)))).message).toContain(`${Number.MAX_SAFE_INTEGER} data sets came`);
  expect((await refused(herd, () => herd.mutate({ nets: endless(7) }))).message).toContain('mutate: net is 7');
  const before = all(herd);
  herd.mutate({ nets: moved() });
  expect(all(herd)).toEqual(before);
});

test('seeds may be the same: such nets are', () => {
  const herd = population(make(), 4, { seeds: new Uint32Array([7, 7, 2 ** 32 - 1, 0]) });
  herd.step(x, y);
  expect(herd.parameters(0)).toEqual(herd.parameters(1));
  expect(herd.parameters(2)).not.toEqual(herd.parameters(3));
  expect(Object.isFrozen(herd.seeds)).toBe(true);
});

test('parameters are copies: one kept past dispose and the growth of memory is as it was', () => {
  const herd = population(make(), 3);
  const kept = herd.parameters(1);
  const was = kept.slice();
  const out = herd.predict(x);
  const given = out.slice();
  herd.predict(new Float32Array(2 * 50_000));
  herd.setParameters(1, kept);
  herd.dispose();
  population(make(9), 300).mutate();
  expect(kept).toEqual(was);
  expect(out).toEqual(given);
});

test('results may go where the rows came from', () => {
  const square = population(sequential(2, [dense(2, 'tanh')], { build: 'simd', seed: 3 }), 3);
  for (const rows of [1, 4, 256, 257, 900]) {
    const buffer = Float32Array.from({ length: 3 * rows * 2 }, (_, i) => Math.fround(Math.sin(i)));
    const expected = square.predictEach(buffer.slice());
    expect(square.predictEach(buffer, buffer)).toBe(buffer);
    expect(buffer).toEqual(expected);
  }
});

describe('layers', () => {
  test('that are shared, differ by mode, draw, and have states: a net goes out and comes back', async () => {
    const net = (seed: number) => {
      const [a, b] = [input(2), input(2)];
      const shared = dense(4, 'tanh');
      const joined = batchNorm()(shared(a));
      const other = dropout(0.5)(shared(b));
      const one = dense(1)(byMode(scale(joined, 2), joined));
      return network({
        inputs: [a, b],
        outputs: [one, dense(2)(other)],
        build: 'simd',
        seed,
        loss: [meanSquaredError(), meanSquaredError()],
        optimizer: sgd({ learningRate: 0.05 }),
      } as never) as AnyNetwork;
    };
    const rows = { x: [x, y], y: [x.subarray(0, 12), y] } as never;
    const herd = population(net(1), 5);
    await herd.fit(rows, { epochs: 2, batchSize: 5 });
    const third = herd.network(3);
    await third.fit(rows, { epochs: 3, batchSize: 5 });
    const other = population(net(9), 2, { seeds: [4, 8] });
    other.setNetwork(0, third);
    await herd.fit(rows, { epochs: 3, batchSize: 5 });
    expect(other.parameters(0)).toEqual(herd.parameters(3));
    expect(other.evaluate(rows).loss[0]).toBe(herd.evaluate(rows).loss[3]);
    // Orders and random numbers go on too: the seed is the same.
    await Promise.all([herd.fit(rows, { epochs: 2, batchSize: 5 }), other.fit(rows, { epochs: 2, batchSize: 5 })]);
    expect(other.parameters(0)).toEqual(herd.parameters(3));
    const copied = population(net(1), 2, { seeds: [4, 4] });
    copied.setNetwork(0, herd.network(3));
    copied.copy(0, 1);
    await copied.fit(rows, { epochs: 1, batchSize: 5 });
    expect(copied.parameters(1)).toEqual(copied.parameters(0));
  });

  test('a network whose values are not finite is refused, and changes nothing', async () => {
    const herd = population(make(), 3);
    const odd = make();
    odd.parameters[3] = Number.NaN;
    const { message } = await refused(herd, () => herd.setNetwork(1, odd));
    expect(message).toBe("setNetwork: the network's values[3] is NaN, expected a finite number");
    loadPopulation(savePopulation(herd)).dispose();
  });

  test('a net of another optimizer comes without its state', () => {
    const herd = population(make(), 2);
    herd.step(x, y);
    const other = sequential(2, [dense(3, 'tanh'), dense(2)], { build: 'simd', loss: meanSquaredError(), optimizer: sgd() });
    herd.setNetwork(0, other);
    const fresh = population(make(), 2);
    fresh.setParameters(0, Float32Array.from(other.parameters));
    herd.step(x, y);
    fresh.step(x, y);
    expect(herd.parameters(0)).toEqual(fresh.parameters(0));
  });
});

describe('memory', () => {
  afterEach(() => vi.restoreAllMocks());

  test('for more nets than there is room: refused, and nothing is lost', () => {
    const net = sequential(2, [dense(700), dense(2)], { build: 'simd', seed: 1, loss: meanSquaredError(), optimizer: adam() });
    const { blocks } = watchBlocks();
    expect(() => population(net, 1e6)).toThrow(MemoryError);
    expect([...blocks.values()]).toEqual([]);
    expect(population(net, 3).predict(x)).toHaveLength(3 * 24);
  });

  test('refused anywhere changes nothing, loses no block, and the population goes on', async () => {
    const lives: [string, (herd: Population) => unknown][] = [
      ['predict', (herd) => herd.predict(x)],
      ['predict many', (herd) => herd.predict(new Float32Array(2 * 600))],
      ['step', (herd) => herd.step(x, y)],
      ['evaluate', (herd) => herd.evaluate([data, data, data], { metrics: [{ name: 'n', begin: () => ({ add: () => {}, value: () => 0 }) }] })],
      [
        'fit',
        (herd) =>
          herd.fit([data, { x: x.subarray(0, 10), y: y.subarray(0, 10) }, data], {
            batchSize: 4,
            validationData: data,
            earlyStopping: { patience: 1 },
          }),
      ],
      ['initialize', (herd) => herd.reset()],
      ['mutate', (herd) => herd.mutate()],
      ['crossover', (herd) => herd.crossover(0, 1, 2)],
    ];
    const template = make();
    for (const [what, act] of lives) {
      for (let n = 0; ; n++) {
        const herd = population(template, 3);
        const row = x.subarray(0, 2);
        const predicted = herd.predict(row);
        const before = all(herd);
        const { allocations } = watchBlocks((count) => count === n);
        const error = await Promise.resolve()
          .then(() => act(herd))
          .then(
            () => undefined,
            (error: unknown) => error,
          );
        vi.restoreAllMocks();
        if (allocations() <= n) {
          expect(error, what).toBeUndefined();
          herd.dispose();
          break;
        }
        expect(error, `${what}, allocation ${n}`).toBeInstanceOf(MemoryError);
        expect(all(herd), `${what}, allocation ${n}`).toEqual(before);
        // What was given back belongs to another by now, which must not notice.
        const heir = population(template, 3);
        expect(herd.predict(row), `${what}, allocation ${n}`).toEqual(predicted);
        expect(all(heir), `${what}, allocation ${n}`).toEqual(all(population(template, 3)));
        await act(herd);
        heir.dispose();
        herd.dispose();
      }
    }
  });

  test('refused while a population is made: no block is left', () => {
    const template = make();
    for (let n = 0, over = false; !over; n++) {
      const { blocks, allocations } = watchBlocks((count) => count === n);
      let error: unknown;
      try {
        population(template, 5).dispose();
      } catch (thrown) {
        error = thrown;
      }
      vi.restoreAllMocks();
      over = allocations() <= n;
      if (!over) expect(error, `allocation ${n}`).toBeInstanceOf(MemoryError);
      expect([...blocks.values()], `allocation ${n}`).toEqual([]);
    }
  });

  test('that grows with each allocation detaches views that are rows or results: predicted rightly, or refused', () => {
    const expected = population(make(), 3).predictEach(new Float32Array(6).fill(0.5));
    const herd = population(make(), 3);
    const other = population(sequential(2, [dense(2)], { build: 'simd' }), 3);
    const rows = herd.input.fill(0.5);
    const { output } = other;
    const { allocate } = Core.prototype;
    vi.spyOn(Core.prototype, 'allocate').mockImplementation(function (this: Core, bytes, what) {
      this.memory.grow(1);
      return allocate.call(this, bytes, what);
    });
    const out = new Float32Array(6);
    expect(herd.predictEach(rows, out)).toEqual(expected);
    expect(() => other.predictEach(new Float32Array(6).fill(0.5), output)).toThrow('predictEach: out is a Float32Array of 0, expected');
    vi.restoreAllMocks();
    const again = new Float32Array(6).fill(0.5);
    expect(other.predictEach(again, other.output)).toEqual(other.predictEach(again));
  });

  test('for more results than an array holds: a MemoryError', () => {
    const wide = population(sequential(1, [dense(1)], { build: 'simd' }), 300);
    expect(() => wide.predict(new Float32Array(2 ** 24))).toThrow(MemoryError);
  });

  test('is given back: after a life no block is left', async () => {
    const template = make();
    const { blocks } = watchBlocks();
    const herd = population(template, 5);
    await herd.fit([data, data, data, data, { x: x.subarray(0, 10), y: y.subarray(0, 10) }], {
      epochs: 2,
      validationSplit: 0.4,
      earlyStopping: { patience: 1 },
    });
    herd.evaluate(data, { metrics: [accuracyOfSign] });
    herd.predict(new Float32Array(2 * 900));
    herd.step(x, y);
    herd.mutate();
    await refused(herd, () => herd.fit([data, data, data, data, { x, y: y.subarray(1) }]));
    await herd.fit(data, { onEpoch: () => Promise.reject(new Error('no')) }).catch(() => {});
    loadPopulation(savePopulation(herd)).dispose();
    herd.network(2).dispose();
    herd.dispose();
    expect([...blocks.values()]).toEqual([]);
  });
});

const accuracyOfSign: Metric<'sign', number> = { name: 'sign', begin: () => ({ add: () => {}, value: () => 1 }) };

describe('files', () => {
  const herd = population(make(), 3);
  herd.step(x, y);
  const bytes = savePopulation(herd);

  test('cut anywhere give a FileError', () => {
    for (let length = 0; length < bytes.length; length += 3) expect(() => loadPopulation(bytes.subarray(0, length))).toThrow(FileError);
    expect(() => loadPopulation(new Uint8Array([...bytes, 0]))).toThrow(FileError);
  });

  test('of something else', () => {
    expect(() => load(bytes)).toThrow('load: the file is of a population, expected loadPopulation(bytes), of neurite/population');
    expect(() => loadPopulation(save(make()))).toThrow('loadPopulation: the file has no population, expected one made by savePopulation()');
    expect(() => loadPopulation('file' as never)).toThrow('loadPopulation: ');
    expect(() => loadPopulation(bytes, { threads: undefined, seed: 1 } as never)).toThrow('loadPopulation: there is no option');
  });

  test('of more nets than a reader takes are not written', () => {
    const many = population(sequential(1, [dense(1)], { build: 'simd' }), 90_000);
    expect(() => savePopulation(many)).toThrow('savePopulation: 90000 nets have 270000 numbers besides parameters, expected at most');
    many.dispose();
  });
});

test('accuracy as a metric with a threshold is that of the net', () => {
  const herd = population(make(), 2);
  const found = herd.evaluate(data, { metrics: [accuracy], threshold: 0.2 });
  for (const net of [0, 1]) expect(found.accuracy[net]).toBe(herd.network(net).evaluate(data, { metrics: [accuracy], threshold: 0.2 }).accuracy);
});

test('a population cannot be sent, and says so', () => {
  const herd = population(make(), 2);
  expect(() => structuredClone(herd)).toThrow();
});
