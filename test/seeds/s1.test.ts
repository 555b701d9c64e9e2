/** Rows S1.1 to S1.14: neural networks, gradients and their training (notes 1 to 29). */
import {
  adam,
  add,
  binaryCrossEntropy,
  concat,
  crossEntropy,
  dense,
  dot,
  exp,
  input,
  type Loss,
  meanSquaredError,
  mul,
  type Node,
  named,
  network,
  parameter,
  scale,
  sequential,
  sgd,
  sigmoid,
  slice,
  square,
  squaredError,
  sub,
} from 'neurite';
import { inputGradient as inputGradientOf, jacobian, parameterJacobian } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { EPSILON, filled, numbers } from '../kernels/numbers.js';
import { boundsOf } from '../network/errorBounds.js';
import { drawParameters, type Model, networkOf, oracleOf } from '../network/models.js';
import { binaryTerm, crossEntropy as crossEntropyOf, sigmoid as sigmoidOf, targetRow } from '../oracle/losses.js';
import { forward, type Activation as OracleActivation, type Loss as OracleLoss } from '../oracle/network.js';
import { argmax, rowOf, softmax } from '../oracle/rows.js';
import { biasGradient, expectStep, expectWithin, inputGradient, linear, sums, through, times, weightGradient } from './steps.js';

const sum = { reduction: 'sum' } as const;

/** One hidden layer of `units`, on 3 features. */
function oneHidden(hidden: OracleActivation['name'], output: OracleActivation['name'], outputs: number, units = 5): Model {
  return {
    inFeatures: 3,
    layers: [
      { units, activation: { name: hidden }, biases: true },
      { units: outputs, activation: { name: output }, biases: true },
    ],
  };
}

/** The loss each output is made for, on the oracle's side; its bounds are what is wanted here. */
const fitting: Record<string, OracleLoss> = {
  sigmoid: { name: 'binaryCrossEntropy', reduction: 'sum' },
  softmax: { name: 'crossEntropy', reduction: 'sum' },
  identity: { name: 'squaredError', reduction: 'sum' },
};

const hiddenByOutput = (['heaviside', 'sigmoid', 'relu'] as const).flatMap((hidden) =>
  (['sigmoid', 'softmax', 'identity'] as const).flatMap((output) => builds.map((build) => ({ hidden, output, build }))),
);

test.each(hiddenByOutput)(
  'S1.1 one hidden layer, $hidden then $output: the batch is its samples one by one ($build)',
  ({ hidden, output, build }) => {
    const next = numbers(11);
    const rows = 9;
    for (const outputs of output === 'sigmoid' ? [1, 2] : [2, 5]) {
      const model = oneHidden(hidden, output, outputs);
      const net = networkOf(model, { build });
      const parameters = drawParameters(model, next);
      net.parameters.set(parameters);
      const x = filled(rows * 3, next);
      const layers = oracleOf(model, parameters);
      const targets = Array.from({ length: rows }, () => targetRow(0, outputs));
      const bounds = boundsOf(layers, fitting[output] as OracleLoss, x, targets);
      const { z, u } = forward(layers, x, rows);
      const batch = net.predict(x);
      expectWithin(batch, u[2] as Float64Array, bounds.output, 'U^O of the batch');
      const single = Array.from({ length: rows }, (_, i) => [...net.predict(x.subarray(3 * i, 3 * i + 3))]).flat();
      expectWithin(single, u[2] as Float64Array, bounds.output, 'U^O one by one');
      expectWithin(
        single,
        batch,
        Array.from(bounds.output, (bound) => 2 * bound),
        'one by one',
      );
      // (9), (10): z and u of both layers, each from what came before it.
      const trace = traceOf(net, x);
      const [h, o] = [trace.layer('dense1'), trace.layer('dense2')];
      expectStep(h.z.values, linear(x, net.parameter('dense1.weights').values, net.parameter('dense1.biases').values, rows), 'Z^H');
      expectStep(o.z.values, linear(h.u.values, net.parameter('dense2.weights').values, net.parameter('dense2.biases').values, rows), 'Z^O');
      expectWithin(o.z.values, z[1] as Float64Array, bounds.logits, 'Z^O');
      if (hidden !== 'sigmoid')
        expect([...h.u.values]).toEqual(Array.from(h.z.values, (v) => (hidden === 'heaviside' ? Number(v >= 0) : Math.max(0, v))));
      else expectStep(h.u.values, through(h.z.values, sigmoidOf), 'U^H');
      expect(o.u.values).toEqual(batch);
    }
  },
);

test.each(builds)('S1.2 hard decisions: z ≥ 0 (4), argmax of the logits (6) (%s)', (build) => {
  const binary = sequential(1, [dense(1, 'sigmoid')], { build });
  binary.parameters.set([1, 0]);
  expect([...(binary.classify([-2, -1e-9, -0, 0, 1e-9, 2]) as Uint32Array)]).toEqual([0, 0, 1, 1, 1, 1]);
  expect(binary.predict([-1e-9])).toEqual([0.5]); // the probability alone would not tell
  expect(binary.classify([-3])).toBe(0);

  const classes = sequential(3, [dense(3, 'softmax')], { build });
  classes.parameters.set([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
  const z = [
    [1, 3, 2],
    [2, 5, 5],
    [4, 4, 4],
    [0, 0, 1e-9],
    [-1e4, -2e4, -1e4],
    [1e4, 1e4 + 1, 0],
  ];
  expect([...(classes.classify(z) as Uint32Array)]).toEqual([1, 1, 0, 2, 0, 1]);
  expect(classes.classify(z[0] as number[])).toBe(1);
  const random = filled(300, numbers(12));
  expect([...(classes.classify(random) as Uint32Array)]).toEqual(Array.from({ length: 100 }, (_, i) => argmax(rowOf(random, i, 3))));
});

test.each(builds)('S1.3 two threshold units: z^O = 0.5, −0.5, 1.5; ŷ = 1, 0, 1 (%s)', (build) => {
  const net = sequential(1, [dense(2, 'heaviside'), dense(1, 'heaviside')], { build });
  net.parameters.set([1, 1, -1, -3, -1, 2, 0.5]);
  const x = [-5, 0, 0.999, 1, 2, 2.999, 3, 5];
  const { z, u } = traceOf(net, x).layer('dense1');
  expectStep(
    z.values,
    sums(16, (i) => [[Math.fround(x[i >> 1] as number)], [i % 2 ? -3 : -1]]),
    'z^H = x − 1, x − 3',
  );
  expect([...u.values]).toEqual(x.flatMap((v) => [Number(v >= 1), Number(v >= 3)]));
  expect(net.logits(x)).toEqual([0.5, 0.5, 0.5, -0.5, -0.5, -0.5, 1.5, 1.5]);
  expect(net.predict(x)).toEqual([1, 1, 1, 0, 0, 0, 1, 1]);
  expect([...(net.classify(x) as Uint32Array)]).toEqual([1, 1, 1, 0, 0, 0, 1, 1]);
});

test.each(builds)('S1.4 every entry of table 1, and ŷ = 1 at x = 3.5 (%s)', (build) => {
  const net = sequential(1, [dense(2, 'heaviside'), dense(1, 'heaviside')], { build });
  net.parameters.set([1, 1, -2, -4, 1, -2, -0.5]);
  const trace = traceOf(net, [0, 1, 3, 5, 3.5]);
  const column = (values: Float32Array, j: number) => [...values].filter((_, i) => i % 2 === j);
  expect(column(trace.layer('dense1').z.values, 0)).toEqual([-2, -1, 1, 3, 1.5]);
  expect(column(trace.layer('dense1').z.values, 1)).toEqual([-4, -3, -1, 1, -0.5]);
  expect(column(trace.layer('dense1').u.values, 0)).toEqual([0, 0, 1, 1, 1]);
  expect(column(trace.layer('dense1').u.values, 1)).toEqual([0, 0, 0, 1, 0]);
  expect([...trace.layer('dense2').z.values]).toEqual([-0.5, -0.5, 0.5, -1.5, 0.5]);
  expect([...trace.layer('dense2').u.values]).toEqual([0, 0, 1, 0, 1]);
  expect(net.logits([0, 1, 3, 5, 3.5])).toEqual([-0.5, -0.5, 0.5, -1.5, 0.5]);
  expect(net.predict([0, 1, 3, 5, 3.5])).toEqual([0, 0, 1, 0, 1]);
});

test.each(builds)('S1.5 ŷ = 1 exactly on x₁ ≥ 0, x₂ ≥ 0, x₁ + x₂ < 1, borders too (%s)', (build) => {
  const net = sequential(2, [dense(3, 'heaviside'), dense(1, 'heaviside')], { build });
  net.parameters.set([1, 0, 0, 1, 1, 1, 0, 0, -1, 1, 1, -1, -1.5]);
  const steps = Array.from({ length: 97 }, (_, i) => i / 32 - 1); // exact, as are sums of two
  const grid = steps.flatMap((x1) => steps.map((x2) => [x1, x2]));
  const inside = ([x1, x2]: number[]) => Number((x1 as number) >= 0 && (x2 as number) >= 0 && (x1 as number) + (x2 as number) < 1);
  expect(net.predict(grid).flat()).toEqual(grid.map(inside));
  expect(grid.map(inside).filter(Boolean)).toHaveLength((32 * 33) / 2);
  const { u } = traceOf(net, grid).layer('dense1');
  expect([...u.values]).toEqual(grid.flatMap(([x1, x2]) => [x1, x2, (x1 as number) + (x2 as number) - 1].map((z) => Number((z as number) >= 0))));
  expect(net.logits([0.25, 0.25])).toEqual([0.5]);
});

test('S1.6 400-N_h-26 softmax, 120-N_h-1 sigmoid and 5-N_h-1 identity build, train and predict with the right shapes', async () => {
  const next = numbers(13);
  const rows = 104;
  for (const { inFeatures, outFeatures, units, output, loss, y } of [
    { inFeatures: 400, outFeatures: 26, units: 24, output: 'softmax', loss: crossEntropy(), y: (i: number) => i % 26 },
    { inFeatures: 120, outFeatures: 1, units: 8, output: 'sigmoid', loss: binaryCrossEntropy(), y: (i: number) => i % 2 },
    {
      inFeatures: 5,
      outFeatures: 1,
      units: 16,
      output: 'identity',
      loss: meanSquaredError(),
      y: (_: number, x: Float32Array) => (x[0] as number) - (x[4] as number),
    },
  ] as const) {
    const net = sequential(inFeatures, [dense(units, 'relu'), dense(outFeatures, output)], {
      loss,
      optimizer: adam({ learningRate: 0.01 }),
      seed: 1,
    });
    expect(net.layers.map((layer) => [layer.inFeatures, layer.outFeatures, layer.weights.length, layer.biases?.length])).toEqual([
      [inFeatures, units, units * inFeatures, units],
      [units, outFeatures, outFeatures * units, outFeatures],
    ]);
    const samples = Array.from({ length: rows }, () => filled(inFeatures, next));
    const x = samples.flatMap((sample) => [...sample]);
    const targets = samples.map((sample, i) => y(i, sample));
    const before = net.evaluate({ x, y: targets }).loss;
    await net.fit({ x, y: targets }, { epochs: 60 });
    const { loss: after, accuracy } = net.evaluate({ x, y: targets });
    expect(after).toBeLessThan(before / 20);
    if (output === 'identity') expect(accuracy).toBeUndefined();
    else expect(accuracy).toBeGreaterThan(0.95);
    const predicted = net.predict(Float32Array.from(x));
    expect(predicted).toHaveLength(rows * outFeatures);
    expect(net.predict([...(samples[0] as Float32Array)])).toHaveLength(outFeatures);
    if (output === 'softmax')
      expectStep(
        Array.from({ length: rows }, () => 1),
        sums(rows, (i) => rowOf(predicted, i, 26).map((p) => [p])),
        'Σ probabilities',
      );
    if (output !== 'identity') expect(predicted.every((p) => p >= 0 && p <= 1)).toBe(true);
  }
});

test.each(builds)('S1.7 hidden step, binary and softmax output step of a batch against the oracle (%s)', (build) => {
  const next = numbers(14);
  for (const rows of [1, 4, 33]) {
    const x = filled(rows * 3, next);
    for (const [output, outputs] of [
      ['sigmoid', 1],
      ['softmax', 7],
    ] as const) {
      const model = oneHidden('sigmoid', output, outputs, 6);
      const net = networkOf(model, { build });
      const parameters = drawParameters(model, next);
      net.parameters.set(parameters);
      // (a) is a network of one layer by itself.
      const hidden: Model = { ...model, layers: model.layers.slice(0, 1) };
      const step = networkOf(hidden, { build });
      step.parameters.set(parameters.subarray(0, 24));
      const targets = (width: number) => Array.from({ length: rows }, () => targetRow(0, width));
      const uh = forward(oracleOf(hidden, parameters), x, rows).u[1] as Float64Array;
      const within = boundsOf(oracleOf(hidden, parameters), fitting.sigmoid as OracleLoss, x, targets(6)).output;
      expectWithin(step.predict(x), uh, within, '(a) Uh');
      expect(traceOf(net, x).layer('dense1').u.values).toEqual(step.predict(x));
      const layers = oracleOf(model, parameters);
      const { z, u } = forward(layers, x, rows);
      const bounds = boundsOf(layers, fitting[output] as OracleLoss, x, targets(outputs));
      expectWithin(net.logits(x), z[1] as Float64Array, bounds.logits, `Zo, ${output}`);
      expectWithin(net.predict(x), u[2] as Float64Array, bounds.output, `Uo, ${output}`);
    }
  }
});

/** (x₁ + x₂x₃, x₁² + 3x₂) */
function f(x: Node): Node {
  const [x1, x2, x3] = [0, 1, 2].map((i) => slice(x, i, i + 1)) as [Node, Node, Node];
  return concat(add(x1, mul(x2, x3)), add(square(x1), scale(x2, 3)));
}

/** (y₁y₂, y₁ − y₂), with ∂/∂y = [y₂ y₁; 1 −1] */
function h(y: Node): Node {
  const [y1, y2] = [slice(y, 0, 1), slice(y, 1, 2)];
  return concat(mul(y1, y2), sub(y1, y2));
}

test.each(builds)('S1.8 ∂f/∂x = [1 x₃ x₂; 2x₁ 3 0], the tensor chain rule, and gradients of linear functions (13) (%s)', (build) => {
  const x = input(3);
  const net = network({ inputs: x, outputs: f(x), build });
  // Small integers: nothing is rounded.
  const points = Array.from({ length: 50 }, (_, i) => [(i % 7) - 3, (i % 5) - 2, (i % 11) - 5]);
  const equation = ([x1, x2, x3]: number[]) => [1, x3, x2, 2 * (x1 as number), 3, 0] as number[];
  expect([...jacobian(net, points)]).toEqual(points.flatMap(equation));
  expect([...jacobian(net, [2, 3, 5])]).toEqual([1, 5, 3, 4, 3, 0]);

  const chained = network({ inputs: x, outputs: h(f(x)), build });
  const y = input(2);
  const outer = network({ inputs: y, outputs: h(y), build });
  for (const point of points) {
    const [dh, df] = [jacobian(outer, net.predict(point)), jacobian(net, point)];
    const product = [0, 1].flatMap((i) =>
      [0, 1, 2].map((k) => (dh[2 * i] as number) * (df[k] as number) + (dh[2 * i + 1] as number) * (df[3 + k] as number)),
    );
    expect([...jacobian(chained, point)]).toEqual(product);
  }

  // z = Wx + b: ∂z/∂W is a tensor of order 3, ∂z_i/∂W_lj = 1[i = l]·x_j.
  const [n, m] = [3, 4];
  const affine = sequential(n, [dense(m)], { build, seed: 3 });
  const sample = [0.5, -1.25, 2];
  const dz = parameterJacobian(affine, sample);
  const { weights, biases } = { weights: affine.parameter('dense1.weights'), biases: affine.parameter('dense1.biases') };
  for (let i = 0; i < m; i++) {
    const row = dz.subarray(i * affine.parameterCount, (i + 1) * affine.parameterCount);
    expect([...row.subarray(weights.offset, m * n)]).toEqual(
      Array.from({ length: m * n }, (_, lj) => (Math.floor(lj / n) === i ? (sample[lj % n] as number) : 0)),
    );
    expect([...row.subarray(biases.offset)]).toEqual(Array.from({ length: m }, (_, l) => Number(l === i)));
  }
  expect([...jacobian(affine, sample)]).toEqual([...weights.values]);
});

test.each(builds)('S1.9 logistic loss: ∂J/∂z = σ(z) − y, ∂J/∂w = Σᵢ (σ(zᵢ) − yᵢ)xᵢ (%s)', (build) => {
  const next = numbers(15);
  const [rows, p] = [17, 4];
  const model: Model = { inFeatures: p, layers: [{ units: 1, activation: { name: 'sigmoid' }, biases: true }] };
  const net = networkOf(model, { build, loss: binaryCrossEntropy(sum) });
  const parameters = drawParameters(model, next);
  net.parameters.set(parameters);
  const x = filled(rows * p, next);
  const y = Array.from({ length: rows }, (_, i) => i % 2);
  const trace = traceOf(net, x, y);
  const { z, dz, dw, db } = trace.layer('dense1');
  expectStep(
    dz.values,
    through(z.values, (v, i) => sigmoidOf(v) - (y[i] as number), 0, 6 * EPSILON),
    '∂J/∂z',
  );
  expectStep(dw.values, weightGradient(dz.values, x, rows), '∂J/∂w');
  expectStep(db?.values, biasGradient(dz.values, rows), '∂J/∂b');
  // The whole way, by the formula in float64.
  const zs = Array.from({ length: rows }, (_, i) =>
    rowOf(x, i, p).reduce((total, v, j) => total + v * (parameters[j] as number), parameters[p] as number),
  );
  const bounds = boundsOf(
    oracleOf(model, parameters),
    fitting.sigmoid as OracleLoss,
    x,
    y.map((v) => [v]),
  );
  const deltas = zs.map((v, i) => sigmoidOf(v) - (y[i] as number));
  const formula = Array.from({ length: p }, (_, j) => deltas.reduce((total, d, i) => total + d * (x[i * p + j] as number), 0));
  const found = net.gradient(x, y);
  expectWithin(net.gradients, [...formula, deltas.reduce((a, b) => a + b, 0)], bounds.gradient, '∂J/∂(w, b)');
  // What is reported is a mean over the rows.
  const j = zs.reduce((total, v, i) => total + binaryTerm(v, y[i] as number), 0);
  expectWithin(found * rows, j, bounds.loss, 'J');
  expect(trace.loss).toBe(found);
});

test.each(builds)('S1.10 u = σ(Wx + b) and L = ‖y − Wx − b‖²: ∂u/∂z = diag(f′(z)), ∂L/∂z = 2(z − y), and on to W, b, x (%s)', (build) => {
  const next = numbers(16);
  const [n, m] = [4, 3];
  const x = filled(n, next);
  const unit = sequential(n, [dense(m, 'sigmoid')], { build, seed: 4 });
  const w = unit.parameter('dense1.weights').values.slice();
  const trace = traceOf(unit, x);
  const { z, u } = trace.layer('dense1');
  // f′ = u(1 − u), made from a u within 4ε of σ.
  const slope = through(z.values, (v) => sigmoidOf(v) * sigmoidOf(-v), 0, 7 * EPSILON);
  expectStep(trace.slope('dense1', 'dense1.z').values, slope, 'f′(z)');
  const variable = input(m);
  const diagonal = jacobian(network({ inputs: variable, outputs: sigmoid(variable), build }), z.values);
  expectWithin(
    diagonal,
    [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => (i === j ? (slope.value[i] as number) : 0))),
    7 * EPSILON,
    '∂u/∂z',
  );
  const exact = [...u.values].map((v) => Math.fround(v * Math.fround(1 - v)));
  const du = parameterJacobian(unit, x);
  const size = unit.parameterCount;
  for (let i = 0; i < m; i++) {
    const f1 = exact[i] as number;
    const row = [...du.subarray(i * size, (i + 1) * size)];
    const expected = sums(m * n, (lj) => [[Math.floor(lj / n) === i ? f1 : 0, x[lj % n] as number]]);
    expectWithin(
      row.slice(0, m * n),
      expected.value,
      expected.bound.map((bound) => bound + 2 * EPSILON * f1),
      `∂u_${i}/∂W`,
    );
    expectWithin(
      row.slice(m * n),
      [0, 1, 2].map((l) => (l === i ? f1 : 0)),
      2 * EPSILON * f1,
      `∂u_${i}/∂b`,
    );
    const dx = sums(n, (j) => [[f1, w[i * n + j] as number]]);
    expectWithin(
      jacobian(unit, x).subarray(i * n, (i + 1) * n),
      dx.value,
      dx.bound.map((bound) => bound + 2 * EPSILON * f1),
      `∂u_${i}/∂x`,
    );
  }

  const fit = sequential(n, [dense(m)], { build, loss: squaredError(), seed: 4 });
  const y = filled(m, next);
  const { loss } = traceOf(fit, x, y);
  const { z: zs, dz, dw, db } = traceOf(fit, x, y).layer('dense1');
  expectStep(
    dz.values,
    sums(m, (j) => [
      [2, zs.values[j] as number],
      [-2, y[j] as number],
    ]),
    '∂L/∂z',
  );
  expectStep(dw.values, weightGradient(dz.values, x, 1), '∂L/∂W_ij = 2(z_i − y_i)x_j');
  expect(db?.values).toEqual(dz.values);
  expectStep(inputGradientOf(fit, x, y), inputGradient(dz.values, w, 1), '∂L/∂x_j = Σᵢ 2(z_i − y_i)W_ij');
  const terms = Array.from(zs.values, (v, j) => (v - (y[j] as number)) ** 2);
  expectWithin(
    loss,
    terms.reduce((a, b) => a + b, 0),
    (m + 6) * EPSILON * terms.reduce((a, b) => a + b, 0),
    'L',
  );
});

/** A network whose logits are its inputs. */
function logitsAsInputs(width: number, loss: Loss, build: 'simd' | 'relaxed') {
  const net = sequential(width, [dense(width)], { loss, build });
  net.parameter('dense1.weights').values.set(Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0)));
  return net;
}

test.each(builds)('S1.11 losses on logits: (17), (18) with ids or one-hot rows (19), (20), stable at ±1e4, as sum or mean (%s)', (build) => {
  const next = numbers(17);
  const spread = [...Array.from({ length: 40 }, () => Math.fround(20 * next())), 1e4, -1e4, 0];

  const binary = logitsAsInputs(1, binaryCrossEntropy({ fromLogits: true }), build);
  for (const z of spread) {
    for (const y of [0, 1, 0.25]) {
      const expected = binaryTerm(z, y);
      expectWithin(binary.gradient([z], [y]), expected, 8 * EPSILON * (1 + Math.abs(z)), `(17) at z = ${z}, y = ${y}`);
      expectWithin(inputGradientOf(binary, [z], [y]), sigmoidOf(z) - y, 6 * EPSILON, `∂(17)/∂z at ${z}, ${y}`);
    }
  }
  expect(binary.gradient([1e4], [1])).toBe(0);
  expect(binary.gradient([-1e4], [1])).toBe(1e4);
  expect(binary.gradient([1e4], [0])).toBe(1e4);

  const width = 4;
  const classes = logitsAsInputs(width, crossEntropy({ fromLogits: true }), build);
  for (const scaled of [1, 10, 1e4]) {
    for (let id = 0; id < width; id++) {
      const z = Array.from(filled(width, next), (v) => Math.fround(v * scaled));
      const size = Math.max(...z.map(Math.abs));
      const expected = crossEntropyOf(z, id);
      const bound = EPSILON * (width + 12 + 4 * size);
      expectWithin(classes.gradient(z, id), expected, bound, `(18) at ${z}, class ${id}`);
      const dz = inputGradientOf(classes, z, id);
      expectWithin(classes.gradient(z, [targetRow(id, width)]), expected, bound, '(18) of a one-hot row');
      expectWithin(inputGradientOf(classes, z, [targetRow(id, width)]), dz, 4 * EPSILON, '∂(18)/∂z of a one-hot row');
      expectWithin(
        dz,
        softmax(z).map((u, k) => u - Number(k === id)),
        EPSILON * (width + 16 + 4 * size),
        '∂(18)/∂z',
      );
    }
  }
  expect(classes.gradient([1e4, -1e4, 0, 0], 0)).toBe(0);
  expect(classes.gradient([1e4, -1e4, 0, 0], 1)).toBe(2e4);

  const values = logitsAsInputs(3, squaredError(), build);
  expect(values.gradient([1, 2, 3], [0, 0, 1])).toBe(9);
  expect([...inputGradientOf(values, [1, 2, 3], [0, 0, 1])]).toEqual([2, 4, 4]);
  expect(values.gradient([1e4, -1e4, 0], [0, 0, 0])).toBe(2e8);

  // Sum over the batch, and its mean: one gradient is the other divided by the rows, or by rows × outputs.
  const [rows, outputs] = [5, 3];
  const x = filled(rows * outputs, next);
  const ids = [0, 2, 1, 1, 0];
  const labels = filled(rows * outputs, next).map((v) => Number(v > 0));
  for (const [summed, averaged, y, divisor] of [
    [crossEntropy({ fromLogits: true, ...sum }), crossEntropy({ fromLogits: true }), ids, rows],
    [binaryCrossEntropy({ fromLogits: true, ...sum }), binaryCrossEntropy({ fromLogits: true }), labels, rows * outputs],
    [squaredError(), meanSquaredError(), labels, rows * outputs],
  ] as const) {
    const [a, b] = [logitsAsInputs(outputs, summed, build), logitsAsInputs(outputs, averaged, build)];
    const total = inputGradientOf(a, x, y);
    expectWithin(
      inputGradientOf(b, x, y),
      Array.from(total, (d) => d / divisor),
      Array.from(total, (d) => (4 * EPSILON * Math.abs(d)) / divisor),
      summed.name,
    );
    // Reported is the mean over the samples, of either.
    const perOutput = divisor / rows;
    const reported = a.gradient(x, y);
    expectWithin(b.gradient(x, y), reported / perOutput, 4 * EPSILON * reported, `${summed.name} reported`);
  }
});

test.each(builds)('S1.12 one step by hand equals one step of the library (21) (%s)', (build) => {
  const next = numbers(18);
  const alpha = 0.25;
  const rows = 6;
  for (const [output, loss, y] of [
    ['softmax', crossEntropy(sum), [0, 2, 1, 1, 0, 2]],
    ['sigmoid', binaryCrossEntropy(sum), Array.from({ length: 18 }, (_, i) => i % 2)],
    ['identity', squaredError(), Array.from(filled(18, next))],
  ] as const) {
    const net = networkOf(oneHidden('relu', output, 3, 4), { build, loss, optimizer: sgd({ learningRate: alpha }) });
    net.parameters.set(drawParameters(oneHidden('relu', output, 3, 4), next));
    const x = filled(rows * 3, next);
    const start = Float64Array.from(net.parameters);
    // By hand, in float64: forward …
    const view = (name: string) => Array.from(net.parameter(name).values);
    const zh = linear(x, view('dense1.weights'), view('dense1.biases'), rows).value;
    const uh = zh.map((v) => Math.max(0, v));
    const zo = linear(uh, view('dense2.weights'), view('dense2.biases'), rows).value;
    // … and back.
    const targets = Array.from({ length: rows }, (_, i) => (output === 'softmax' ? targetRow(y[i] as number, 3) : rowOf(y, i, 3)));
    const dzo = targets.flatMap((t, i) => {
      const z = rowOf(zo, i, 3);
      if (output === 'identity') return z.map((v, j) => 2 * (v - (t[j] as number)));
      return (output === 'softmax' ? softmax(z) : z.map(sigmoidOf)).map((u, j) => u - (t[j] as number));
    });
    const dzh = inputGradient(dzo, view('dense2.weights'), rows).value.map((d, i) => ((zh[i] as number) > 0 ? d : 0));
    const gradient = [weightGradient(dzh, x, rows), biasGradient(dzh, rows), weightGradient(dzo, uh, rows), biasGradient(dzo, rows)].flatMap(
      (step) => [...step.value],
    );

    const bounds = boundsOf(oracleOf(oneHidden('relu', output, 3, 4), start), fitting[output] as OracleLoss, x, targets);
    const errors = Array.from(start, (w, i) => {
      const g = Math.abs(gradient[i] as number) + (bounds.gradient[i] as number);
      return alpha * ((bounds.gradient[i] as number) + 4 * EPSILON * g) + 2 * EPSILON * (Math.abs(w) + alpha * g);
    });
    net.step(x, y);
    expectWithin(
      net.parameters,
      Array.from(start, (w, i) => w - alpha * (gradient[i] as number)),
      errors,
      output,
    );
  }
});

test.each(builds)('S1.13 every step of back propagation is readable: K classes, ReLU (%s)', (build) => {
  const next = numbers(19);
  const [rows, classes] = [8, 5];
  const model = oneHidden('relu', 'softmax', classes, 7);
  const net = networkOf(model, { build, loss: crossEntropy(sum) });
  const parameters = drawParameters(model, next);
  net.parameters.set(parameters);
  const x = filled(rows * 3, next);
  const y = Array.from({ length: rows }, (_, i) => (3 * i) % classes);
  const trace = traceOf(net, x, y);
  const [hidden, output] = [trace.layer('dense1'), trace.layer('dense2')];
  const tensor = (name: string) => net.parameter(name).values;

  expectStep(hidden.z.values, linear(x, tensor('dense1.weights'), tensor('dense1.biases'), rows), 'z^H');
  expect([...hidden.u.values]).toEqual(Array.from(hidden.z.values, (z) => Math.max(0, z)));
  expectStep(output.z.values, linear(hidden.u.values, tensor('dense2.weights'), tensor('dense2.biases'), rows), 'z^O');
  const deltas = y.flatMap((k, i) => softmax(rowOf(output.z.values, i, classes)).map((u, j) => u - Number(j === k)));
  const size = Math.max(...output.z.values.map(Math.abs));
  const delta = output.dz.values;
  expectWithin(delta, deltas, EPSILON * (classes + 16 + 2 * size), 'L → z^O: softmax − onehot');
  expectStep(output.dw.values, weightGradient(delta, hidden.u.values, rows), 'z^O → W^O');
  expectStep(output.db?.values, biasGradient(delta, rows), 'z^O → b^O');
  const du = hidden.du.values;
  expectStep(du, inputGradient(delta, tensor('dense2.weights'), rows), 'z^O → u^H');
  const slope = trace.slope('dense1', 'dense1.z').values;
  expect([...slope]).toEqual(Array.from(hidden.z.values, (z) => Number(z > 0)));
  expectWithin(
    hidden.dz.values,
    du.map((d, i) => d * (slope[i] as number)),
    0,
    'u^H → z^H',
  );
  expectStep(hidden.dw.values, weightGradient(hidden.dz.values, x, rows), 'z^H → W^H');
  expectStep(hidden.db?.values, biasGradient(hidden.dz.values, rows), 'z^H → b^H');
  expect(trace.deltas.map((tensorOf) => tensorOf?.shape)).toEqual([
    [rows, 7],
    [rows, classes],
  ]);
  // The fast path gives the same: looking changed nothing.
  net.gradient(x, y);
  expect([...net.gradients]).toEqual([hidden.dw, hidden.db, output.dw, output.db].flatMap((tensorOf) => [...(tensorOf?.values ?? [])]));
  expect(net.parameters).toEqual(parameters);
});

/** ŷ = αᵀexp(Wx + b) */
function exponentials(terms: number, build: 'simd' | 'relaxed') {
  const x = input(1);
  const u = named(exp(dense(terms, 'identity', { name: 'z' })(x)), 'u');
  const prediction = named(dot(u, parameter(terms, { name: 'alpha' })), 'prediction');
  return network({ inputs: x, outputs: prediction, loss: squaredError(), optimizer: adam({ learningRate: 0.02 }), seed: 1, build });
}

test.each(builds)('S1.14 a custom graph ŷ = αᵀexp(Wx + b): gradients of α, W, b as derived (%s)', (build) => {
  const next = numbers(20);
  const [rows, terms] = [9, 3];
  const net = exponentials(terms, build);
  const x = filled(rows, next);
  const y = filled(rows, next);
  const trace = traceOf(net, x, y);
  const node = (name: string) => trace.node(name);
  const alpha = net.parameter('alpha').values;
  const u = node('u').value.values;
  expectStep(u, through(node('z.z').value.values, Math.exp), 'u = exp(z)');
  expectStep(
    node('prediction').value.values,
    sums(rows, (i) => Array.from(alpha, (a, j) => [a, u[i * terms + j] as number])),
    'ŷ = αᵀu',
  );
  const dy = node('prediction').gradient.values;
  expectStep(
    dy,
    sums(rows, (i) => [
      [2, node('prediction').value.values[i] as number],
      [-2, y[i] as number],
    ]),
    '∂L/∂ŷ = 2(ŷ − y)',
  );
  expectStep(node('alpha').gradient.values, weightGradient(dy, u, rows), '∂L/∂α = Σᵢ ∂L/∂ŷᵢ uᵢ');
  const du = node('u').gradient.values;
  expectStep(
    du,
    sums(rows * terms, (ij) => [[dy[Math.floor(ij / terms)] as number, alpha[ij % terms] as number]]),
    '∂L/∂u = ∂L/∂ŷ α',
  );
  expect(trace.slope('u', 'z.z').values).toEqual(u);
  const { dz, dw, db } = trace.layer('z');
  expectStep(dz.values, times(du, u), '∂L/∂z = ∂L/∂u ⊙ exp(z)');
  expectStep(dw.values, weightGradient(dz.values, x, rows), '∂L/∂W = Σᵢ ∂L/∂zᵢ xᵢ');
  expectStep(db?.values, biasGradient(dz.values, rows), '∂L/∂b = Σᵢ ∂L/∂zᵢ');
  net.gradient(x, y);
  for (const name of ['alpha', 'z.weights', 'z.biases']) expect(net.parameter(name).gradient, name).toEqual(node(name).gradient.values);
});

test('S1.14 the custom graph, trained end to end, fits a sum of exponentials', async () => {
  const net = exponentials(2, 'simd');
  net.parameter('z.weights').values.set([1, -1]);
  net.parameter('alpha').values.fill(1);
  const x = Array.from({ length: 41 }, (_, i) => i / 20 - 1);
  const y = x.map((v) => 0.5 * Math.exp(1.2 * v) + 1.5 * Math.exp(-2 * v));
  const epochs = 3000;
  await net.fit({ x, y }, { epochs, batchSize: x.length, learningRate: (epoch) => 0.02 * (1 - (epoch - 1) / epochs) });
  expectWithin(net.predict(x), y, 0.01, 'ŷ');
  expectWithin(net.parameter('z.weights').values, [1.2, -2], 0.01, 'W');
  const heights = Array.from(net.parameter('alpha').values, (a, j) => a * Math.exp(net.parameter('z.biases').values[j] as number));
  expectWithin(heights, [0.5, 1.5], 0.01, 'αe^b');
});
