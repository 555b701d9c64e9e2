/** The lock by which a page hears of a worker's end, in a host whose locks take their time. */
import { afterEach, expect, test, vi } from 'vitest';
import { serve } from '../../src/worker/host.js';
import { holdForLife } from '../../src/worker/lifeLock.js';
import { startWorker } from '../../src/worker/start.js';

afterEach(() => vi.unstubAllGlobals());

/** Locks that are granted in the order in which they arrive, the first request late: it comes from another thread. */
function slowLocks() {
  let first = true;
  const queues = new Map<string, Promise<unknown>>();
  const request = async (name: string, then: () => unknown) => {
    const isLate = first;
    first = false;
    if (isLate) await new Promise((resolve) => setTimeout(resolve, 30));
    const mine = (queues.get(name) ?? Promise.resolve()).then(then);
    queues.set(name, mine);
    return mine;
  };
  return { locks: { request } };
}

test('a page asks for it no sooner than the worker has it', async () => {
  vi.stubGlobal('navigator', slowLocks());
  const { port1, port2 } = new MessageChannel();
  serve(port2, holdForLife());
  const worker = await startWorker(port1);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(worker.ended).toBe(false);
  worker.terminate();
});

test.each([
  ['without locks', {}],
  ['with locks that are refused', { locks: { request: () => Promise.reject(new Error('sandboxed')) } }],
])('%s a worker starts all the same', async (_, navigator) => {
  vi.stubGlobal('navigator', navigator);
  const { port1, port2 } = new MessageChannel();
  serve(port2, holdForLife());
  const worker = await startWorker(port1);
  expect(worker.ended).toBe(false);
  worker.terminate();
});

test('what it held is free: the worker ended', async () => {
  let free: () => void = () => {};
  vi.stubGlobal('navigator', { locks: { request: (_: string, then: () => unknown) => new Promise<void>((resolve) => (free = resolve)).then(then) } });
  const { port1, port2 } = new MessageChannel();
  serve(port2, Promise.resolve('mine'));
  const worker = await startWorker(port1);
  await vi.waitUntil(() => {
    free();
    return worker.ended;
  });
  port2.close();
});
