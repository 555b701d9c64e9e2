/** Networks that share parameters: an encoder of an autoencoder, one head of several. */
import {
  adam,
  adamW,
  BusyError,
  batchNorm,
  copyParameters,
  decayMatrices,
  dense,
  input,
  lbfgs,
  load,
  meanSquaredError,
  NeuriteError,
  type Node,
  NotFiniteError,
  network,
  type Optimizer,
  parameterGroups,
  save,
  sequential,
  sgd,
  ValueError,
} from 'neurite';
import { jacobian } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { bitsOf, randomRows } from '../files/bits.js';
import { norm } from '../own/norm.js';

const loss = meanSquaredError();

/** An autoencoder 6-3-6 and what its nodes are. */
function autoencoder(optimizer = adam({ learningRate: 0.01 })) {
  const x = input(6);
  const code = dense(3, 'tanh', { name: 'code' })(x);
  const outputs = dense(6, { name: 'decoder' })(code);
  return { x, code, outputs, net: network({ inputs: x, outputs, loss, optimizer, seed: 3, build: 'simd' }) };
}

/** A trunk with two heads, in this order. */
function heads() {
  const x = input(4);
  const trunk = dense(5, 'tanh', { name: 'trunk' })(x);
  const actor = dense(2, 'softmax', { name: 'actor' })(trunk);
  const critic = dense(1, { name: 'critic' })(trunk);
  return { x, actor, critic };
}

describe('an encoder of an autoencoder', () => {
  test('sees every step, to the bit', async () => {
    const { x, code, outputs, net } = autoencoder();
    using encoder = network({ inputs: x, outputs: code, parametersOf: net });
    // The same networks apart, copied by names.
    using apart = network({ inputs: x, outputs: code, build: 'simd' });
    expect(encoder.parameterNames).toEqual(['code.weights', 'code.biases']);
    expect(encoder.build).toBe('simd');
    const rows = randomRows(60, 1);
    for (let step = 0; step < 5; step++) {
      net.step(rows, rows);
      for (const name of apart.parameterNames) apart.parameter(name).set(net.parameter(name).values);
      expect([...bitsOf(encoder.predict(rows))]).toEqual([...bitsOf(apart.predict(rows))]);
      expect([...encoder.predict(rows.slice(0, 6))]).toEqual([...apart.predict(rows.slice(0, 6))]);
    }
    await net.fit({ x: rows, y: rows }, { epochs: 3 });
    for (const name of apart.parameterNames) apart.parameter(name).set(net.parameter(name).values);
    expect([...bitsOf(encoder.predict(rows))]).toEqual([...bitsOf(apart.predict(rows))]);
    expect(outputs.shape.size).toEqual([6]);
    net.dispose();
  });

  test('is the same memory: views and setters of either show in both', () => {
    const { x, code, net } = autoencoder();
    using encoder = network({ inputs: x, outputs: code, parametersOf: net });
    encoder.parameters[0] = 7;
    expect(net.parameters[0]).toBe(7);
    net.setParameters({ 'code.biases': [1, 2, 3] }, { partial: true });
    expect([...encoder.parameter('code.biases').values]).toEqual([1, 2, 3]);
    encoder.setParameters({ 'code.weights': new Float32Array(18).fill(2), 'code.biases': [0, 0, 0] });
    expect([...net.parameter('code.weights').values]).toEqual(new Array(18).fill(2));
    expect(encoder.copyParametersFrom(encoder)).toBe(encoder);
    net.dispose();
  });

  test('freeze copies, save writes its own parameters, reset is the owner’s', () => {
    const { x, code, net } = autoencoder();
    using encoder = network({ inputs: x, outputs: code, parametersOf: net });
    const rows = randomRows(60, 2);
    const before = encoder.predict(rows);
    using frozen = encoder.freeze();
    using loaded = load(save(encoder));
    net.step(rows, rows);
    expect([...encoder.predict(rows)]).not.toEqual([...before]);
    expect([...frozen.predict(rows)]).toEqual([...before]);
    expect([...loaded.predict(rows)]).toEqual([...before]);
    expect(() => encoder.reset()).toThrow(ValueError);
    net.reset();
    expect([...encoder.predict(rows)]).toEqual([...before]);
    net.dispose();
  });

  test('outlives the network it shares with, in either order', () => {
    for (const first of ['owner', 'encoder']) {
      const { x, code, net } = autoencoder();
      const encoder = network({ inputs: x, outputs: code, parametersOf: net });
      const third = network({ inputs: x, outputs: code, parametersOf: encoder });
      const rows = randomRows(6, 2);
      const before = [...encoder.predict(rows)];
      const rest = first === 'owner' ? encoder : net;
      (first === 'owner' ? net : encoder).dispose();
      // What is made now would lie where the memory was, were it free.
      using other = sequential(6, [dense(3), dense(6)], { seed: 9 });
      other.parameters.fill(9);
      expect([...third.predict(rows)]).toEqual(before);
      rest.dispose();
      expect([...third.predict(rows)]).toEqual(before);
      third.dispose();
    }
  });

  test('gives its memory back with the last', () => {
    const { memory } = coreOf('simd');
    let size = 0;
    for (let i = 0; i < 60; i++) {
      const x = input(256);
      const code = dense(256)(x);
      const net = network({ inputs: x, outputs: dense(256)(code), build: 'simd' });
      const encoder = network({ inputs: x, outputs: code, parametersOf: net });
      for (const made of i % 2 ? [net, encoder] : [encoder, net]) made.dispose();
      if (i === 5) size = memory.buffer.byteLength;
    }
    expect(memory.buffer.byteLength).toBe(size);
  });

  test('trains by itself, with an optimizer of its own, and leaves the decoder as it is', () => {
    const { x, code, net } = autoencoder();
    using encoder = network({ inputs: x, outputs: code, parametersOf: net, loss, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) });
    using apart = network({ inputs: x, outputs: code, loss, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), build: 'simd' });
    apart.copyParametersFrom(encoder);
    const decoder = [...net.parameter('decoder.weights').values];
    const [rows, targets] = [randomRows(60, 3), randomRows(30, 4)];
    for (let step = 0; step < 4; step++) expect(encoder.step(rows, targets)).toBe(apart.step(rows, targets));
    expect([...encoder.parameters]).toEqual([...apart.parameters]);
    expect([...net.parameter('code.weights').values]).toEqual([...apart.parameter('code.weights').values]);
    expect([...net.parameter('decoder.weights').values]).toEqual(decoder);
    // Its optimizer is configured without the other's.
    const optimizer = net.optimizer;
    encoder.configure({ optimizer: adam() });
    expect(net.optimizer).toBe(optimizer);
    net.dispose();
  });

  test('a layer applied to another input shares as well', () => {
    const layers = [dense(3, 'tanh'), dense(6)] as const;
    using net = sequential(6, layers, { loss, optimizer: adam() });
    using encoder = sequential(6, [layers[0]], { parametersOf: net });
    const rows = randomRows(6, 1);
    net.step(rows, rows);
    expect([...encoder.parameters]).toEqual([...net.parameters.subarray(0, 21)]);
  });
});

describe('one head of several', () => {
  /** The same network with parameters of its own. */
  const apartOf = (inputs: Node, outputs: Node) => network({ inputs, outputs, loss, build: 'simd' });

  test.each([
    ['actor first', true],
    ['critic first', false],
  ])('%s: each predicts, evaluates and differentiates, wherever its parameters lie', (_, actorFirst) => {
    const { x, actor, critic } = heads();
    using net = network({ inputs: x, outputs: actorFirst ? [actor, critic] : [critic, actor], loss: [loss, loss], optimizer: adam(), build: 'simd' });
    const rows = randomRows(40, 5);
    const [a, c] = [randomRows(20, 6), randomRows(10, 7)];
    net.step(rows, actorFirst ? [a, c] : [c, a]);
    for (const [head, y] of [
      [actor, a.map((v) => (v > 0 ? 1 : 0))],
      [critic, c],
    ] as const) {
      using shared = network({ inputs: x, outputs: head, parametersOf: net, loss });
      using apart = apartOf(x, head);
      for (const name of apart.parameterNames) apart.parameter(name).set(net.parameter(name).values);
      expect(shared.parameterNames).toEqual(apart.parameterNames);
      expect([...bitsOf(shared.predict(rows))]).toEqual([...bitsOf(apart.predict(rows))]);
      expect(shared.evaluate({ x: rows, y })).toEqual(apart.evaluate({ x: rows, y }));
      expect(shared.gradient(rows, y)).toBe(apart.gradient(rows, y));
      expect([...shared.gradients]).toEqual([...apart.gradients]);
      expect([...jacobian(shared, rows)]).toEqual([...jacobian(apart, rows)]);
      for (const name of apart.parameterNames) {
        expect([...shared.parameter(name).values]).toEqual([...apart.parameter(name).values]);
        expect([...shared.parameter(name).gradient]).toEqual([...apart.parameter(name).gradient]);
      }
      using frozen = shared.freeze();
      expect([...frozen.predict(rows)]).toEqual([...apart.freeze().predict(rows)]);
      using loaded = load(save(shared));
      expect([...loaded.predict(rows)]).toEqual([...apart.predict(rows)]);
      apart.copyParametersFrom(shared);
    }
  });

  test('parameters that lie apart are not trained there, and are no single view', () => {
    const { x, actor, critic } = heads();
    using net = network({ inputs: x, outputs: [actor, critic], loss: [loss, loss], optimizer: adam() });
    using value = network({ inputs: x, outputs: critic, parametersOf: net, loss });
    const message = /do not lie side by side/;
    expect(() => network({ inputs: x, outputs: critic, parametersOf: net, loss, optimizer: adam() })).toThrow(message);
    expect(() => value.configure({ optimizer: adam() })).toThrow(message);
    expect(() => value.parameters).toThrow(message);
    expect([...value.parameter('critic.weights').values]).toEqual([...net.parameter('critic.weights').values]);
    // The first head's are a run.
    using policy = network({ inputs: x, outputs: actor, parametersOf: net, loss, optimizer: adam() });
    expect([...policy.parameters]).toEqual([...net.parameters.subarray(0, policy.parameterCount)]);
  });
});

describe('what sharing is', () => {
  test('states are shared too', () => {
    const x = input(3);
    const middle = norm()(dense(3)(x));
    using net = network({ inputs: x, outputs: dense(2)(middle), loss, optimizer: sgd(), build: 'simd' });
    using half = network({ inputs: x, outputs: middle, parametersOf: net });
    const rows = randomRows(30, 1);
    net.step(rows, randomRows(20, 2));
    expect([...half.parameter('norm1.mean').values]).toEqual([...net.parameter('norm1.mean').values]);
    using apart = network({ inputs: x, outputs: middle, build: 'simd' });
    apart.copyParametersFrom(half);
    expect([...half.predict(rows)]).toEqual([...apart.predict(rows)]);
  });

  test('without the option, the same nodes are other parameters, as before', () => {
    const { x, code, net } = autoencoder();
    using other = network({ inputs: x, outputs: code });
    other.parameters.fill(0);
    expect(net.parameters.some((v) => v !== 0)).toBe(true);
    net.dispose();
  });

  test('neither changes the parameters while the other trains; predictions go on', async () => {
    const { x, code, net } = autoencoder();
    const encoder = network({ inputs: x, outputs: code, parametersOf: net, loss, optimizer: sgd() });
    const rows = randomRows(6000, 1);
    const training = net.fit({ x: rows, y: rows }, { epochs: 2 });
    expect(() => encoder.step(rows, randomRows(3000, 2))).toThrow(BusyError);
    expect(() => encoder.setParameters({}, { partial: true })).toThrow(BusyError);
    expect(() => encoder.dispose()).toThrow(BusyError);
    expect(encoder.predict(rows).length).toBe(3000);
    await training;
    encoder.step(rows, randomRows(3000, 2));
    encoder.dispose();
    net.dispose();
  });

  test('other nodes, another build and what is no network are refused', () => {
    const { x, code, net } = autoencoder();
    const own = dense(2, { name: 'own' })(code);
    expect(() => network({ inputs: x, outputs: own, parametersOf: net })).toThrow(NeuriteError);
    expect(() => network({ inputs: x, outputs: own, parametersOf: net })).toThrow(/which parametersOf does not have/);
    expect(() => network({ inputs: x, outputs: code, parametersOf: net, build: 'relaxed' })).toThrow(
      /build is relaxed and that of parametersOf is simd/,
    );
    expect(() => network({ inputs: x, outputs: code, parametersOf: {} as never })).toThrow(ValueError);
    net.dispose();
    expect(() => network({ inputs: x, outputs: code, parametersOf: net })).toThrow(/parametersOf: the network was disposed/);
  });
});

describe('an encoder whose states lie behind the parameters of the decoder', () => {
  const make = (optimizer: Optimizer) => {
    const x = input(4);
    const code = batchNorm()(dense(3, 'tanh')(batchNorm()(x)));
    const whole = network({ inputs: x, outputs: dense(4)(code), loss: meanSquaredError(), optimizer: sgd(), seed: 3 });
    const encoder = network({ inputs: x, outputs: code, parametersOf: whole, loss: meanSquaredError(), optimizer, seed: 3 });
    // The same by itself.
    const alone = network({ inputs: x, outputs: code, loss: meanSquaredError(), optimizer, seed: 3 });
    alone.copyParametersFrom(encoder);
    return { whole, encoder, alone };
  };
  const [rows, targets] = [randomRows(80, 1), randomRows(60, 2)];
  const optimizers = [
    adam(),
    adamW({ learningRate: 0.01, weightDecay: 0.1, groups: decayMatrices(), clipNorm: 0.1 }),
    adam({ groups: parameterGroups([{ parameters: 'batchNorm1', learningRateFactor: 0.1 }]) }),
    lbfgs({ maxIterations: 3 }),
  ];

  test.each(optimizers)('is trained there as by itself: $name', async (optimizer) => {
    const { whole, encoder, alone } = make(optimizer);
    const decoder = whole.parameters.slice(encoder.parameterCount);
    for (const net of [encoder, alone]) {
      net.step(rows, targets);
      await net.fit({ x: rows, y: targets }, { epochs: 3, earlyStopping: { patience: 2 } });
      if (optimizer.name !== 'lbfgs') await net.fit({ x: rows, y: targets }, { batchSize: 5, accumulationSteps: 2 });
    }
    expect(bitsOf(copyParameters(encoder))).toEqual(bitsOf(copyParameters(alone)));
    expect([...encoder.parameters]).toEqual([...whole.parameters.subarray(0, encoder.parameterCount)]);
    expect(bitsOf(whole.parameters.slice(encoder.parameterCount))).toEqual(bitsOf(decoder));
    expect(bitsOf(encoder.parameter('batchNorm2.variance').values)).toEqual(bitsOf(whole.parameter('batchNorm2.variance').values));
  });

  test('a step that fails leaves parameters and states as they were', () => {
    for (const optimizer of optimizers) {
      const { whole, encoder } = make(optimizer);
      const before = bitsOf(copyParameters(whole));
      expect(() =>
        encoder.step(
          rows,
          targets.map(() => 3e38),
        ),
      ).toThrow(NotFiniteError);
      expect(bitsOf(copyParameters(whole))).toEqual(before);
    }
  });
});
