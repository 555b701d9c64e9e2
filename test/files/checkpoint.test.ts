/** Trainings that are interrupted somewhere and go on elsewhere leave the bits of those that are not. */
import { adam, checkpoint, crossEntropy, dense, FileError, lbfgs, load, type Network, restore, save, sequential, sgd, ValueError } from 'neurite';
import { describe, expect, test } from 'vitest';
import { internals } from '../../src/network/network.js';
import { builds } from '../kernels/machine.js';
import { bitsOf, generator } from './bits.js';
import { ids, type Run, runs, x } from './runs.js';

/** Slices of a step each, so that there is a callback behind every one. */
const SLICED = { budgetMs: 1e-9 };

/** A file names optimizers that a page may be without: their makers come with it. */
const options = { optimizers: [lbfgs] };

/** All that a training leaves in a network. */
const bytesOf = (net: Network) => Buffer.from(save(net, { optimizerState: true })).toString('hex');

/** Trains to the end, or to callback number `at`; what a checkpoint there held, and how many callbacks there were. */
async function train(net: Network, run: Run, at = Number.POSITIVE_INFINITY): Promise<{ bytes?: Uint8Array; callbacks: number }> {
  let callbacks = 0;
  let bytes: Uint8Array | undefined;
  const abort = new AbortController();
  const called = () => {
    if (++callbacks !== at) return;
    bytes = checkpoint(net).slice();
    abort.abort(new Error('killed'));
  };
  const running = net.fit(run.data() as never, { ...run.options(), ...SLICED, signal: abort.signal, onProgress: called, onEpoch: called });
  if (at === Number.POSITIVE_INFINITY) await running;
  else await running.then(undefined, () => {});
  return { callbacks, ...(bytes && { bytes }) };
}

describe.each(runs.map((run) => [run.name, run] as const))('%s', (_, run) => {
  test('goes on from any point, in a new network or in one that is there', async () => {
    const whole = run.make();
    const { callbacks } = await train(whole, run);
    const next = generator(callbacks);
    expect(callbacks).toBeGreaterThan(8);
    for (let i = 0; i < 8; i++) {
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
    ];
    for (const [given, changed, message] of bad) {
      await expect(net.fit(given as never, changed)).rejects.toThrow(
        `fit: ${message} where the checkpoint was made, expected the same fit, which goes on`,
      );
      expect(bytesOf(net)).toBe(before);
    }
    // All of that changed nothing.
    await net.fit(data, options);
    const whole = simple.make();
    await whole.fit(data, options);
    expect(bytesOf(net)).toBe(bytesOf(whole));
  });

  test('a checkpoint for another architecture, which leaves the network as it is', async () => {
    const { bytes } = await train(simple.make(), simple, 5);
    const others = [
      sequential(4, [dense(7, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 5 }),
      sequential(4, [dense(6, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 5 }),
      sequential(4, [dense(6, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: sgd(), seed: 5 }),
      sequential(4, [dense(6, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 6 }),
    ];
    for (const net of others) {
      const before = bytesOf(net);
      expect(() => restore(bytes as Uint8Array, { into: net })).toThrow(
        new FileError('restore: the checkpoint is of another architecture than the network, expected the same layers, losses, optimizer and seed'),
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
