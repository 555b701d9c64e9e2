/** What callbacks and the caller's own rows do while a network trains or is evaluated changes neither it nor its neighbours. */

import {
  adam,
  BusyError,
  crossEntropy,
  type DatasetLiteral,
  dataset,
  dense,
  type FitOptions,
  type Metric,
  type MetricBatch,
  type Network,
  NeuriteError,
  save,
  sequential,
  sgd,
} from 'neurite';
import { hvp } from 'neurite/derivatives';
import { explain, trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';

const rows = 700;
const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.fround(Math.sin(i * 2.3)));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * 7) % 3);
const data = { x, y };
const make = (): Network =>
  sequential(3, [dense(8, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 6, build: 'simd' });

/** What growth of the memory does: every view there is detaches. */
function detach(): void {
  const core = coreOf('simd');
  const { f32 } = core;
  core.memory.grow(0);
  core.free(core.allocate(16, 'a look at the new buffer'));
  expect(f32.length).toBe(0);
  expect(core.f32.length).toBeGreaterThan(0);
}

/** Calls `act`, and gives a value. */
function after<T>(act: () => void, value: T): T {
  act();
  return value;
}

const squared = { name: 'squared', begin: () => ({ add: () => {}, value: () => 0 }) };

/** What a callback may do; those that would change the network, or what is in use of it, are refused. */
const actions: Record<string, { busy: boolean; run: (net: Network) => unknown }> = {
  predict: { busy: false, run: (net) => net.predict(x) },
  'predict one': { busy: false, run: (net) => net.predict(x.subarray(0, 3)) },
  run: { busy: false, run: (net) => net.run() },
  evaluate: { busy: false, run: (net) => net.evaluate({ x: x.subarray(30), y: y.subarray(10) }) },
  'evaluate with metrics': { busy: false, run: (net) => net.evaluate({ x: x.subarray(300), y: y.subarray(100) }, { metrics: [squared] }) },
  freeze: { busy: false, run: (net) => net.freeze().dispose() },
  save: { busy: false, run: (net) => save(net) },
  explain: { busy: false, run: (net) => explain(net, 'step', 2000) },
  'take memory': { busy: false, run: detach },
  step: { busy: true, run: (net) => net.step(x, y) },
  gradient: { busy: true, run: (net) => net.gradient(x, y) },
  fit: { busy: true, run: (net) => net.fit(data) },
  configure: { busy: true, run: (net) => net.configure({ optimizer: sgd({ momentum: 0.5 }) }) },
  reset: { busy: true, run: (net) => net.reset() },
  trace: { busy: true, run: (net) => trace(net, x, y) },
  hvp: { busy: true, run: (net) => hvp(net, x, y, new Float32Array(net.parameterCount)) },
  dispose: { busy: true, run: (net) => net.dispose() },
};

/** Does something to the network, which must be refused or go well; how often. */
function doing(net: () => Network, { busy, run }: { busy: boolean; run: (net: Network) => unknown }) {
  const done = { times: 0 };
  const expectBusy = (error: unknown) => {
    expect(error).toBeInstanceOf(BusyError);
  };
  const act = () => {
    done.times++;
    try {
      const result = run(net());
      // A fit refuses by its promise.
      if (result instanceof Promise) void result.then(() => expect.unreachable(), expectBusy);
      else expect(busy).toBe(false);
    } catch (error) {
      expect(busy, String(error)).toBe(true);
      expectBusy(error);
    }
  };
  return { done, act };
}

/** Sums of everything that a metric sees, looked at when all is over: what it got must still be there. */
function keeping(act: (where: 'begin' | 'add' | 'value') => void): Metric<'kept', number[]> {
  return {
    name: 'kept',
    begin: () => {
      act('begin');
      const batches: MetricBatch[] = [];
      return {
        add: (batch) => {
          act('add');
          batches.push(batch);
        },
        value: () => {
          act('value');
          return batches.flatMap(({ outputs, logits, actual, predicted }) => [
            ...outputs,
            ...logits,
            ...Array.from(actual),
            ...Array.from(predicted),
          ]);
        },
      };
    },
  };
}

/** Where code of the caller's runs, and what comes of it all: numbers that no other doing may change. */
const places: Record<string, (net: Network, act: () => void) => unknown> = {
  learningRate: (net, act) => trained(net, { learningRate: (epoch, step) => after(act, 0.01 / (epoch + step)) }),
  'learningRate, past the budget': (net, act) => trained(net, { batchSize: 2, learningRate: () => after(act, 0.01) }, { ...data, budget: 0 }),
  onEpoch: (net, act) => trained(net, { onEpoch: act }),
  'onEpoch, later': (net, act) => trained(net, { onEpoch: () => Promise.resolve().then(act) }),
  onProgress: (net, act) => trained(net, { onProgress: act }),
  monitor: (net, act) => trained(net, { earlyStopping: { patience: 9, monitor: ({ training }) => after(act, training?.loss as number) } }),
  'a signal': (net, act) => trained(net, { signal: { throwIfAborted: act } as AbortSignal }),
  'an option': (net, act) =>
    trained(net, {
      get epochs() {
        act();
        return 2;
      },
    }),
  'begin of a metric': (net, act) => measured(net, (where) => where === 'begin' && act()),
  'add of a metric': (net, act) => measured(net, (where) => where === 'add' && act()),
  'value of a metric': (net, act) => measured(net, (where) => where === 'value' && act()),
  'add of a metric, past the budget': (net, act) => measured(net, (where) => where === 'add' && act(), { ...data, budget: 0 }),
  'add of a metric, asynchronous': (net, act) => net.evaluateAsync(data, { metrics: [keeping((where) => where === 'add' && act())] }),
  'onProgress of evaluateAsync': (net, act) => net.evaluateAsync(data, { onProgress: act }),
  'a row of fit': (net, act) => trained(net, {}, rowsThat(act)),
  'a row of fit, past the budget': (net, act) => trained(net, {}, { ...rowsThat(act), budget: 0 }),
  'a row of the validation data': (net, act) => trained(net, { validationData: rowsThat(act) }),
  'a row of evaluate': (net, act) => net.evaluate(rowsThat(act)),
  'a row of evaluate, past the budget': (net, act) => net.evaluate({ ...rowsThat(act), budget: 0 }),
  'a row of a data set': (net, act) => net.evaluate(dataset(rowsThat(act))),
};

async function trained(net: Network, options: FitOptions, set: DatasetLiteral = data) {
  const all = Object.defineProperties({ epochs: 2, batchSize: 64 }, Object.getOwnPropertyDescriptors(options));
  const { epochs } = await net.fit(set, all);
  return {
    epochs: epochs.map(({ loss, accuracy, validation, training }) => ({ loss, accuracy, validation, training })),
    parameters: Array.from(net.parameters),
  };
}

function measured(net: Network, act: (where: string) => unknown, set: DatasetLiteral = data) {
  return net.evaluate(set, { metrics: [keeping(act), { ...keeping(() => {}), name: 'kept too' }] });
}

/** The data as lists of rows, one of which runs code when it is read. */
function rowsThat(act: () => void): DatasetLiteral {
  const list = Array.from({ length: rows }, (_, i) => Array.from(x.subarray(3 * i, 3 * i + 3)));
  Object.defineProperty(list[5], 1, {
    enumerable: true,
    get: () => {
      act();
      return x[16];
    },
  });
  return { x: list, y: Array.from(y) };
}

describe.each(Object.keys(places))('%s', (place) => {
  const outcome = (net: Network, act: () => void) => (places[place] as (typeof places)[string])(net, act);

  test.each(Object.keys(actions))('%s', async (what) => {
    const action = actions[what] as (typeof actions)[string];
    const neighbours = Array.from({ length: 4 }, make);
    const [net, twin] = [make(), make()];
    neighbours.push(...Array.from({ length: 4 }, make));
    const before = neighbours.map((one) => Array.from(one.parameters));
    const { done, act } = doing(() => net, action);
    const result = await outcome(net, act);
    expect(done.times).toBeGreaterThan(0);
    expect(result).toEqual(await outcome(twin, () => {}));
    expect(Array.from(net.parameters)).toEqual(Array.from(twin.parameters));
    expect(neighbours.map((one) => Array.from(one.parameters))).toEqual(before);
    // And all of them go on.
    for (const one of [net, twin, ...neighbours]) {
      expect(Number.isFinite(one.step(x, y))).toBe(true);
      one.dispose();
    }
  });
});

test('an evaluation within an evaluation: both are right', () => {
  const net = make();
  const alone = net.evaluate(data);
  const inner: unknown[] = [];
  const outer = net.evaluate(data, {
    metrics: [
      { name: 'inner', begin: () => ({ add: () => void inner.push(net.evaluate({ x: x.subarray(0, 9), y: y.subarray(0, 3) })), value: () => 1 }) },
    ],
  });
  expect(outer).toEqual({ ...alone, inner: 1 });
  expect(inner).toHaveLength(Math.ceil(rows / 256));
  for (const one of inner) expect(one).toEqual(net.evaluate({ x: x.subarray(0, 9), y: y.subarray(0, 3) }));
});

test('the error says what is under way', async () => {
  const net = make();
  const messages: string[] = [];
  const note = () => {
    try {
      net.step(x, y);
    } catch (error) {
      messages.push((error as NeuriteError).message);
    }
  };
  await net.fit(data, { onEpoch: note });
  measured(net, (where) => where === 'begin' && note());
  await net.evaluateAsync(data, { onProgress: note });
  expect([...new Set(messages)]).toEqual([
    'step: the network is being trained by fit; wait for its promise, or abort it through its signal',
    'step: the network is being evaluated by evaluate; wait until it has returned',
    'step: the network is being evaluated by evaluateAsync; wait for its promise, or abort it through its signal',
  ]);
});

describe('a promise from what must answer at once is refused, and its rejection ends nothing', () => {
  const late = (() => Promise.reject(new Error('nobody looks'))) as () => never;
  const metric = (which: string): Metric => ({
    name: 'late',
    begin: () => (which === 'begin' ? late() : { add: () => (which === 'add' ? late() : undefined), value: () => (which === 'value' ? late() : 1) }),
  });
  test.each<[string, (net: Network) => unknown, string]>([
    ['learningRate', (net) => net.fit(data, { learningRate: late }), 'fit: learningRate gave a promise'],
    ['begin', (net) => net.evaluate(data, { metrics: [metric('begin')] }), 'evaluate: metrics: late.begin gave a promise'],
    ['add', (net) => net.evaluate(data, { metrics: [metric('add')] }), 'evaluate: metrics: late.add gave a promise'],
    ['value', (net) => net.evaluateAsync(data, { metrics: [metric('value')] }), 'evaluateAsync: metrics: late.value gave a promise'],
  ])('%s', async (_, call, message) => {
    const net = make();
    const error = await (async () => call(net))().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NeuriteError);
    expect((error as Error).message).toContain(message);
    net.step(x, y);
  });

  test.each<[unknown]>([[undefined], [null], [{}], [{ add: () => {} }], [3]])('begin that gives %j is refused', (given) => {
    const odd = { name: 'odd', begin: () => given } as unknown as Metric;
    expect(() => make().evaluate(data, { metrics: [odd] })).toThrow(/^evaluate: metrics: odd.begin gave .* expected an object with (add|value)\(\)$/);
  });
});
