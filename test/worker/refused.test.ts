/** What cannot go to a worker, calls at the wrong time, and workers that end: typed errors, and nothing changed. */
import {
  BusyError,
  crossEntropy,
  DisposedError,
  dense,
  FileError,
  input,
  type Metric,
  NeuriteError,
  type Node,
  NotConfiguredError,
  NotFiniteError,
  network,
  PauseController,
  reduceOnPlateau,
  ShapeError,
  sequential,
  sgd,
  stream,
  ValueError,
} from 'neurite';
import { inWorker, NeuriteWorker, startWorker, WorkerError, type WorkerNetwork } from 'neurite/worker';
import { describe, expect, test } from 'vitest';
import { apply, type Op, shapeOfOnly } from '../../src/graph/node.js';
import { square } from '../../src/ops/square.js';
import { signDescent } from '../training/throwaway.js';
import { bits, channel } from './channel.js';

const x = Float32Array.from({ length: 4 * 30 }, (_, i) => Math.sin(i * i + 1));
const y = Uint8Array.from({ length: 30 }, (_, i) => i % 3);

const make = (options: object = {}) =>
  sequential(4, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }), seed: 7, ...options });
const there = async (options: object = {}) => inWorker(make(options), { worker: channel() });

const ownOp: Op = {
  name: 'mine',
  inputs: 1,
  attributes: {},
  diagonal: false,
  shape: shapeOfOnly,
  backward: (_, dy) => [dy],
  compose: (node) => square(node.inputs[0] as Node),
};
const own = input(4);

const ownMetric: Metric = { name: 'mine', begin: () => ({ add() {}, value: () => 1 }) };

/** What a call throws. */
async function thrown(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => expect.fail('it gave a value'),
    (error) => error,
  );
}

describe('code that cannot go to a worker is named, before anything changes', () => {
  test.each<[string, string, (net: WorkerNetwork) => Promise<unknown>]>([
    [
      'a schedule',
      'fit: learningRate is a function, which cannot go to a worker; expected a number or one of neurite',
      (net) => net.fit({ x, y }, { learningRate: () => 0.1 }),
    ],
    [
      'a monitor',
      "fit: earlyStopping.monitor is a function, which cannot go to a worker; expected a name, such as 'loss'",
      (net) => net.fit({ x, y }, { earlyStopping: { patience: 1, monitor: () => 1 } }),
    ],
    [
      'the monitor of a schedule',
      'fit: learningRate.monitor is a function',
      (net) => net.fit({ x, y }, { learningRate: reduceOnPlateau(0.1, { monitor: () => 1 }) }),
    ],
    ['a metric', "fit: metrics[0] is a metric of one's own", (net) => net.fit({ x, y }, { metrics: [ownMetric] })],
    ['a metric of an evaluation', "evaluate: metrics[0] is a metric of one's own", (net) => net.evaluate({ x, y }, { metrics: [ownMetric] })],
    ['a function as data', 'predict: x is a function, which cannot go to a worker; expected data', (net) => net.predict((() => 1) as never)],
    ['a proxy', 'predict: the arguments cannot be sent to a worker', (net) => net.predict(new Proxy([1, 2, 3, 4], {}) as never)],
    ['a symbol among numbers', 'predict: the arguments cannot be sent to a worker', (net) => net.predict([1, 2, 3, Symbol('4')] as never)],
    [
      'options whose getter throws',
      'fit: options cannot be read: mine',
      (net) =>
        net.fit(
          { x, y },
          {
            get epochs(): number {
              throw new Error('mine');
            },
          },
        ),
    ],
    [
      'data whose getter throws',
      'fit: the data cannot be read: mine',
      (net) =>
        net.fit({
          get x(): number[] {
            throw new Error('mine');
          },
          y,
        }),
    ],
    ['a transfer that is no flag', 'predict: transfer is 1, expected true or false', (net) => net.predict(x, { transfer: 1 as never })],
    ['snapshots that are no flag', 'fit: snapshots is "yes", expected true or false', (net) => net.fit({ x, y }, { snapshots: 'yes' as never })],
    ['a callback that is none', 'fit: onEpoch is 5, expected a function', (net) => net.fit({ x, y }, { onEpoch: 5 as never })],
    [
      'a pause that tells nobody',
      'fit: pause is an object with paused, resumed without watch(), expected a PauseController',
      (net) => net.fit({ x, y }, { pause: { paused: false, resumed: () => Promise.resolve() } }),
    ],
    ['an optimizer of ones own', 'configure: the optimizer signDescent is one of the caller', (net) => net.configure({ optimizer: signDescent() })],
  ])('%s', async (_, message, call) => {
    const net = await there();
    const before = await net.snapshot();
    const error = await thrown(call(net));
    expect(error).toBeInstanceOf(ValueError);
    expect(error.message).toContain(message);
    expect(bits(await net.snapshot())).toEqual(bits(before));
  });

  test('ops and optimizers of ones own, when the network goes', async () => {
    const worker = channel();
    expect((await thrown(inWorker(make({ optimizer: signDescent() }), { worker }))).message).toContain(
      'inWorker: the optimizer signDescent is one of the caller',
    );
    expect((await thrown(inWorker(network({ inputs: [own], outputs: [apply(ownOp, [own])] }), { worker }))).message).toContain(
      "whose code cannot go to a worker; expected one of neurite's",
    );
  });

  test('a network of another worker', async () => {
    const [a, b] = [await there(), await there()];
    expect((await thrown(a.copyParametersFrom(b))).message).toContain('lies in another worker');
  });

  test.each([[{}], [undefined], ['net'], [5]])('inWorker of %j', async (given) => {
    expect(await thrown(inWorker(given as never, { worker: channel() }))).toBeInstanceOf(ValueError);
  });

  test('inWorker of bytes of something else, and of a disposed network', async () => {
    expect(await thrown(inWorker(Uint8Array.of(1, 2, 3), { worker: channel() }))).toBeInstanceOf(FileError);
    const net = make();
    net.dispose();
    expect(await thrown(inWorker(net, { worker: channel() }))).toBeInstanceOf(DisposedError);
    expect((await thrown(inWorker(make(), { worker: {} as never }))).message).toContain('expected a Worker');
    expect((await thrown(inWorker(make(), { wroker: 1 } as never))).message).toContain('wroker');
  });

  test('a detached array says so', async () => {
    const net = await there();
    const gone = x.slice();
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(await thrown(net.predict(gone))).toBeInstanceOf(NeuriteError);
  });
});

describe('errors of the network arrive as what they are', () => {
  test.each<[string, abstract new (...args: never[]) => Error, (net: WorkerNetwork) => Promise<unknown>]>([
    ['SHAPE', ShapeError, (net) => net.predict([1, 2, 3])],
    ['VALUE', ValueError, (net) => net.fit({ x, y }, { epochs: 0 })],
    ['VALUE', ValueError, (net) => net.fit({ x, y }, { wrong: 1 } as never)],
    ['VALUE', ValueError, (net) => net.evaluateAsync({ x, y }, { onEpoch: () => 1 } as never)],
    ['VALUE', ValueError, (net) => net.step(x, y, 5 as never)],
    ['VALUE', ValueError, (net) => net.parameter('nothing')],
    ['FILE', FileError, (net) => net.restore(Uint8Array.of(1))],
    [
      'NOT_FINITE',
      NotFiniteError,
      (net) =>
        net.step(
          x.map(() => 3e38),
          y,
        ),
    ],
  ])('%s', async (code, kind, call) => {
    const net = await there();
    const error = await thrown(call(net));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ code, name: kind.name });
    expect(Object.prototype.toString.call(error)).toBe('[object Error]');
  });

  test('with the same message, fields and names as here, and the stacks of both sides', async () => {
    const net = await there({ debug: true });
    const huge = Float32Array.of(3e38, 3e38, 3e38, 3e38);
    const here = await thrown(Promise.resolve().then(() => make({ debug: true }).step(huge, [1])));
    const error = (await thrown(net.step(huge, [1]))) as NotFiniteError;
    expect({ ...error }).toEqual({ ...here });
    expect(error.message).toBe(here.message);
    expect(error.where).toBeDefined();
    expect(error.stack).toContain('in a worker, called');
    expect(error.stack).toContain('refused.test.ts');
  });

  test('a network that lacks a loss', async () => {
    expect(await thrown((await inWorker(sequential(4, [dense(1)]), { worker: channel() })).step(x, y))).toBeInstanceOf(NotConfiguredError);
  });
});

describe('calls at the wrong time', () => {
  test('two fits at once, a step, a configuration and a disposal during one: the second is busy, the first goes on', async () => {
    const net = await there();
    const pause = new PauseController();
    pause.pause();
    const first = net.fit({ x, y }, { epochs: 200, pause });
    const busy = [net.fit({ x, y }), net.step(x, y), net.configure({ optimizer: sgd() }), net.reset(), net.dispose()].map(thrown);
    for (const error of await Promise.all(busy)) expect(error).toBeInstanceOf(BusyError);
    pause.resume();
    expect(await net.predict([1, 2, 3, 4])).toHaveLength(3);
    expect((await first).epochs).toHaveLength(200);
    await net.configure({ optimizer: sgd() });
    await net.dispose();
  });

  test('every call behind dispose is a DisposedError, also one that did not wait; a second dispose is none', async () => {
    const net = await there();
    const [, early] = [net.dispose(), net.predict([1, 2, 3, 4])];
    expect(await thrown(early)).toBeInstanceOf(DisposedError);
    expect(await thrown(net.configure({ optimizer: sgd() }))).toBeInstanceOf(DisposedError);
    for (const call of [net.predict([1]), net.fit({ x, y }), net.snapshot(), net.save()]) expect(await thrown(call)).toBeInstanceOf(DisposedError);
    await net.dispose();
  });

  test('what waits is rejected when the worker is terminated, and so is every later call', async () => {
    const net = await there();
    const waiting = [net.fit({ x, y }, { epochs: 1e6 }), net.predict([1, 2, 3, 4]), net.snapshot()].map(thrown);
    net.worker.terminate();
    for (const error of await Promise.all(waiting)) {
      expect(error).toBeInstanceOf(WorkerError);
      expect(error.message).toMatch(/^\w+: the worker was terminated; make another with inWorker\(\)$/);
      expect(error.stack).toContain('refused.test.ts');
    }
    const later = await thrown(net.predict([1, 2, 3, 4]));
    expect([later.name, (later as NeuriteError).code]).toEqual(['WorkerError', 'WORKER']);
    expect(net.worker.ended).toBe(true);
    await net.dispose();
    expect(await thrown(inWorker(make(), { worker: net.worker }))).toBeInstanceOf(WorkerError);
    expect(() => net.worker.dataset({ x, y })).toThrow(WorkerError);
  });

  test('what waits is rejected when the other end of the port closes', async () => {
    const { port1, port2 } = new MessageChannel();
    const silent = thrown(startWorker(port1 as never));
    port2.close();
    expect(await silent).toBeInstanceOf(WorkerError);
  });

  test('a worker of another version says so', async () => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => port2.postMessage({ neurite: 0, type: 'hello' });
    expect((await thrown(startWorker(port1 as never))).message).toContain('the worker speaks version 0');
    port2.close();
  });

  test('messages that are not neurites are nobodys', async () => {
    const port = channel();
    const net = await inWorker(make(), { worker: port });
    for (const message of [null, 5, 'text', { type: 'call' }, { neurite: 1 }, { neurite: 1, type: 'result', id: 999 }]) port.postMessage(message);
    expect(await net.predict([1, 2, 3, 4])).toHaveLength(3);
  });
});

describe('streams', () => {
  test('what their code throws rejects fit with that very error', async () => {
    const net = await there();
    const error = new Error('of the rows');
    const rows = stream(function* () {
      yield { x: [1, 2, 3, 4], y: 1 };
      throw error;
    });
    await expect(net.fit(rows)).rejects.toBe(error);
    expect(await net.step(x, y)).toBeTypeOf('number');
  });

  test('rows that cannot be cloned, and a source that is none', async () => {
    const net = await there();
    expect((await thrown(net.fit(stream([{ x: () => 1, y: 1 }] as never)))).message).toContain('fit: a row of the stream cannot be sent to a worker');
    expect((await thrown(net.fit(stream(() => 5 as never)))).message).toContain('fit: the stream is 5');
  });

  test('their iterators are closed when the training ends early', async () => {
    const net = await there();
    let closed = 0;
    const controller = new AbortController();
    const rows = stream(async function* () {
      try {
        for (;;) yield { x: [1, 2, 3, 4], y: 1 };
      } finally {
        closed++;
      }
    });
    setTimeout(() => controller.abort(), 20);
    await expect(net.fit(rows, { signal: controller.signal })).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toBe(1);
  });
});

test('what a worker is cannot be cloned: it would be an empty shell', async () => {
  const net = await there();
  for (const one of [net, net.worker, net.worker.dataset({ x, y })]) expect(() => structuredClone(one)).toThrow();
  expect(net.worker).toBeInstanceOf(NeuriteWorker);
});

test('what a network has and one in a worker has not says what there is in its place', async () => {
  await using net = await there();
  const named = net as unknown as Record<string, unknown>;
  expect(() => named.parameters).toThrow(new ValueError('parameters: a network in a worker does not have it; snapshot() gives a copy'));
  expect(() => (named.freeze as () => void)()).toThrow('freeze: a network in a worker does not have it; load(await net.save()).freeze()');
  expect(String(net)).toContain('4 → 8 relu → 3 softmax');
  const predictor = make().freeze();
  expect((await thrown(inWorker(predictor as never, { worker: channel() }))).message).toContain('inWorker: network is a Predictor, expected');
  expect(String(predictor)).toBe('Predictor 4 → 3');
});
