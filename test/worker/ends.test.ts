/** Callbacks that do what they like, messages that are garbage, arrays that are used twice, and workers that end: each call settles, once. */
import {
  BusyError,
  copyParameters,
  crossEntropy,
  DisposedError,
  dense,
  load,
  meanSquaredError,
  type NeuriteError,
  PauseController,
  ShapeError,
  sequential,
  sgd,
  stream,
  ValueError,
} from 'neurite';
import { inWorker, startWorker, WorkerError, type WorkerNetwork } from 'neurite/worker';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { sweep } from '../sweep.js';
import { bits, channel, exact } from './channel.js';

const x = Float32Array.from({ length: 4 * 30 }, (_, i) => Math.sin(i * i + 1));
const y = Uint8Array.from({ length: 30 }, (_, i) => i % 3);
const make = () => sequential(4, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: sgd(), seed: 7, reproducible: true });
const there = async () => inWorker(make(), { worker: channel() });

/** What a call throws, in 5 s at most: a call that settles never is a failure of its own. */
async function thrown(call: Promise<unknown>): Promise<Error> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it never settled')), 5000);
  });
  try {
    return await Promise.race([
      call.then(
        () => expect.fail('it gave a value'),
        (error) => error,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

describe.each(['onEpoch', 'onProgress'])('%s', (name) => {
  const fit = (net: WorkerNetwork, callback: () => unknown) => net.fit({ x, y }, { epochs: 1e6, [name]: callback });

  test.each<[string, (net: WorkerNetwork) => unknown, abstract new (...args: never[]) => Error]>([
    ['disposes of its network', (net) => net.dispose(), BusyError],
    ['trains it again', (net) => net.fit({ x, y }), BusyError],
    ['steps it', (net) => net.step(x, y), BusyError],
    ['gives a call that is refused', (net) => net.predict([1]), ShapeError],
    ['ends the worker', (net) => net.worker.terminate(), WorkerError],
    [
      'ends the worker and never returns',
      (net) => {
        net.worker.terminate();
        return new Promise(() => {});
      },
      WorkerError,
    ],
  ])('that %s', async (_, callback, kind) => {
    const net = await there();
    expect(await thrown(fit(net, () => callback(net)))).toBeInstanceOf(kind);
    if (kind !== WorkerError) expect(await net.predict([1, 2, 3, 4])).toHaveLength(3);
  });

  test.each([[undefined], [null], [0], ['a text'], [{ mine: 5 }]])('that throws %j', async (what) => {
    const net = await there();
    const call = fit(net, () => {
      throw what;
    });
    await expect(call).rejects.toBe(what);
  });

  test('is not called again once the worker has ended', async () => {
    const net = await there();
    let calls = 0;
    await thrown(
      fit(net, () => {
        calls++;
        net.worker.terminate();
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls).toBe(1);
  });
});

describe('a worker that ends', () => {
  test('rejects twenty calls that wait, each by its name, and each once', async () => {
    const net = await there();
    const calls = Array.from({ length: 20 }, (_, i) => thrown(i % 2 ? net.predict(x) : net.snapshot()));
    net.worker.terminate();
    net.worker.terminate();
    expect(new Set((await Promise.all(calls)).map(({ message }) => message.split(':')[0]))).toEqual(new Set(['predict', 'snapshot']));
  });

  test('while a network is made: the remedy is another worker, not another policy', async () => {
    const port = channel();
    const making = thrown(inWorker(make(), { worker: port }));
    const worker = startWorker(port).then(
      (started) => started.terminate(),
      () => {},
    );
    await worker;
    const error = await making;
    expect(error).toBeInstanceOf(WorkerError);
    expect(error.message).toBe('inWorker: the worker was terminated; make another with inWorker()');
  });

  test('closes the streams of its calls', async () => {
    const net = await there();
    let closed = 0;
    const rows = stream(async function* () {
      try {
        for (;;) yield { x: [1, 2, 3, 4], y: 1 };
      } finally {
        closed++;
      }
    });
    const training = thrown(net.fit(rows));
    setTimeout(net.worker.terminate, 20);
    expect(await training).toBeInstanceOf(WorkerError);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toBe(1);
  });

  test('leaves its signal without a listener', async () => {
    const net = await there();
    const listeners = new Set<unknown>();
    const signal = {
      aborted: false,
      reason: undefined,
      throwIfAborted() {},
      addEventListener: (_: string, listener: unknown) => void listeners.add(listener),
      removeEventListener: (_: string, listener: unknown) => void listeners.delete(listener),
    };
    const training = thrown(net.fit({ x, y }, { epochs: 1e6, signal: signal as never }));
    expect(listeners.size).toBe(1);
    net.worker.terminate();
    await training;
    expect(listeners.size).toBe(0);
  });
});

describe('messages of garbage', () => {
  /** A worker that greets and then answers each call as it likes. */
  function lying(answer: (id: number) => unknown): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }) => {
      if (data.type === 'hello') port2.postMessage({ neurite: 1, type: 'hello' });
      if (data.type === 'call') port2.postMessage(answer(data.id));
    };
    return port1;
  }

  test.each<[string, (id: number) => unknown]>([
    ['an error without one', (id) => ({ neurite: 1, type: 'error', id })],
    ['an error that is a number', (id) => ({ neurite: 1, type: 'error', id, error: 5, states: [] })],
    ['states that are none', (id) => ({ neurite: 1, type: 'error', id, error: { name: 'Error', message: '' }, states: 5 })],
    ['a question without one', (id) => ({ neurite: 1, type: 'question', id, question: 1 })],
    ['another version', (id) => ({ neurite: 'x', type: 'result', id })],
  ])('%s: the call is rejected', async (_, answer) => {
    const port = lying(answer);
    const call = inWorker(make(), { worker: port });
    const ended = setTimeout(() => port.close(), 300);
    expect(await thrown(call)).toBeInstanceOf(Error);
    clearTimeout(ended);
    port.close();
  });

  test.each<[string, object]>([
    ['a question without what it asks', { type: 'question', question: 1 }],
    ['a question of nothing', { type: 'question', question: 1, asked: null }],
    ['a question of another version', { type: 'question', question: 1, asked: { what: 'weather' } }],
    ['a question for rows of a stream that did not go', { type: 'question', question: 1, asked: { what: 'rows', source: 3, epoch: 0 } }],
    ['a network without what it says of itself', { type: 'result', value: {}, states: [] }],
    ['a network that is nothing', { type: 'result', value: null, states: [] }],
    ['a network of odd words', { type: 'result', value: { facts: 5, json: '{}', line: '' }, states: [] }],
  ])('%s: a WorkerError', async (_, reply) => {
    const port = lying((id) => ({ neurite: 1, id, ...reply }));
    const error = await thrown(inWorker(make(), { worker: port }));
    expect(error).toBeInstanceOf(WorkerError);
    expect(error.message).toContain("inWorker: the worker sent a message that is none of neurite's");
    port.close();
  });

  test('from the page: the worker goes on', async () => {
    const port = channel();
    const net = await inWorker(make(), { worker: port });
    for (const type of ['call', 'data', 'forget', 'abort', 'pause', 'heard', 'answer', 'nothing', 5, null]) {
      port.postMessage({ neurite: 1, type });
      port.postMessage({
        neurite: 1,
        type,
        id: 1,
        handle: -1,
        method: 'constructor',
        args: [1],
        data: { 'neurite:packed': { kind: 'data', literal: 5 } },
      });
    }
    expect(await net.predict([1, 2, 3, 4])).toHaveLength(3);
  });

  test.each([[() => undefined], [() => 5], [null], [async () => ({})]])('a worker that is none: %s', async (worker) => {
    expect(await thrown(inWorker(make(), { worker: worker as never }))).toBeInstanceOf(ValueError);
  });
});

describe('a signal', () => {
  test('that is aborted twice, and again after the end', async () => {
    const net = await there();
    const controller = new AbortController();
    const training = net.fit({ x, y }, { epochs: 1e6, signal: controller.signal });
    controller.abort('first');
    controller.abort('second');
    await expect(training).rejects.toBe('first');
    controller.abort('third');
    expect((await net.fit({ x, y })).epochs).toHaveLength(1);
  });

  test('of two fits ends both', async () => {
    const [a, b] = [await there(), await there()];
    const controller = new AbortController();
    const both = [a, b].map((net) => net.fit({ x, y }, { epochs: 1e6, signal: controller.signal }));
    controller.abort('both');
    for (const one of both) await expect(one).rejects.toBe('both');
  });
});

describe('arrays', () => {
  test('that were moved are refused by name the second time, with the code DETACHED', async () => {
    const net = await there();
    const mine = x.slice();
    await net.predict(mine, { transfer: true });
    const error = await thrown(net.predict(mine, { transfer: true }));
    expect(error).toBeInstanceOf(ValueError);
    expect((error as NeuriteError).code).toBe('DETACHED');
    expect(error.message).toContain('predict: x is ');
  });

  test('may be given twice in one call, and moved', async () => {
    const net = await there();
    const once = x.slice();
    expect(exact(await net.jvp(once, { x: once }))).toEqual(exact(await net.jvp(x, { x })));
    const [ramp, targets] = [x.slice(0, 3), Float32Array.of(0, 0, 0)];
    const loss = { x: ramp, y: ramp };
    const regression = await inWorker(sequential(3, [dense(3)], { loss: meanSquaredError(), optimizer: sgd() }), { worker: net.worker });
    await regression.fit(loss, { transfer: true });
    expect(ramp).toHaveLength(0);
    expect((await thrown(regression.fit({ x: ramp, y: targets }))).message).toContain('fit: x is ');
  });

  test('of shared memory are copied, moved or not, and stay', async () => {
    const net = await there();
    const shared = new Float32Array(new SharedArrayBuffer(x.byteLength));
    shared.set(x);
    const plain = await net.predict(x);
    expect(bits(await net.predict(shared))).toEqual(bits(plain));
    expect(bits(await net.predict(shared, { transfer: true }))).toEqual(bits(plain));
    expect(shared).toHaveLength(x.length);
    const file = await net.save();
    const sharedFile = new Uint8Array(new SharedArrayBuffer(file.length));
    sharedFile.set(file);
    const again = await inWorker(sharedFile, { worker: net.worker });
    expect(bits(await again.predict(x))).toEqual(bits(plain));
  });

  test('may change right after the call: what they were is what counts', async () => {
    const net = await there();
    const [mine, targets, list] = [x.slice(), y.slice(), Array.from(x)];
    const here = make();
    const history = net.fit({ x: mine, y: targets }, { epochs: 2 });
    const predicted = net.predict(list);
    mine.fill(9);
    targets.fill(0);
    list.fill(9);
    const { epochs } = await history;
    expect((await here.fit({ x, y }, { epochs: 2 })).epochs.map(({ loss }) => loss)).toEqual(epochs.map(({ loss }) => loss));
    expect(await predicted).toHaveLength(90);
    const file = (await net.save()) as Uint8Array<ArrayBuffer>;
    const made = inWorker(file, { worker: net.worker });
    file.fill(0);
    expect(bits(await (await made).snapshot())).toEqual(bits(copyParameters(here)));
  });
});

test('disposed of twice at once, a network is gone once, and both have waited for it', async () => {
  const net = await there();
  const predicted = net.predict([1, 2, 3, 4]);
  await Promise.all([net.dispose(), net.dispose(), net[Symbol.asyncDispose]()]);
  expect(await predicted).toHaveLength(3);
  expect(await thrown(net.predict([1, 2, 3, 4]))).toBeInstanceOf(DisposedError);
  // An end that was refused is asked for again.
  const other = await inWorker(make(), { worker: net.worker });
  // It rests while it is asked, so that it is under way for sure.
  const pause = new PauseController();
  pause.pause();
  const training = other.fit({ x, y }, { epochs: 2, pause });
  const ends = await Promise.allSettled([other.dispose(), other.dispose()]);
  expect(ends.map((end) => end.status === 'rejected' && end.reason instanceof BusyError)).toEqual([true, true]);
  pause.resume();
  await training;
  await other.dispose();
  expect(await thrown(other.predict([1, 2, 3, 4]))).toBeInstanceOf(DisposedError);
});

test('snapshots as often as they come do not change what is learned', async () => {
  const [net, here] = [await there(), make()];
  let [ended, snapshots] = [false, 0];
  const training = net.fit({ x, y }, { epochs: 300, batchSize: 4 }).finally(() => {
    ended = true;
  });
  while (!ended) {
    await Promise.all(Array.from({ length: 20 }, () => net.snapshot()));
    snapshots += 20;
  }
  await training;
  expect(snapshots).toBeGreaterThan(0);
  await here.fit({ x, y }, { epochs: 300, batchSize: 4 });
  expect(bits(await net.snapshot())).toEqual(bits(copyParameters(here)));
});

test('many networks, and their memory is free for others', async () => {
  const first = await there();
  const file = await first.save();
  const round = async (count: number) => {
    const nets = await Promise.all(Array.from({ length: count }, () => inWorker(file, { worker: first.worker })));
    await Promise.all(nets.map((net) => net.step(x, y)));
    for (const net of nets) await net.dispose();
    expect(await thrown((nets[7] as WorkerNetwork).predict(x))).toBeInstanceOf(DisposedError);
  };
  await round(sweep(200, 50));
  const before = coreOf('simd').memory.buffer.byteLength;
  await round(sweep(50, 20));
  expect(coreOf('simd').memory.buffer.byteLength).toBe(before);
});

test('what an error was caused by comes with it', async () => {
  const { port1, port2 } = new MessageChannel();
  const data = { name: 'CoreError', message: 'failed', stack: 'of the worker', fields: { code: 'CORE' } };
  port2.onmessage = ({ data: { type, id } }) =>
    port2.postMessage(
      type === 'hello'
        ? { neurite: 1, type }
        : { neurite: 1, type: 'error', id, states: [], aborted: false, error: { ...data, cause: { ...data, name: 'RangeError', fields: {} } } },
    );
  const error = await thrown(inWorker(await save(), { worker: port1 }));
  expect(error).toMatchObject({ name: 'CoreError', code: 'CORE' });
  expect(error.stack).toMatch(/^of the worker\n {4}in a worker, called\n/);
  expect(error.cause).toBeInstanceOf(RangeError);
  port1.close();
});

/** A file of the network. */
async function save(): Promise<Uint8Array> {
  const bytes = await (await there()).save();
  load(bytes).dispose();
  return bytes;
}
