/** Trainings that are interrupted somewhere and go on elsewhere leave the bits of those that are not. */
import {
  accuracy,
  adam,
  checkpoint,
  crossEntropy,
  dense,
  dropout,
  type EarlyStopping,
  FileError,
  type FitOptions,
  f1,
  lbfgs,
  load,
  meanSquaredError,
  optimizerState,
  reduceOnPlateau,
  restore,
  save,
  sequential,
  setOptimizerState,
  sgd,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { internals, Network } from '../../src/network/network.js';
import { builds } from '../kernels/machine.js';
import { sweep } from '../sweep.js';
import { bitsOf, generator } from './bits.js';
import { headerOf } from './mutate.js';
import { ids, type Run, runs, x } from './runs.js';

/** Slices of a step each, so that there is a callback behind every one. */
const SLICED = { budgetMs: 1e-9 };

/** A file names optimizers that a page may be without: their makers come with it. */
const options = { optimizers: [lbfgs] };

/** All that a training leaves in a network. */
const bytesOf = (net: Network) => Buffer.from(save(net, { optimizerState: true })).toString('hex');

/** Trains to the end, or to callback number `at`; what a checkpoint there held, or one after the abort, and how many callbacks there were. */
async function train(
  net: Network,
  run: Run,
  at = Number.POSITIVE_INFINITY,
  when: 'there' | 'after' = 'there',
): Promise<{ bytes?: Uint8Array; callbacks: number }> {
  let callbacks = 0;
  let bytes: Uint8Array | undefined;
  const abort = new AbortController();
  const called = () => {
    if (++callbacks !== at) return;
    if (when === 'there') bytes = checkpoint(net).slice();
    abort.abort(new Error('killed'));
  };
  const running = net.fit(run.data() as never, { ...run.options(), ...SLICED, signal: abort.signal, onProgress: called, onEpoch: called });
  if (at === Number.POSITIVE_INFINITY) await running;
  else await running.then(undefined, () => {});
  if (callbacks >= at && when === 'after') bytes = checkpoint(net).slice();
  return { callbacks, ...(bytes && { bytes }) };
}

/** What a checkpoint says of the training. */
const trainingIn = (bytes: Uint8Array) => {
  // biome-ignore lint/complexity/useLiteralKeys: as the file has it
  const metadata = JSON.parse(headerOf(bytes).text)['__metadata__'];
  return JSON.parse(metadata['neurite.checkpoint']);
};

describe.each(runs.map((run) => [run.name, run] as const))('%s', (_, run) => {
  test('goes on from any point, in a new network or in one that is there', async () => {
    const whole = run.make();
    const { callbacks } = await train(whole, run);
    const next = generator(callbacks);
    expect(callbacks).toBeGreaterThan(8);
    for (let i = 0; i < sweep(8, 2); i++) {
      const at = i === 0 ? 1 : i === 1 ? callbacks - 1 : 1 + (next() % (callbacks - 1));
      const { bytes } = await train(run.make(), run, at);
      const other = run.make();
      other.parameters.fill(7);
      const net = i % 2 ? restore(bytes as Uint8Array, options) : restore(bytes as Uint8Array, { into: other, ...options });
      await train(net, run);
      expect(bytesOf(net), `callback ${at} of ${callbacks}`).toBe(bytesOf(whole));
      net.dispose();
    }
    whole.dispose();
  });

  test('goes on from a checkpoint that was made after the abort', async () => {
    const whole = run.make();
    const { callbacks } = await train(whole, run);
    const next = generator(callbacks + 1);
    for (let i = 0; i < sweep(4, 1); i++) {
      const at = 1 + (next() % (callbacks - 1));
      const first = await train(run.make(), run, at, 'after');
      // Once more before its first step, from what no fit has touched.
      const kept = checkpoint(restore(first.bytes as Uint8Array, options)).slice();
      expect(Buffer.compare(kept, first.bytes as Uint8Array)).toBe(0);
      const second = restore(kept, { into: run.make(), ...options });
      const { bytes = kept, callbacks: done } = await train(second, run, Math.max(1, Math.floor((callbacks - at) / 2)), 'after');
      expect(done).toBeGreaterThan(0);
      const net = restore(bytes, options);
      await train(net, run);
      expect(bytesOf(net), `callback ${at} of ${callbacks}`).toBe(bytesOf(whole));
    }
  });

  test('goes on twice interrupted, and from a checkpoint of a checkpoint', async () => {
    const whole = run.make();
    const { callbacks } = await train(whole, run);
    const first = await train(run.make(), run, Math.floor(callbacks / 3));
    const second = restore(first.bytes as Uint8Array, options);
    const untouched = checkpoint(second).slice();
    const { bytes } = await train(second, run, Math.floor(callbacks / 3));
    for (const found of [untouched, bytes]) {
      const net = restore(found as Uint8Array, options);
      await train(net, run);
      expect(bytesOf(net)).toBe(bytesOf(whole));
    }
  });
});

const simple = runs.find(({ name }) => name.startsWith('adam with a cosine')) as Run;

test.each(builds)('the build is that of the network: %s', async (build) => {
  const net = sequential(4, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), build });
  await net.fit({ x, y: ids });
  expect(restore(checkpoint(net), { build }).build).toBe(build);
});

test('between two trainings a checkpoint is the network with its optimizer’s state', async () => {
  const net = simple.make();
  for (const trained of [false, true]) {
    if (trained) await train(net, simple);
    const again = restore(checkpoint(net));
    expect(bytesOf(again)).toBe(bytesOf(net));
    await train(again, simple);
    const other = load(save(net, { optimizerState: true }));
    await train(other, simple);
    expect(bytesOf(again)).toBe(bytesOf(other));
  }
});

test('a checkpoint has the same bytes whatever the sign and the payload of NaN, in parameters and in the optimizer’s state', async () => {
  const net = simple.make();
  await net.fit(simple.data() as never, { epochs: 1 });
  const { core, optimizerState } = internals('test', net).engine;
  const written = [0x7fc00000, 0xffc12345, 0x7f800001, 0xffffffff].map((nan) => {
    bitsOf(net.parameters).fill(nan, 3, 9);
    const slots = optimizerState?.slots ?? [];
    expect(slots.length).toBeGreaterThan(0);
    for (const address of slots) bitsOf(core.f32.subarray(address >>> 2, (address >>> 2) + net.parameterCount)).fill(nan, 2, 7);
    return [checkpoint(net), save(net), save(net, { optimizerState: true })].map((file) => Buffer.from(file).toString('hex'));
  });
  for (const files of written) expect(files).toEqual(written[0]);
});

test('load takes the network of a checkpoint, and begins anew', async () => {
  const run = runs.find(({ name }) => name.startsWith('early stopping')) as Run;
  const net = run.make();
  const { bytes } = await train(net, run, 5);
  const loaded = load(bytes as Uint8Array);
  expect(loaded.parameterCount).toBe(net.parameterCount);
  await train(loaded, run);
});

test('the history of a training that goes on begins with the epoch under way', async () => {
  const { bytes } = await train(simple.make(), simple, 15);
  const whole = await simple.make().fit(simple.data() as never, simple.options());
  const { epochs } = await restore(bytes as Uint8Array, options).fit(simple.data() as never, simple.options());
  expect(epochs.length).toBeLessThan(4);
  const values = (list: typeof epochs) => list.map(({ epoch, step, steps, loss, accuracy }) => ({ epoch, step, steps, loss, accuracy }));
  expect(values(epochs)).toEqual(values(whole.epochs.slice(-epochs.length)));
});

describe('what does not go on', () => {
  test('another fit than the interrupted one', async () => {
    const { bytes } = await train(simple.make(), simple, 5);
    const net = restore(bytes as Uint8Array);
    const before = bytesOf(net);
    const data = simple.data() as never;
    const options = simple.options();
    const bad: [object, object, string][] = [
      [data, { ...options, batchSize: 8 }, 'batches of rows is 8 and was 7'],
      [data, { ...options, shuffle: false }, 'shuffle is false and was true'],
      [{ x: x.slice(0, 80), y: ids.slice(0, 20) }, options, 'data of rows is 20 and was 60'],
      [data, { ...options, earlyStopping: { patience: 2 } }, 'earlyStopping is true and was false'],
      [data, { ...options, metrics: [accuracy] }, 'metrics is "accuracy" and was ""'],
      [data, { ...options, validationData: { x: x.slice(0, 80), y: ids.slice(0, 20) } }, 'rows of validation is 20 and was 0'],
      [data, { ...options, learningRate: 0.1 }, 'learningRate is 0.1 and was "cosine(0.1, {epochs:4,final:0})"'],
      [data, { ...options, learningRate: () => 0.1 }, 'learningRate is "a function" and was "cosine(0.1, {epochs:4,final:0})"'],
      [data, { ...options, batchSize: 1, accumulationSteps: 7 }, 'batchSize is 1 and was 7'],
    ];
    for (const [given, changed, message] of bad) {
      await expect(net.fit(given as never, changed)).rejects.toThrow(
        new ValueError(`fit: ${message} where the checkpoint was made, expected the same fit, which goes on; load() begins anew`),
      );
      expect(bytesOf(net)).toBe(before);
    }
    // All of that changed nothing.
    await net.fit(data, options);
    const whole = simple.make();
    await whole.fit(data, options);
    expect(bytesOf(net)).toBe(bytesOf(whole));
  });

  test('another early stopping than that of the interrupted fit', async () => {
    const run = runs.find(({ name }) => name.startsWith('early stopping')) as Run;
    const { bytes } = await train(run.make(), run, 5);
    const net = restore(bytes as Uint8Array);
    const before = bytesOf(net);
    const options = run.options();
    const earlyStopping = options.earlyStopping as EarlyStopping;
    const plateau = (factor: number) => reduceOnPlateau(0.3, { patience: 0, factor });
    const bad: [FitOptions, string][] = [
      [{ earlyStopping: { ...earlyStopping, monitor: 'loss' } }, 'earlyStopping.monitor is "loss" and was "f1"'],
      [{ earlyStopping: { ...earlyStopping, monitor: () => 1 } }, 'earlyStopping.monitor is "a function" and was "f1"'],
      [{ earlyStopping: { ...earlyStopping, mode: 'min' } }, 'earlyStopping.mode is "min" and was "by the metric"'],
      [{ earlyStopping: { ...earlyStopping, patience: 4 } }, 'earlyStopping.patience is 4 and was 3'],
      [{ earlyStopping: { ...earlyStopping, minDelta: 1 } }, 'earlyStopping.minDelta is 1 and was 0'],
      [{ validationSplit: 0.2 }, 'data of rows is 48 and was 45'],
      [{ validationSplit: 0.255 }, 'validationSplit is 0.255 and was 0.25'],
      [{ metrics: [f1, accuracy] as never }, 'metrics is "f1, accuracy" and was "f1"'],
      [{ learningRate: plateau(0.4) }, 'learningRate is "reduceOnPlateau'],
    ];
    for (const [changed, message] of bad) {
      await expect(net.fit(run.data() as never, { ...options, ...changed })).rejects.toThrow(`fit: ${message}`);
      expect(bytesOf(net)).toBe(before);
    }
    const whole = run.make();
    await train(whole, run);
    await train(net, run);
    expect(bytesOf(net)).toBe(bytesOf(whole));
  });

  test('fewer epochs than are done; as many train nothing, and more go on', async () => {
    const data = simple.data() as never;
    const options = simple.options();
    const net = simple.make();
    let bytes = new Uint8Array();
    await net.fit(data, {
      ...options,
      onEpoch: () => {
        bytes = checkpoint(net).slice();
      },
    });
    const again = restore(bytes);
    await expect(again.fit(data, { ...options, epochs: 3 })).rejects.toThrow(
      new ValueError('fit: epochs is 3, but the checkpoint was made in epoch 4, expected at least as many'),
    );
    const { epochs, samplesPerSecond } = await restore(bytes).fit(data, options);
    expect([epochs.length, samplesPerSecond]).toEqual([0, 0]);
    await again.fit(data, { ...options, epochs: 6 });
    const whole = simple.make();
    await whole.fit(data, { ...options, epochs: 6 });
    expect(bytesOf(again)).toBe(bytesOf(whole));
    const inside = await train(simple.make(), simple, 15);
    const net2 = restore(inside.bytes as Uint8Array);
    await expect(net2.fit(data, { ...options, epochs: 1 })).rejects.toThrow('fit: epochs is 1, but the checkpoint was made in epoch 2');
  });

  const changes: [string, (net: Network) => void][] = [
    ['step', (net) => net.step(x, ids)],
    ['applyGradients', (net) => net.applyGradients(new Float32Array(net.parameterCount).fill(0.1))],
    ['setParameters', (net) => net.setParameters({ 'dense1.biases': new Float32Array(6) }, { partial: true })],
    ['parameter(name).set', (net) => net.parameter('dense1.biases').set(new Float32Array(6))],
    ['copyParametersFrom', (net) => net.copyParametersFrom(simple.make())],
    ['setOptimizerState', (net) => setOptimizerState(net, optimizerState(simple.make()))],
    ['setTrainable', (net) => net.setTrainable('dense1', false)],
    ['configure', (net) => net.configure({ optimizer: adam({ learningRate: 0.05 }) })],
    ['reset', (net) => net.reset()],
    ['a step of a network that shares the parameters', (net) => sharing(net).step(x, new Float32Array(180))],
  ];
  const sharing = (net: Network) => {
    const { inputs, outputs } = internals('test', net).engine.model;
    return new Network({ inputs, outputs }, { parametersOf: net, loss: meanSquaredError(), optimizer: sgd() });
  };

  test.each(changes)('%s ends an interrupted training, whether it was aborted here or came as a checkpoint', async (_, change) => {
    const aborted = simple.make();
    const { bytes } = await train(aborted, simple, 5);
    const restored = restore(bytes as Uint8Array);
    const data = simple.data() as never;
    for (const net of [aborted, restored]) {
      expect(trainingIn(checkpoint(net)).run).toMatchObject({ step: 5 });
      change(net);
      expect(trainingIn(checkpoint(net)).run).toBe(undefined);
      const { epochs } = await net.fit(data, { ...simple.options(), epochs: 1 });
      expect(epochs.map(({ step }) => step)).toEqual([9]);
    }
  });

  test('a state of a schedule, and values of metrics, that no file can hold', async () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const deep = (n: number): unknown => (n === 0 ? 0 : [deep(n - 1)]);
    const wide = () => Array.from({ length: 40 }, () => 0).reduce<unknown>((one) => [one, one], 0);
    const schedule = (state: unknown) => Object.assign(() => 0.1, { state: () => state, restore: () => {} }) as never;
    const metric = (value: unknown) => ({ name: 'mine', mode: 'max', begin: () => ({ add() {}, value: () => value }) }) as never;
    const monitor = () => 1;
    const kept = (options: FitOptions) => async () => {
      const net = simple.make();
      let bytes: Uint8Array | undefined;
      await net.fit(
        { x, y: ids },
        {
          epochs: 1,
          ...options,
          onEpoch: () => {
            bytes = checkpoint(net);
          },
        },
      );
      restore(bytes as Uint8Array);
    };
    for (const state of [[1, 2], { rates: [1] }, { a: 'b' }, { a: undefined }, cyclic, 1, null])
      await expect(kept({ learningRate: schedule(state) })()).rejects.toThrow(
        /^checkpoint: learningRate.state gave .*, expected an object of numbers/,
      );
    await kept({ learningRate: schedule({ a: Number.NaN, b: -0 }) })();
    for (const value of [cyclic, deep(70), deep(61), wide(), () => {}, new Map([[1, 2]])])
      await expect(kept({ metrics: [metric(value)] as never, earlyStopping: { patience: 3, monitor } })()).rejects.toThrow(
        /^checkpoint: the training\.stopping\.best\.(training\.)?mine/,
      );
    for (const value of [deep(50), [1, [Number.NaN, -0]], new Float32Array(3), { a: { b: 'c' } }, null, undefined])
      await kept({ metrics: [metric(value)] as never, earlyStopping: { patience: 3, monitor } })();
  });

  test('a checkpoint for another architecture, which leaves the network as it is', async () => {
    const { bytes } = await train(simple.make(), simple, 5);
    const make = (layers = [dense(6, 'tanh'), dense(3, 'softmax')], options = {}) =>
      sequential(4, layers, { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 5, ...options } as never);
    const others: [Network, string][] = [
      [make().setTrainable('dense2', false), 'trainable.dense2.weights is true in the file and false here'],
      [make([dense(6, 'tanh'), dense(3), dense(3, 'softmax')]), 'dense2.attributes.activation is "softmax" in the file and "identity" here'],
      [make([dense(6, 'tanh'), dropout(0.1), dense(3, 'softmax')]), 'dense2.kind is "dense" in the file and "dropout" here'],
      [make(undefined, { loss: crossEntropy({ labelSmoothing: 0.1 }) }), 'crossEntropy.labelSmoothing is 0 in the file and 0.1 here'],
      [make([dense(7, 'tanh'), dense(3, 'softmax')]), 'dense1.weights.shape is [6, 4] in the file and [7, 4] here'],
      [make([dense(6, 'relu'), dense(3, 'softmax')]), 'dense1.attributes.activation is "tanh" in the file and "relu" here'],
      [make(undefined, { optimizer: adam() }), 'optimizer.learningRate is 0.05 in the file and 0.001 here'],
      [make(undefined, { optimizer: sgd() }), 'optimizer.name is "adam" in the file and "sgd" here'],
      [make(undefined, { seed: 6 }), 'seed is 5 in the file and 6 here'],
    ];
    for (const [net, which] of others) {
      const before = bytesOf(net);
      expect(() => restore(bytes as Uint8Array, { into: net })).toThrow(
        new FileError(
          `restore: the checkpoint is of another architecture than the network: ${which}, expected the same layers, losses, optimizer and seed`,
        ),
      );
      expect(bytesOf(net)).toBe(before);
    }
  });

  test('what is no checkpoint', () => {
    const net = simple.make();
    expect(() => restore(save(net))).toThrow(
      'restore: the file says nothing of a training, expected one made by checkpoint(); load() takes networks',
    );
    expect(() => restore(new Uint8Array(3))).toThrow(FileError);
    expect(() => restore('file' as never)).toThrow(ValueError);
    expect(() => restore(checkpoint(net), { into: {} as never })).toThrow(ValueError);
    net.dispose();
    expect(() => checkpoint(net)).toThrow('checkpoint');
  });

  test('reset and configure forget where a training was', async () => {
    const { bytes } = await train(simple.make(), simple, 15);
    const net = restore(bytes as Uint8Array, options);
    net.reset();
    await train(net, simple);
    const whole = simple.make();
    await train(whole, simple);
    expect(bytesOf(net)).toBe(bytesOf(whole));
  });
});
