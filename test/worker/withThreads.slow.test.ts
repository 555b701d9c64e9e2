/** Networks in a worker that run on threads of it. */
import { adam, checkpoint, copyParameters, crossEntropy, DisposedError, dense, type Network, restore, save, sequential, sgd } from 'neurite';
import { threads } from 'neurite/threads';
import { inWorker, startWorker, type WorkerNetwork } from 'neurite/worker';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { bits, channel } from './channel.js';

const x = Float32Array.from({ length: 128 * 70 }, (_, i) => ((i * 37) % 101) / 101);
const y = Uint8Array.from({ length: 128 }, (_, i) => i % 10);
const make = (options: object = {}) =>
  sequential(70, [dense(96, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 3, build: 'simd', ...options });

async function thrown(call: Promise<unknown>): Promise<{ code?: string; message: string }> {
  return call.then(
    () => expect.fail('it gave a value'),
    (error) => error,
  );
}

async function started(count = 2) {
  const worker = await startWorker(channel());
  return { worker, team: await threads(count, { worker, build: 'simd' }) };
}

/** Whether it runs on the threads: only then it no longer computes once they end. */
async function endsWith(net: WorkerNetwork, team: { dispose(): void }): Promise<void> {
  expect(await net.predict(x)).toHaveLength(1280);
  team.dispose();
  const error = await thrown(net.predict(x));
  expect([error.code, error instanceof DisposedError]).toEqual(['DISPOSED', true]);
}

describe('on threads of its worker', () => {
  test('a fit has the bits of one here', async () => {
    const { worker, team } = await started();
    expect([team.count, team.build, team.worker, String(team)]).toEqual([2, 'simd', worker, '[object WorkerThreads]']);
    const [here, there] = [make(), await inWorker(make(), { threads: team })];
    expect(there.worker).toBe(worker);
    const options = { epochs: 3, batchSize: 32 };
    const [a, b] = await Promise.all([here.fit({ x, y }, options), there.fit({ x, y }, options)]);
    expect(b.epochs.map(({ loss }) => loss)).toEqual(a.epochs.map(({ loss }) => loss));
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
    expect(bits(await there.predict(x))).toEqual(bits(here.predict(x)));
    await endsWith(there as never, team);
  });

  test('and so has a file, and one beside it without threads', async () => {
    const { worker, team } = await started();
    const [here, there, alone] = [make(), await inWorker(save(make()), { threads: team }), await inWorker(make(), { worker })];
    for (const net of [here, there, alone] as Network[]) await net.fit({ x, y }, { epochs: 2, batchSize: 64 });
    for (const net of [there, alone]) expect(bits(await net.snapshot())).toEqual(bits(copyParameters(here)));
    await endsWith(there, team);
    expect(await alone.predict(x)).toHaveLength(1280);
  });

  test('it stays on them when it is configured, and goes on from a checkpoint', async () => {
    const { team } = await started();
    const here = make();
    await here.fit({ x, y }, { epochs: 1, batchSize: 64 });
    const there = await inWorker(checkpoint(here), { threads: team });
    for (const net of [here, there]) {
      await net.configure({ optimizer: sgd({ learningRate: 0.1 }) });
      await net.fit({ x, y } as never, { epochs: 2, batchSize: 64 });
    }
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
    await endsWith(there, team);
  });

  test('what it gives is no shared memory', async () => {
    const { team } = await started();
    const there = await inWorker(make(), { threads: team });
    await there.gradient(x, y);
    const { values, gradient } = await there.parameter('dense1.weights');
    for (const given of [
      await there.snapshot(),
      await there.gradients(),
      await there.predict(x),
      values,
      gradient as Float32Array,
      await there.save(),
    ])
      expect(Object.prototype.toString.call(given.buffer)).toBe('[object ArrayBuffer]');
    team.dispose();
  });

  test('a fit under way is rejected where they end, and so is a network that comes later', async () => {
    const { team } = await started();
    const there = await inWorker(make(), { threads: team });
    const error = await thrown(there.fit({ x, y }, { epochs: 1000, batchSize: 16, onEpoch: ({ epoch }) => void (epoch === 3 && team.dispose()) }));
    expect(error.code).toBe('DISPOSED');
    const late = await thrown(inWorker(make(), { threads: team }));
    expect([late.code, late.message.includes('the threads were disposed')]).toEqual(['DISPOSED', true]);
  });
});

describe('refused', () => {
  test('threads of this thread, of another worker, of another build, and what are none', async () => {
    const { team } = await started(1);
    const other = await startWorker(channel());
    const here = await threads(1, { build: 'simd' });
    for (const [given, message] of [
      [{ threads: here }, 'inWorker: threads is an object with count, build, dispose, expected await threads(2, { worker }), of neurite/threads'],
      [{ threads: 2 }, 'inWorker: threads is 2, expected await threads(2, { worker })'],
      [{ threads: team, worker: other }, 'inWorker: threads are those of another worker'],
    ] as const)
      expect((await thrown(inWorker(make(), given as never))).message).toContain(message);
    const odd = coreOf('relaxed').build === 'relaxed' ? make({ build: 'relaxed' }) : undefined;
    if (odd)
      expect((await thrown(inWorker(odd, { threads: team }))).message).toBe(
        "inWorker: build is relaxed and that of threads is simd, expected the same; threads(n, { build: 'relaxed' }) gives such",
      );
    here.dispose();
    team.dispose();
  });

  test('a worker that is none, or has ended', async () => {
    for (const [worker, said] of [
      [{}, 'an object without fields'],
      [5, '5'],
      [null, 'null'],
    ] as const)
      expect((await thrown(threads(1, { worker: worker as never }))).message).toBe(
        `threads: worker is ${said}, expected await startWorker(), of neurite/worker, or the worker of a network`,
      );
    const worker = await startWorker(channel());
    worker.terminate();
    expect((await thrown(threads(1, { worker }))).message).toContain('threads: the worker was terminated');
  });

  test('threads of a worker in place of those of this thread, and as data', async () => {
    const { worker, team } = await started(1);
    expect(() => make({ threads: team })).toThrow('network: threads is a WorkerThreads, expected await threads(2), of neurite/threads');
    const net = await inWorker(make(), { worker });
    expect((await thrown(net.predict(team as never))).message).toBe('predict: x is threads, which cannot go to a worker; expected data');
    team.dispose();
  });

  test('without cross-origin isolation, before anything goes to the worker', async () => {
    const worker = await startWorker(channel());
    Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false, configurable: true });
    try {
      expect((await thrown(threads(2, { worker }))).code).toBe('NO_ISOLATION');
    } finally {
      delete (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
    }
    const net = await inWorker(make(), { worker });
    expect(await net.predict(x)).toHaveLength(1280);
  });
});

test('restore takes threads, as load does', async () => {
  const two = await threads(2, { build: 'simd' });
  const net = make();
  await net.fit({ x, y }, { epochs: 1, batchSize: 64 });
  const back = restore(checkpoint(net), { threads: two });
  expect(back.parameters.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(bits(copyParameters(back))).toEqual(bits(copyParameters(net)));
  back.dispose();
  two.dispose();
});
