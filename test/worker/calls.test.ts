/** Every call of a network in a worker, beside the same call of the network itself. */

import {
  adam,
  adamW,
  add,
  checkpoint,
  copyParameters,
  crossEntropy,
  dense,
  dropout,
  input,
  l2,
  meanSquaredError,
  type Node,
  network,
  optimizerState,
  relu,
  restore,
  save,
  sequential,
  setOptimizerState,
  sgd,
  square,
  sub,
  sum,
  toJSON,
} from 'neurite';
import * as derivatives from 'neurite/derivatives';
import { inWorker, type WorkerNetwork } from 'neurite/worker';
import { describe, expect, test } from 'vitest';
import type { AnyNetwork } from '../../src/network/network.js';
import { METHODS, type MethodName } from '../../src/worker/methods.js';
import { channel, exact } from './channel.js';

const x = Float32Array.from({ length: 4 * 12 }, (_, i) => Math.sin(i * i + 1));
const one = [0.5, -1, 0.25, 2];
const ids = Uint8Array.from({ length: 12 }, (_, i) => i % 3);
const v = Float32Array.from({ length: 3 * 12 }, (_, i) => Math.cos(i));

const make = () => {
  const net = sequential(4, [dense(6, 'tanh'), dropout(0.3), dense(3, 'softmax')], {
    loss: crossEntropy(),
    optimizer: adam(),
    seed: 5,
    reproducible: true,
  });
  for (let i = 0; i < 3; i++) net.step(x, ids);
  return net;
};

/** A network of one output, which second derivatives are of. */
const scalar = (_?: unknown) => sequential(4, [dense(6, 'tanh'), dense(1)], { seed: 3, reproducible: true });
const scalarThere = ({ worker }: WorkerNetwork) => inWorker(scalar(), { worker });

type Both = readonly [here: (net: AnyNetwork) => unknown, there: (net: WorkerNetwork) => Promise<unknown>];

/** A call of each name, on the network and on the one in the worker; what it gives must be the same to the bit, and so must the parameters after it. */
const direction = Float32Array.from({ length: 51 }, (_, i) => Math.cos(i));
const calls: Readonly<Record<MethodName, Both>> = {
  predict: [
    (net) => [net.predict(x), net.predict(one), net.predict([one, one]), net.predict(x, { training: true })],
    async (net) => [await net.predict(x), await net.predict(one), await net.predict([one, one]), await net.predict(x, { training: true })],
  ],
  logits: [(net) => net.logits(x), (net) => net.logits(x, { transfer: false })],
  classify: [(net) => [net.classify(x), net.classify(one)], async (net) => [await net.classify(x), await net.classify(one)]],
  gradient: [
    (net) => [net.gradient(x, ids, { weight: ids }), net.gradients.slice()],
    async (net) => [await net.gradient(x, ids, { weight: ids }), await net.gradients()],
  ],
  gradients: [(net) => [net.gradient(x, ids), net.gradients.slice()], async (net) => [await net.gradient(x, ids), await net.gradients()]],
  step: [
    (net) => [net.step(x, ids), net.step(x, ids, { learningRate: 0.5 }), net.step(x, ids)],
    async (net) => [await net.step(x, ids), await net.step(x, ids, { learningRate: 0.5 }), await net.step(x, ids)],
  ],
  applyGradients: [(net) => net.applyGradients(direction, { learningRate: 0.1 }), (net) => net.applyGradients(direction, { learningRate: 0.1 })],
  fit: [
    (net) => net.fit({ x, y: ids }, { epochs: 2, batchSize: 5 }).then(lossesOf),
    (net) => net.fit({ x, y: ids }, { epochs: 2, batchSize: 5 }).then(lossesOf),
  ],
  evaluate: [(net) => net.evaluate({ x, y: ids }), (net) => net.evaluate({ x, y: ids })],
  evaluateAsync: [(net) => net.evaluateAsync({ x, y: ids }), (net) => net.evaluateAsync({ x, y: ids })],
  configure: [
    (net) => {
      net.configure({
        loss: meanSquaredError(),
        optimizer: sgd({ momentum: 0.9 }),
        penalty: ([first]) => square(first?.weights as Node),
      });
      return net.step(x, v);
    },
    async (net) => {
      const other = await net.configure({
        loss: meanSquaredError(),
        optimizer: sgd({ momentum: 0.9 }),
        penalty: ([first]) => square(first?.weights as Node),
      });
      return other.step(x, v);
    },
  ],
  setTrainable: [(net) => net.setTrainable('dense1', false).step(x, ids), async (net) => (await net.setTrainable('dense1', false)).step(x, ids)],
  setParameters: [
    (net) => void net.setParameters({ 'dense2.biases': [1, 2, 3] }, { partial: true }),
    async (net) => void (await net.setParameters({ 'dense2.biases': [1, 2, 3] }, { partial: true })),
  ],
  copyParametersFrom: [
    (net) => void net.copyParametersFrom(sequential(4, [dense(6), dropout(0.3), dense(3)], { seed: 9, reproducible: true }), { tau: 0.25 }),
    async (net) =>
      void (await net.copyParametersFrom(
        await inWorker(sequential(4, [dense(6), dropout(0.3), dense(3)], { seed: 9, reproducible: true }), { worker: net.worker }),
        { tau: 0.25 },
      )),
  ],
  parameter: [
    (net) => {
      net.gradient(x, ids);
      const { name, shape, values, gradient } = net.parameter('dense1.weights');
      return { name, shape, values: values.slice(), gradient: gradient.slice() };
    },
    async (net) => {
      await net.gradient(x, ids);
      return net.parameter('dense1.weights');
    },
  ],
  reset: [(net) => void net.reset(), async (net) => void (await net.reset())],
  snapshot: [(net) => copyParameters(net), (net) => net.snapshot()],
  save: [(net) => save(net, { optimizerState: true }), (net) => net.save({ optimizerState: true })],
  checkpoint: [(net) => checkpoint(net), (net) => net.checkpoint()],
  restore: [(net) => void restore(checkpoint(make()), { into: net }), async (net) => void (await net.restore(checkpoint(make())))],
  toJSON: [(net) => toJSON(net), (net) => net.toJSON()],
  optimizerState: [(net) => optimizerState(net), (net) => net.optimizerState()],
  setOptimizerState: [
    (net) => {
      setOptimizerState(net, optimizerState(make()));
      return net.step(x, ids);
    },
    async (net) => {
      await net.setOptimizerState(optimizerState(make()));
      return net.step(x, ids);
    },
  ],
  vjp: [(net) => derivatives.vjp(net, x, v), (net) => net.vjp(x, v)],
  jvp: [(net) => derivatives.jvp(net, x, { x }), (net) => net.jvp(x, { x })],
  jacobian: [(net) => derivatives.jacobian(net, x), (net) => net.jacobian(x)],
  parameterJacobian: [(net) => derivatives.parameterJacobian(net, one), (net) => net.parameterJacobian(one)],
  inputHessian: [(net) => derivatives.inputHessian(scalar(net), one), async (net) => (await scalarThere(net)).inputHessian(one)],
  inputHvp: [(net) => derivatives.inputHvp(scalar(net), one, one), async (net) => (await scalarThere(net)).inputHvp(one, one)],
  inputGradient: [(net) => derivatives.inputGradient(net, x, ids), (net) => net.inputGradient(x, ids)],
  hessian: [(net) => derivatives.hessian(net, one, [1]), (net) => net.hessian(one, [1])],
  hvp: [(net) => derivatives.hvp(net, x, ids, direction), (net) => net.hvp(x, ids, direction)],
  perSampleGradients: [(net) => derivatives.perSampleGradients(net, x, ids), (net) => net.perSampleGradients(x, ids)],
  dispose: [(net) => net.predict(one), (net) => net.predict(one)],
};

/** What of a history is no time. */
function lossesOf({ epochs }: { epochs: readonly { loss: number; epoch: number; step: number }[] }): unknown {
  return epochs.map(({ epoch, step, loss }) => [epoch, step, loss]);
}

describe('every call', () => {
  test.each(Object.keys(METHODS) as MethodName[])('%s gives and leaves the bits that it does in the page', async (name) => {
    const here = make();
    const there = await inWorker(make(), { worker: channel() });
    const [plain, called] = calls[name];
    expect(exact(await called(there as never))).toEqual(exact(await plain(here as never)));
    expect(exact(await there.snapshot())).toEqual(exact(copyParameters(here)));
    await there.dispose();
    here.dispose();
  });
});

test('a derivative is asked for no array of this side, which the worker could not fill', async () => {
  const there = await inWorker(make(), { worker: channel() });
  const out = new Float32Array(51);
  // @ts-expect-error: there is no out.
  const asked = there.hvp(x, ids, direction, { out });
  await expect(asked).rejects.toThrow('hvp: there is no option out of a network in a worker: its result comes as a new array');
  expect(out).toEqual(new Float32Array(51));
  await there.dispose();
});

test('it says of itself what the network does', async () => {
  const net = make();
  const there = await inWorker(net, { worker: channel() });
  const { build, seed, inFeatures, outFeatures, parameterCount, parameterNames } = net;
  expect({ ...there }).toMatchObject({ build, seed, inFeatures, outFeatures, parameterCount, parameterNames });
  expect(String(there)).toBe(`Worker${net}`);
  expect(Object.prototype.toString.call(there)).toBe('[object WorkerNetwork]');
});

test('several inputs, outputs and losses go there and back', async () => {
  const [a, b] = [input(2), input(3)];
  const h = relu(add(dense(4)(a), dense(4)(b)));
  const both = () =>
    network({
      inputs: [a, b],
      outputs: [dense(2, 'softmax')(h), dense(1)(h)],
      loss: [crossEntropy(), meanSquaredError()],
      optimizer: adamW(),
      reproducible: true,
    });
  const graph = both();
  const there = await inWorker(graph, { worker: channel() });
  const data = {
    x: [Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3, 4, 5, 6)] as const,
    y: [Uint8Array.of(0, 1), Float32Array.of(0.5, -1)] as const,
  };
  const options = { epochs: 3 };
  expect(lossesOf(await there.fit(data, options))).toEqual(lossesOf(await graph.fit(data, options)));
  const [p, q] = await there.predict(data.x as never);
  expect(exact([p, q])).toEqual(exact(graph.predict(data.x as never)));
});

test('a network of the bytes of a file, and of a checkpoint, none of which is made here', async () => {
  const net = make();
  const [saved, kept] = [await inWorker(save(net), { worker: channel() }), await inWorker(checkpoint(net), { worker: channel() })];
  expect(exact(await saved.predict(x))).toEqual(exact(net.predict(x)));
  await kept.step(x, ids);
  net.step(x, ids);
  expect(exact(await kept.snapshot())).toEqual(exact(copyParameters(net)));
});

test('a loss of ones own is sent as the graph that it is, and penalties of layers too', async () => {
  const own = () =>
    sequential(4, [dense(3, 'tanh', { weightRegularizer: l2(0.01) })], {
      loss: (u, t) => sum(square(sub(u, t))),
      optimizer: sgd(),
      reproducible: true,
    });
  const [here, there] = [own(), await inWorker(own(), { worker: channel() })];
  expect(await there.step(x, v)).toBe(here.step(x, v));
  const loss = (u: Node, t: Node) => sum(square(square(sub(u, t))));
  here.configure({ loss });
  await there.configure({ loss });
  expect(await there.step(x, v)).toBe(here.step(x, v));
  expect(exact(await there.snapshot())).toEqual(exact(copyParameters(here)));
});

test('configure keeps what is frozen, the counts, and the parameters; the calls behind it need not wait', async () => {
  const [here, there] = [make(), await inWorker(make(), { worker: channel() })];
  here.setTrainable('dense2', false).configure({ optimizer: sgd() });
  void there.setTrainable('dense2', false);
  void there.configure({ optimizer: sgd() });
  expect(await there.step(x, ids)).toBe(here.step(x, ids));
  expect(exact(await there.save({ optimizerState: true }))).toEqual(exact(save(here, { optimizerState: true })));
});

test('several networks in one worker know nothing of each other', async () => {
  const a = await inWorker(make(), { worker: channel() });
  const b = await inWorker(make(), { worker: a.worker });
  await a.step(x, ids);
  expect(exact(await b.snapshot())).toEqual(exact(copyParameters(make())));
  await a.dispose();
  expect(exact(await b.predict(x))).toEqual(exact(make().predict(x)));
});
