/** What layers say of their training: regularisers, largest norms, and parameters that stay as they are. */
import {
  adam,
  adamW,
  checkpoint,
  crossEntropy,
  dense,
  input,
  l1,
  l1l2,
  l2,
  layerNorm,
  load,
  meanSquaredError,
  type Network,
  network,
  type Optimizer,
  restore,
  rmsProp,
  save,
  sequential,
  sgd,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { describe, expect, test } from 'vitest';
import { bitsOf, EPSILON, filled, numbers } from '../kernels/numbers.js';

const rows = 20;
const x = filled(rows * 4, numbers(1));
const y = filled(rows * 2, numbers(2));

describe('regularisers', () => {
  const sum = (values: ArrayLike<number>, f: (v: number) => number) => Array.from(values).reduce((total, v) => total + f(v), 0);

  test.each([
    ['l1', l1(0.1), (v: number) => 0.1 * Math.abs(v)],
    ['l2', l2(0.1), (v: number) => 0.1 * v * v],
    ['l1l2', l1l2(0.1, 0.2), (v: number) => 0.1 * Math.abs(v) + 0.2 * v * v],
  ])('%s is part of the loss and of its gradient', (_, regularizer, f) => {
    const plain = sequential(4, [dense(3, 'tanh'), dense(2)], { loss: meanSquaredError(), seed: 2 });
    const net = sequential(
      4,
      [dense(3, 'tanh', { weightRegularizer: regularizer, biasRegularizer: regularizer, activityRegularizer: regularizer }), dense(2)],
      { loss: meanSquaredError(), seed: 2 },
    );
    for (const one of [plain, net]) one.layers[0]?.biases?.set([0.1, -0.2, 0.3]);
    const [first] = net.layers;
    const u = sequential(4, [dense(3, 'tanh')]);
    u.parameters.set(net.parameters.slice(0, 15));
    const activity = sum(u.predict(x), f) / rows;
    const expected = plain.gradient(x, y) + sum(first?.weights ?? [], f) + sum(first?.biases ?? [], f) + activity;
    expect(Math.abs(net.gradient(x, y) - expected)).toBeLessThanOrEqual(20 * EPSILON * expected);
    expect(checkGradients(net, x, y).passed).toBe(true);
    expect(checkGradients(load(save(net)), x, y).passed).toBe(true);
    // Another penalty of the network leaves those of its layers.
    expect(net.configure({ penalty: [] }).gradient(x, y)).toBe(net.gradient(x, y));
  });

  test('of a layer that is applied twice count its weights once, its values twice', () => {
    const shared = dense(4, 'tanh', { weightRegularizer: l2(1), activityRegularizer: l1(1) });
    const z = input(4);
    const net = network({ inputs: z, outputs: shared(shared(z)), loss: meanSquaredError(), seed: 1 });
    const bare = dense(4, 'tanh');
    const plain = network({ inputs: z, outputs: [bare(z), bare(bare(z))], loss: [undefined, meanSquaredError()], seed: 1 });
    plain.parameters.set(net.parameters);
    const [once, twice] = plain.predict(x) as [Float32Array, Float32Array];
    const target = new Float32Array(rows * 4);
    const expected =
      plain.gradient(x, target) + sum(net.layers[0]?.weights ?? [], (v) => v * v) + (sum(once, Math.abs) + sum(twice, Math.abs)) / rows;
    expect(Math.abs(net.gradient(x, target) - expected)).toBeLessThanOrEqual(20 * EPSILON * expected);
  });

  test.each<[string, () => unknown, string]>([
    ['a factor of 0', () => l2(0), 'l2: factor is 0, expected a positive number that float32 holds'],
    [
      'what is no function',
      () => sequential(2, [dense(2, { weightRegularizer: 0.1 as never })]),
      'dense: weightRegularizer is 0.1, expected a function of a node, such as l2(1e-4)',
    ],
    [
      'a regularizer of biases that are not there',
      () => dense(2, { bias: false, biasRegularizer: l2(0.1) }),
      'dense: biasRegularizer came with bias: false, expected none',
    ],
    ['a norm that is none', () => sequential(2, [dense(2, { maxNorm: -1 })]), 'dense: maxNorm is -1, expected a positive number that float32 holds'],
  ])('%s is refused', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

const optimizers: readonly (readonly [string, Optimizer])[] = [
  ['plain descent', sgd({ learningRate: 0.5 })],
  ['momentum', sgd({ learningRate: 0.5, momentum: 0.9 })],
  ['adam', adam({ learningRate: 0.5 })],
  ['adamW', adamW({ learningRate: 0.5, weightDecay: 0.1 })],
  ['rmsProp', rmsProp({ learningRate: 0.5 })],
];

describe.each(optimizers)('under %s', (_, optimizer) => {
  const make = (options = {}) =>
    sequential(4, [dense(6, 'tanh', { maxNorm: 0.75, ...options }), dense(2)], { loss: meanSquaredError(), optimizer, seed: 3 }) as Network;
  const norms = (net: Network) => Array.from({ length: 6 }, (_, unit) => Math.hypot(...(net.layers[0]?.weights.slice(4 * unit, 4 * unit + 4) ?? [])));

  test('no unit has weights beyond the largest norm, and shorter ones are left', async () => {
    const [net, fitted, loaded] = [make(), make(), load(save(make()))];
    for (let step = 0; step < 5; step++) for (const one of [net, loaded]) one.step(x, y);
    await fitted.fit({ x, y }, { batchSize: 6, epochs: 2 });
    for (const one of [net, fitted, loaded as Network]) for (const norm of norms(one)) expect(norm).toBeLessThanOrEqual(0.75 * (1 + 4 * EPSILON));
    expect(Math.max(...norms(net))).toBeGreaterThan(0.74);
    expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
    const free = make({ maxNorm: 1e6 });
    const plain = sequential(4, [dense(6, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer, seed: 3 });
    for (const one of [free, plain]) one.step(x, y);
    expect(bitsOf(free.parameters)).toEqual(bitsOf(plain.parameters));
    net.gradient(x, y);
    net.applyGradients();
    expect(Math.max(...norms(net))).toBeLessThanOrEqual(0.75 * (1 + 4 * EPSILON));
  });

  test('what is not trainable keeps its bits, what is trains on as if by itself', async () => {
    const made = (trainable: boolean) =>
      sequential(4, [dense(6, 'tanh', { trainable }), layerNorm({ trainable }), dense(2)], { loss: meanSquaredError(), optimizer, seed: 3 });
    for (const net of [made(false), load(save(made(false))), made(true).setTrainable('dense1', false).setTrainable('layerNorm1', false)]) {
      const before = net.parameters.slice();
      await net.fit({ x, y }, { batchSize: 7, epochs: 2 });
      for (let step = 0; step < 3; step++) net.step(x, y);
      net.gradient(x, y);
      const n = net.parameter('dense2.weights').offset;
      expect(bitsOf(net.parameters.slice(0, n))).toEqual(bitsOf(before.slice(0, n)));
      expect(net.gradients.slice(0, n).every((v) => v === 0)).toBe(true);
      expect(net.parameters.slice(n)).not.toEqual(before.slice(n));
      expect(net.parameter('dense1.weights').isTrained).toBe(false);
      net.setTrainable('dense1.weights', true).step(x, y);
      expect(bitsOf(net.parameter('dense1.biases').values)).toEqual(bitsOf(before.slice(24, 30)));
      expect(bitsOf(net.parameter('dense1.weights').values)).not.toEqual(bitsOf(before.slice(0, 24)));
    }
  });
});

describe('setTrainable', () => {
  const make = () => sequential(4, [dense(6, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam(), seed: 3 });

  test('leaves what the optimizer has, which goes on where it was', () => {
    const [net, other] = [make(), make()];
    for (const one of [net, other]) one.step(x, y);
    const state = () => save(net, { optimizerState: true });
    const before = state();
    net.setTrainable('dense1', false);
    net.setTrainable('dense1', true);
    expect(Buffer.from(state())).toEqual(Buffer.from(before));
    for (const one of [net, other]) one.step(x, y);
    expect(bitsOf(net.parameters)).toEqual(bitsOf(other.parameters));
  });

  test('is part of a checkpoint', async () => {
    const net = make().setTrainable('dense1', false);
    await net.fit({ x, y });
    const again = restore(checkpoint(net));
    expect(again.parameter('dense1.weights').isTrained).toBe(false);
    expect(() => restore(checkpoint(net), { into: make() })).toThrow('restore: the checkpoint is of another architecture');
  });

  test('refuses what is no name and no answer, and a training that is under way', async () => {
    const net = make();
    expect(() => net.setTrainable('dense3', false)).toThrow(
      'setTrainable: name is "dense3", expected a layer or one of dense1.weights, dense1.biases, dense2.weights, dense2.biases',
    );
    // A name that cannot be made a text.
    const odd = [
      {
        toString: () => {
          throw new RangeError('odd');
        },
      },
    ];
    expect(() => net.setTrainable(odd as never, false)).toThrow('setTrainable: name is');
    expect(() => net.setTrainable('dense1', 0 as never)).toThrow('setTrainable: trainable is 0, expected true or false');
    let busy: unknown;
    await net.fit(
      { x, y },
      {
        onEpoch: () => {
          try {
            net.setTrainable('dense1', false);
          } catch (error) {
            busy = error;
          }
        },
      },
    );
    expect(String(busy)).toContain('BusyError');
    expect(() => dense(3, { trainable: 'no' as never })(input(2))).toThrow('dense: trainable is "no", expected true or false');
  });

  test('a network without a loss has it too', () => {
    const net = sequential(4, [dense(2)]).setTrainable('dense1', false);
    net.configure({ loss: crossEntropy({ fromLogits: true }), optimizer: sgd() });
    const before = bitsOf(net.parameters);
    net.step(x, new Uint8Array(rows) as never);
    expect(bitsOf(net.parameters)).toEqual(before);
  });
});
