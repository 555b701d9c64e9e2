/** The life of threads: how they start, fail and end. */
import { readdirSync } from 'node:fs';
import { adam, crossEntropy, DisposedError, dense, fromJSON, load, type Network, save, sequential, sgd, toJSON } from 'neurite';
import { int8 } from 'neurite/int8';
import { type Threads, threads } from 'neurite/threads';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { type Helper, startHelper } from '../../src/threads/helpers.js';
import { collected, Living } from './collected.js';
import { debugTeam, jobsOf } from './debugTeam.js';

const layers = () => [dense(96, 'relu'), dense(10, 'softmax')];
const x = Float32Array.from({ length: 64 * 70 }, (_, i) => ((i * 37) % 101) / 101);
const y = Uint8Array.from({ length: 64 }, (_, i) => i % 10);
const make = (options: object) => sequential(70, layers(), { loss: crossEntropy(), optimizer: adam(), seed: 3, build: 'simd', ...options });

/** What one thread predicts. */
function expected(): Float32Array {
  const net = make({});
  const out = net.predict(x);
  net.dispose();
  return out;
}

/** The error that a call throws, or a promise rejects with, as its code and message. */
async function errorOf(run: () => unknown): Promise<{ code?: string; message: string }> {
  try {
    await run();
  } catch (error) {
    return { code: (error as { code?: string }).code, message: (error as Error).message } as { code?: string; message: string };
  }
  throw new Error('nothing was thrown');
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('threads', () => {
  test('train to the bits of one thread, in the binary of this package', async () => {
    const two = await threads(2, { build: 'simd' });
    expect([two.count, two.build]).toEqual([2, 'simd']);
    const [a, b] = [make({}), make({ threads: two })];
    await Promise.all([a, b].map((net) => net.fit({ x, y }, { epochs: 3, batchSize: 16 })));
    expect(b.parameters.slice()).toEqual(a.parameters.slice());
    expect(b.predict(x)).toEqual(a.predict(x));
    expect(b.parameters.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(a.parameters.buffer).not.toBe(b.parameters.buffer);
    const back = load(save(b), { threads: two });
    expect(back.predict(x)).toEqual(a.predict(x));
    expect(back.parameters.buffer).toBeInstanceOf(SharedArrayBuffer);
    for (const net of [a, b, back]) net.dispose();
    two.dispose();
  });

  test('share out every step of a training, however often a helper is late', async () => {
    for (let i = 0; i < 4; i++) {
      const team = await threads(2 + i, { build: 'simd' });
      const net = sequential(784, [dense(128, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 3, threads: team });
      const wide = {
        x: Float32Array.from({ length: 128 * 784 }, (_, j) => ((j * 37) % 101) / 101),
        y: Uint8Array.from({ length: 128 }, (_, j) => j % 10),
      };
      const core = team.coreFor('test');
      const jobs: number[] = [];
      for (let fit = 0; fit < 5; fit++) {
        const before = jobsOf(core);
        await net.fit(wide, { epochs: 20, batchSize: 128 });
        jobs.push(jobsOf(core) - before);
      }
      expect(jobs[0]).toBeGreaterThan(20);
      expect(jobs).toEqual(jobs.map(() => jobs[0]));
      net.dispose();
      team.dispose();
    }
  });

  test.each([2, 3, 7])('read the rows of the step at hand, gathered or written by the caller: %i threads', async (count) => {
    const team = await debugTeam('simd', count);
    // 64 rows of 70 floats are enough for a copy of each helper; 8 rows are too few, and 2,000 rows too many.
    const wide = {
      x: Float32Array.from({ length: 2000 * 70 }, (_, i) => ((i * 41) % 97) / 97),
      y: Uint8Array.from({ length: 2000 }, (_, i) => i % 10),
    };
    const other = x.map((value) => 1 - value);
    const train = async (net: Network) => {
      for (let turn = 0; turn < 3; turn++) {
        await net.fit({ x, y }, { epochs: 2, batchSize: 64 });
        net.step(other, y);
        await net.fit({ x: other, y }, { epochs: 1, batchSize: 64 });
        net.step(x, y);
        await net.fit({ x, y }, { epochs: 1, batchSize: 8 });
        await net.fit(wide, { epochs: 1, batchSize: 2000 });
        await net.fit({ x, y }, { epochs: 1, batchSize: 64, accumulationSteps: 2 });
      }
      const { loss } = net.evaluate({ x, y });
      return [loss, ...net.parameters];
    };
    const [one, many] = [make({}), make({ threads: team })];
    expect(await train(many)).toEqual(await train(one));
    one.dispose();
    many.dispose();
    team.dispose();
  });

  test("'auto' is as many as there are cores, at most eight", async () => {
    const found = await threads('auto');
    expect(found.count).toBeGreaterThanOrEqual(1);
    expect(found.count).toBeLessThanOrEqual(8);
    found.dispose();
  });

  test('share nothing out that is small', async () => {
    const two = await threads(2, { build: 'simd' });
    const net = sequential(4, [dense(16, 'relu'), dense(3)], { threads: two });
    net.predict([1, 2, 3, 4]);
    expect(jobsOf(two.coreFor('test'))).toBe(0);
    const wide = sequential(512, [dense(512)], { threads: two });
    wide.predict(new Float32Array(512 * 64));
    expect(jobsOf(two.coreFor('test'))).toBeGreaterThan(0);
    two.dispose();
  });

  test.each([
    [0, 'threads: n is 0, expected a whole number from 1 to 64'],
    [65, 'threads: n is 65,'],
    [1.5, 'threads: n is 1.5,'],
    [Number.NaN, 'threads: n is NaN,'],
    ['two', 'threads: n is "two",'],
    [undefined, 'threads: n is undefined,'],
  ])('%j is a ValueError', async (n, message) => {
    const error = await errorOf(() => threads(n as number));
    expect(error.code).toBe('VALUE');
    expect(error.message).toContain(message);
  });

  test('options are checked', async () => {
    expect((await errorOf(() => threads(1, { build: 'fast' as 'simd' }))).message).toContain('threads: build is "fast"');
    expect((await errorOf(() => threads(1, { cores: 2 } as object))).message).toContain('cores');
    expect((await errorOf(() => make({ threads: 2 }))).message).toContain('network: threads is 2, expected await threads(2)');
    const net = make({});
    expect((await errorOf(() => load(save(net), { threads: {} as never }))).message).toContain('load: threads is an object without fields');
    net.dispose();
  });

  test('without cross-origin isolation the error names the two headers', async () => {
    Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false, configurable: true });
    try {
      const { code, message } = await errorOf(() => threads(2));
      expect(code).toBe('NO_ISOLATION');
      expect(message).toContain('Cross-Origin-Opener-Policy: same-origin');
      expect(message).toContain('Cross-Origin-Embedder-Policy: require-corp');
    } finally {
      delete (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
    }
  });

  test('a network of another build is refused', async () => {
    const two = await threads(1, { build: 'simd' });
    const relaxed = coreOf('relaxed').build;
    expect((await errorOf(() => make({ threads: two, build: relaxed }))).message).toBe(
      `network: build is relaxed and that of threads is simd, expected the same; threads(n, { build: 'relaxed' }) gives such`,
    );
    two.dispose();
  });

  test('a network whose bits are to be the same everywhere is refused where those of the threads are not, and says how they would be', async () => {
    const one = await debugTeam('relaxed', 1);
    const same = "expected the same; threads(n, { build: 'simd' }) gives such";
    const differs = `build is simd and that of threads is relaxed, ${same}`;
    const open = sequential(70, layers(), { build: 'relaxed' });
    const kept = sequential(70, layers(), { reproducible: true });
    for (const [call, message] of [
      [() => sequential(70, layers(), { reproducible: true, threads: one }), `network: ${differs}`],
      [() => load(save(kept), { threads: one }), `load: the architecture: ${differs}`],
      [() => load(save(open), { threads: one, reproducible: true }), `load: the architecture: ${differs}`],
      [() => fromJSON(toJSON(kept), { threads: one }), `fromJSON: the architecture: ${differs}`],
    ] as const) {
      const error = await errorOf(call);
      expect([error.code, error.message]).toEqual(['VALUE', message]);
    }
    expect(load(save(open), { threads: one }).build).toBe('relaxed');
    one.dispose();
  });

  test('undefined is no threads: what a host without them leaves', () => {
    const none: Threads | undefined = undefined;
    expect(sequential(70, layers(), { threads: none }).predict(x)).toEqual(sequential(70, layers()).predict(x));
  });
});

test('weights of eight bits are packed by the core of the threads, and gone with it', async () => {
  const one = await threads(1, { build: 'simd' });
  const rows = x.subarray(0, 4 * make({}).inFeatures);
  const alone = make({ build: 'simd' }).freeze({ quantize: int8 });
  const fixed = make({ threads: one }).freeze({ quantize: int8 });
  expect(fixed.predict(rows)).toEqual(alone.predict(rows));
  one.dispose();
  expect((await errorOf(() => fixed.predict(rows))).code).toBe('DISPOSED');
  expect((await errorOf(() => fixed.update(new Float32Array(1)))).message).toContain('update: parameters is');
});

describe('an end', () => {
  test('by dispose: networks on them throw, also in the middle of a fit', async () => {
    const two = await threads(2, { build: 'simd' });
    const net = make({ threads: two });
    const running = net.fit({ x, y }, {
      epochs: 1000,
      batchSize: 16,
      onEpoch: ({ epoch }: { epoch: number }) => void (epoch === 3 && two.dispose()),
    } as never);
    const error = await errorOf(() => running);
    expect(error.code).toBe('DISPOSED');
    expect((await errorOf(() => net.predict(x))).code).toBe('DISPOSED');
    expect(() => net.predict(x)).toThrow(DisposedError);
    expect((await errorOf(() => make({ threads: two }))).message).toContain('network: the threads were disposed');
    const late = await errorOf(() => load(save(make({})), { threads: two }));
    expect([late.code, late.message.startsWith('load: the threads were disposed')]).toEqual(['DISPOSED', true]);
    two.dispose();
    net.dispose();
  });

  test('of a helper that is ended while it sleeps: the leader does its parts until it hears of it, then a CoreError', async () => {
    const helpers: Helper[] = [];
    const three = await debugTeam('simd', 3, async (...given) => {
      const helper = await startHelper(...given);
      helpers.push(helper);
      return helper;
    });
    const net = make({ threads: three });
    const right = expected();
    expect(net.predict(x)).toEqual(right);
    await pause(20);
    (helpers[0] as Helper).terminate();
    // Nothing has been heard of it yet.
    expect(net.predict(x)).toEqual(right);
    await pause(200);
    const error = await errorOf(() => net.predict(x));
    expect(error.code).toBe('CORE');
    expect(error.message).toContain('a thread exited with code 1');
  });

  /** A helper that claims its part, as `work` does (`assembly/team.ts`: the ticket, and the line of a thread), and then runs `end`. */
  const takesAnd = (end: string) => `
    const { parentPort, workerData: { module, memory, team, member } } = require('node:worker_threads');
    const { breakUp } = new WebAssembly.Instance(module, { env: { memory, watch() {}, abort() {} } }).exports;
    parentPort.postMessage('ready');
    const doubles = new BigInt64Array(memory.buffer);
    const claim = (team + 512 + 64 * member + 8) / 8;
    for (;;) {
      const job = Atomics.load(doubles, team / 8) >> 16n;
      const last = Atomics.load(doubles, claim);
      if (last < job && Atomics.compareExchange(doubles, claim, last, job) === last) break;
    }
    ${end}
  `;

  /** The error of the first prediction that a helper left alone, and how long it took in ms. */
  function firstError(net: Network): { error?: { code?: string; message: string }; took: number } {
    for (let i = 0; i < 1000; i++) {
      const began = performance.now();
      try {
        net.predict(x);
      } catch (error) {
        return { error: error as { code?: string; message: string }, took: performance.now() - began };
      }
    }
    return { took: 0 };
  }

  test('of a helper that fails in its part: a CoreError, and no one waits', async () => {
    const fails = takesAnd("breakUp(team); parentPort.postMessage('failed: on purpose');");
    const two = await debugTeam('simd', 2, (assignment, member, ended) => startHelper(assignment, member, ended, fails));
    const net = make({ threads: two });
    const { error } = firstError(net);
    expect(error?.code).toBe('CORE');
    expect((await errorOf(() => net.predict(x))).code).toBe('CORE');
  });

  test.each([
    ['ends its process', 'process.exit(3);'],
    ['throws', "throw new Error('on purpose');"],
  ])('of a helper that %s inside its part, while the leader sleeps: a CoreError soon, and other threads go on', async (_, end) => {
    const right = expected();
    const other = await debugTeam('simd', 2);
    const lives = make({ threads: other });
    const three = await debugTeam('simd', 3, (assignment, member, ended) =>
      startHelper(assignment, member, ended, member === 1 ? takesAnd(end) : undefined),
    );
    const nets = [make({ threads: three }), make({ threads: three })] as const;
    const { error, took } = firstError(nets[0]);
    expect(error).toMatchObject({ code: 'CORE', message: expect.stringContaining('a thread ended inside its part') });
    expect(took).toBeLessThan(5000);
    for (const net of nets) expect((await errorOf(() => net.predict(x))).code).toBe('CORE');
    expect(lives.predict(x)).toEqual(right);
    expect(coreOf('simd').exports.damaged()).toBe(0);
    for (const each of [three, other]) each.dispose();
  });

  test('a host that refuses a worker is an UnsupportedError', async () => {
    const error = await errorOf(() =>
      debugTeam('simd', 2, (assignment, member, ended) => startHelper(assignment, member, ended, 'throw new Error("no")')),
    );
    expect(error.code).toBe('NO_THREADS');
    expect(error.message).toContain('no');
  });
});

describe('memory', () => {
  test('that grows while helpers sleep is theirs too', async () => {
    const four = await debugTeam('simd', 4);
    const small = make({ threads: four });
    const right = expected();
    expect(small.predict(x)).toEqual(right);
    await pause(50);
    const core = four.coreFor('test');
    const before = core.u8.length;
    const block = core.allocate(1 << 27, 'test');
    expect(core.u8.length).toBeGreaterThan(before + (1 << 26));
    const large = make({ threads: four });
    expect(large.predict(x)).toEqual(right);
    expect(small.predict(x)).toEqual(right);
    core.free(block);
    expect(core.exports.damaged()).toBe(0);
    four.dispose();
  });

  test('of many threads that came and went is given back, as their threads are', async () => {
    const living = new Living();
    const threadsOf = () => readdirSync('/proc/self/task').length;
    const before = threadsOf();
    const cycle = async () => {
      const two = await debugTeam('simd', 2);
      living.add(two.coreFor('test').memory);
      living.add(two.coreFor('test'));
      const net = sequential(64, [dense(64)], { threads: two, build: 'simd', optimizer: sgd() });
      net.parameters.fill(0.5);
      net.predict(new Float32Array(64 * 64));
      net.dispose();
      two.dispose();
    };
    for (let i = 0; i < 20; i++) await cycle();
    expect(await collected(() => living.count === 0)).toBe(true);
    expect(await collected(() => threadsOf() <= before)).toBe(true);
  }, 60_000);

  test('of threads that nobody holds any more is given back too', async () => {
    const living = new Living();
    await (async () => {
      const two = await debugTeam('simd', 2);
      living.add(two.coreFor('test').memory);
      make({ threads: two }).predict(x);
    })();
    expect(await collected(() => living.count === 0)).toBe(true);
  }, 60_000);

  test('of threads that somebody holds is not given back', async () => {
    const living = new Living();
    const two = await debugTeam('simd', 2);
    living.add(two.coreFor('test').memory);
    expect(await collected(() => living.count === 0, 5)).toBe(false);
    two.dispose();
  }, 60_000);
});
