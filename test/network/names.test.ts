/** What layers, parameters and nodes are called, and what is found by these names. */

import {
  add,
  binaryCrossEntropy,
  constant,
  constantInit,
  crossEntropy,
  dense,
  dot,
  input,
  load,
  matmul,
  mul,
  named,
  network,
  parameter,
  save,
  sequential,
  sigmoid,
  square,
  squaredError,
  tanh,
} from 'neurite';
import { summary, trace as traceOf } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';

describe('parameters', () => {
  test('are found by name, as live views in the order of the run', () => {
    const x = input(2);
    const u = parameter(3, { name: 'u' });
    const net = network({ inputs: x, outputs: mul(dot(dense(3, 'tanh', { name: 'hidden' })(x), u), parameter(1)), loss: squaredError() });
    expect(net.parameterNames).toEqual(['hidden.weights', 'hidden.biases', 'u', 'parameter1']);
    expect(net.parameterNames.flatMap((name) => [...net.parameter(name).values])).toEqual([...net.parameters]);
    expect(net.parameter('hidden.weights').shape).toEqual([3, 2]);
    expect(net.parameterNames.map((name) => net.parameter(name).offset)).toEqual([0, 6, 9, 12]);
    net.parameter('u').values.set([1, 2, 3]);
    expect([...net.parameters.subarray(9, 12)]).toEqual([1, 2, 3]);
    net.gradient([1, 2], [3]);
    expect(net.parameterNames.flatMap((name) => [...net.parameter(name).gradient])).toEqual([...net.gradients]);
    expect(net.parameter('u').gradient).toEqual(traceOf(net, [1, 2], [3]).node('u').gradient.values);
    expect(() => net.parameter('v')).toThrow('parameter: name is "v", expected one of hidden.weights, hidden.biases, u, parameter1');
    expect(summary(net)).toMatch(/\nu +parameter +\[3] +3\n/);
  });

  test('of the same name are numbered, as they are in a file', () => {
    const x = input(2);
    const net = network({ inputs: x, outputs: add(mul(x, parameter(2, { name: 'w' })), parameter(2, { name: 'w' })) });
    expect(net.parameterNames).toEqual(['w', 'w_2']);
    expect(traceOf(net, [1, 2]).nodes.map(({ name }) => name)).toEqual(['x', 'w', 'mul1', 'w_2', 'add1']);
    expect(load(save(net)).parameterNames).toEqual(['w', 'w_2']);
  });

  test('have no gradient without a loss', () => {
    const net = sequential(2, [dense(1)]);
    expect(() => net.parameter('dense1.weights').gradient).toThrow('gradients: the network has no loss');
    expect(() => net.layer('dense1').weightGradients).toThrow('gradients: the network has no loss');
  });
});

describe('layers', () => {
  test('keep their place when their output is named, and take its name', () => {
    const x = input(2);
    const net = network({ inputs: x, outputs: named(dense(1)(named(dense(3, 'tanh')(x), 'hidden')), 'score') });
    expect(net.layers.map(({ name, activation }) => [name, activation])).toEqual([
      ['hidden', 'tanh'],
      ['score', 'identity'],
    ]);
    const { z, u } = traceOf(net, [1, 2]).layer('hidden');
    expect(u.values).toEqual(traceOf(net, [1, 2]).node('hidden').value.values);
    expect([...u.values]).toEqual(Array.from(z.values, (v) => expect.closeTo(Math.tanh(v), 6)));
    expect(traceOf(net, [1, 2]).layer('score').u.values).toEqual(net.predict(Float32Array.of(1, 2)));
  });

  test('that have a name keep it beside that of their output', () => {
    const x = input(2);
    const net = network({ inputs: x, outputs: named(dense(3, 'tanh', { name: 'hidden' })(x), 'h') });
    expect(net.layers.map(({ name }) => name)).toEqual(['hidden']);
  });

  test.each([undefined, 'encoder'])('applied twice are there once (name %j)', (name) => {
    const [a, b] = [input(2, 'a'), input(2, 'b')];
    const shared = dense(2, 'tanh', { ...(name && { name }) });
    const net = network({ inputs: [a, b], outputs: add(shared(a), shared(b)), loss: squaredError() });
    const own = name ?? 'dense1';
    for (const one of [net, load<2, 1>(save(net))]) {
      expect(one.layers.map((layer) => layer.name)).toEqual([own]);
      expect(summary(one)).toMatch(/\n6 parameters/);
      const trace = traceOf(
        one,
        [
          [1, 2],
          [3, 4],
        ],
        [0, 0],
      );
      expect(trace.layers.map((layer) => layer.name)).toEqual([own, `${own}_2`]);
      expect(trace.layer(own).dw).toEqual(trace.layer(`${own}_2`).dw);
    }
  });

  test('of the same name are refused', () => {
    const twin = { name: 'twin' };
    expect(() => sequential(2, [dense(2, 'tanh', twin), dense(2, 'tanh', twin)])).toThrow('two layers are called "twin"');
  });
});

test('a batch on the wrong side of a product is told the right one', () => {
  const [x, w] = [input(3), parameter([2, 3], { name: 'w' })];
  expect(() => matmul(w, x)).toThrow(
    'matmul: w [2, 3] has 3 columns and x [rows, 3] has the batch as its rows; they must be equal; a batch comes first: matmul(x, w, false, true) is x·Wᵀ',
  );
  expect(() => matmul(x, w)).toThrow('matmul: x [rows, 3] has 3 columns and w [2, 3] has 2 rows; they must be equal');
});

describe('trace', () => {
  const x = input(1);
  const a = named(add(mul(parameter(1, { name: 'w', init: constantInit(2) }), x), constant(1)), 'a');
  const net = network({ inputs: x, outputs: named(tanh(a), 'f'), loss: squaredError({ scale: 0.5 }) });

  test('gives the factor of the chain rule on an edge', () => {
    const trace = traceOf(net, [[0], [0.5]], [0, 0]);
    expect(trace.slope('mul1', 'w')).toEqual({ shape: [2, 1], values: Float32Array.of(0, 0.5) });
    expect([...trace.slope('f', 'a').values]).toEqual([1, 2].map((v) => expect.closeTo(1 - Math.tanh(v) ** 2, 6)));
    expect(() => trace.slope('f', 'w')).toThrow('slope: input is "w", expected an input of f: a');
    expect(() => trace.slope('g', 'a')).toThrow('slope: node is "g", expected one of w, x, mul1, a, f');
    expect(() => trace.node('g')).toThrow('node: name is "g", expected one of w, x, mul1, a, f');
    expect(() => trace.layer('dense1')).toThrow('layer: name is "dense1"');
  });

  test('says where a factor is a matrix', () => {
    const trace = traceOf(sequential(2, [dense(2, 'softmax')]), [1, 2]);
    expect(() => trace.slope('dense1', 'dense1.z')).toThrow('slope: ∂dense1/∂dense1.z has no number for each element alone');
  });

  test('has a gradient of 0 where the loss does not reach, and a slope of 0 through a threshold', () => {
    const trace = traceOf(sequential(2, [dense(1, 'heaviside')], { loss: squaredError() }), [1, 2], [1]);
    const { dz, dw, db } = trace.layer('dense1');
    expect([...dz.values, ...dw.values, ...(db?.values ?? [])]).toEqual([0, 0, 0, 0]);
    expect([...trace.slope('dense1', 'dense1.z').values]).toEqual([0]);
    expect([...trace.node('x').gradient.values]).toEqual([0, 0]);
  });

  test('has the gradient of the output that a loss is of, and 0 at one that has none', () => {
    const x = input(2);
    const hidden = dense(3, 'tanh')(x);
    const two = network({ inputs: x, outputs: [hidden, dense(4, 'softmax')(hidden)], loss: [undefined, crossEntropy()] });
    const trace = traceOf(two, [1, 2], 3);
    const { u, du } = trace.layer('dense2');
    expect([...du.values]).toEqual([0, 0, 0, expect.closeTo(-1 / (u.values[3] as number), 5)]);
    expect(trace.layer('dense1').du.values.some((d) => d !== 0)).toBe(true);
    const side = traceOf(network({ inputs: x, outputs: [dense(1)(x), dense(1)(x)], loss: [undefined, squaredError()] }), [1, 2], [0]);
    expect([...side.layer('dense1').dw.values]).toEqual([0, 0]);
  });

  test('adds the gradient that comes from a loss to that from further on', () => {
    const x = input(2);
    const p = named(sigmoid(x), 'p');
    const net = network({ inputs: x, outputs: [p, square(p)], loss: [binaryCrossEntropy({ reduction: 'sum' }), squaredError()] });
    const { gradient, value } = traceOf(
      net,
      [0.5, -1],
      [
        [1, 0],
        [0, 0],
      ],
    ).node('p');
    const [a, b] = value.values as unknown as [number, number];
    expect([...gradient.values]).toEqual([-1 / a + 4 * a ** 3, 1 / (1 - b) + 4 * b ** 3].map((v) => expect.closeTo(v, 5)));
  });

  test('is finite at a saturated output', () => {
    const softmax = sequential(2, [dense(2, 'softmax')], { loss: crossEntropy() });
    softmax.parameters.set([1, 0, 0, 1, 0, 0]);
    expect([...traceOf(softmax, [0, 200], 1).layer('dense1').du.values].map(Math.abs)).toEqual([0, 1]);
    const unit = sequential(1, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy() });
    unit.parameters.set([1, 0]);
    expect([...traceOf(unit, [200], [1]).layer('dense1').du.values]).toEqual([-1]);
    expect([...traceOf(unit, [-200], [0]).layer('dense1').du.values]).toEqual([1]);
  });

  test('prints layers and every other node', () => {
    const lines = traceOf(net, [0.5], [0]).toString().split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(' '))).toEqual([
      'name tensor',
      'w value',
      'w ∂L/∂w',
      'x value',
      'x ∂L/∂x',
      'mul1 value',
      'mul1 ∂L/∂mul1',
      'mul1 ∂mul1/∂w',
      'mul1 ∂mul1/∂x',
      'a value',
      'a ∂L/∂a',
      'a ∂a/∂mul1',
      'a ∂a/∂constant1',
      'f value',
      'f ∂L/∂f',
      'f ∂f/∂a',
      expect.stringMatching(/^loss 0\.46/),
    ]);
    const layered = traceOf(sequential(1, [dense(2, 'gelu'), dense(1)], { loss: squaredError() }), [1], [1]).toString();
    expect(layered.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2).join(' '))).toEqual([
      'name tensor',
      'x value',
      'x ∂L/∂x',
      ...['dense1', 'dense2'].flatMap((name) => ['z', 'u', '∂L/∂u', 'δ', '∂L/∂W', '∂L/∂b'].map((tensor) => `${name} ${tensor}`)),
      expect.stringMatching(/^loss /),
    ]);
  });
});
