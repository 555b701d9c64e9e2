/** Rows S2.1 to S2.8: perceptrons, activations and back propagation (notes 30 to 41). */
import {
  type Activation,
  adam,
  binaryCrossEntropy,
  crossEntropy,
  dense,
  type Loss,
  leakyRelu,
  linear as linearActivation,
  meanSquaredError,
  sequential,
  sgd,
  squaredError,
} from 'neurite';
import { jacobian as jacobianOf } from 'neurite/derivatives';
import { type TracedLayer, type TracedTensor, trace as traceOf } from 'neurite/inspect';
import { expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { EPSILON, filled, numbers } from '../kernels/numbers.js';
import { boundsOf } from '../network/errorBounds.js';
import { drawParameters, type Model, networkOf, oracleOf } from '../network/models.js';
import { sigmoid as sigmoidOf, type Target } from '../oracle/losses.js';
import { backward, forward, gradientOf, type Activation as OracleActivation, type Loss as OracleLoss } from '../oracle/network.js';
import { rowOf, softmax } from '../oracle/rows.js';
import { sweep } from '../sweep.js';
import { biasGradient, expectStep, expectWithin, inputGradient, linear, sums, through, times, weightGradient } from './steps.js';

const corners = [0, 0, 0, 1, 1, 0, 1, 1];
const truth = { AND: [0, 0, 0, 1], OR: [0, 1, 1, 1], XOR: [0, 1, 1, 0] };

test.each(builds)('S2.1 the perceptron: AND and OR set by hand; its gradient is 0 (%s)', (build) => {
  const net = sequential(2, [dense(1, 'heaviside')], { loss: squaredError(), optimizer: sgd({ learningRate: 1 }), build });
  for (const [name, b] of [
    ['AND', -1.5],
    ['OR', -0.5],
  ] as const) {
    net.parameters.set([1, 1, b]);
    expect(net.predict(corners)).toEqual(truth[name]);
    expect([...(net.classify(corners) as Uint32Array)]).toEqual(truth[name]);
    net.gradient(corners, truth.XOR);
    expect([...net.gradients].map(Math.abs)).toEqual([0, 0, 0]);
    net.step(corners, truth.XOR);
    expect([...net.parameters]).toEqual([1, 1, b]);
  }
});

test.each(builds)('S2.1 the sigmoid neuron learns AND and OR (%s)', async (build) => {
  for (const name of ['AND', 'OR'] as const) {
    for (let seed = 0; seed < sweep(5, 2); seed++) {
      const net = sequential(2, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: sgd({ learningRate: 1 }), seed, build });
      await net.fit({ x: corners, y: truth[name] }, { epochs: 300, batchSize: 4 });
      expect([...(net.classify(corners) as Uint32Array)], `${name}, seed ${seed}`).toEqual(truth[name]);
      expect(net.evaluate({ x: corners, y: truth[name] }).loss).toBeLessThan(0.1);
      net.dispose();
    }
  }
});

test('S2.1 XOR: one sigmoid unit never gets below loss ln 2 nor above accuracy 3/4', async () => {
  const data = { x: corners, y: truth.XOR };
  // The loss of a row is within (8 + roundings of z)·ε·(1 + |z|) of the exact one.
  const slack = (logits: number[]) => 16 * EPSILON * (1 + Math.max(...logits.map(Math.abs)));
  for (let seed = 0; seed < sweep(5, 1); seed++) {
    const net = sequential(2, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: sgd({ learningRate: 0.5 }), seed });
    net.parameters.set(filled(3, numbers(seed, -4, 4)));
    for (let epoch = 0; epoch < 200; epoch++) {
      await net.fit(data, { batchSize: 4, epochs: 2 });
      const { loss, accuracy } = net.evaluate(data);
      expect(loss).toBeGreaterThanOrEqual(Math.LN2 - slack(net.logits(corners)));
      expect(accuracy).toBeLessThanOrEqual(0.75);
    }
    expect(net.evaluate(data).loss).toBeCloseTo(Math.LN2, 3);
    net.dispose();
  }
  // Nor does any other: weights and bias on a grid.
  const net = sequential(2, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy() });
  let least = Number.POSITIVE_INFINITY;
  let best = 0;
  const grid = sweep(
    Array.from({ length: 13 }, (_, i) => (i - 6) / 2),
    [-3, -1, -0.5, 0, 0.5, 1, 3],
  );
  for (const w1 of grid) {
    for (const w2 of grid) {
      for (const b of grid) {
        net.parameters.set([w1, w2, b]);
        const loss = net.gradient(corners, truth.XOR);
        expect(loss).toBeGreaterThanOrEqual(Math.LN2 - slack([9]));
        least = Math.min(least, loss);
        best = Math.max(best, [...(net.classify(corners) as Uint32Array)].filter((y, i) => y === truth.XOR[i]).length / 4);
      }
    }
  }
  expect(least).toBeCloseTo(Math.LN2, 6); // at w = 0, b = 0
  expect(best).toBe(0.75);
});

test.each(builds)('S2.2 XOR by hand-set perceptrons: OR and NAND, then AND; the same with AND in place of NAND (%s)', (build) => {
  const net = sequential(2, [dense(2, 'heaviside'), dense(1, 'heaviside')], { build });
  net.parameters.set([1, 1, -1, -1, -0.5, 1.5, 1, 1, -1.5]);
  expect([...traceOf(net, corners).layer('dense1').u.values]).toEqual([0, 1, 1, 1, 1, 1, 1, 0]);
  expect(net.predict(corners)).toEqual(truth.XOR);
  net.parameters.set([1, 1, 1, 1, -0.5, -1.5, 1, -1, -0.5]);
  expect([...traceOf(net, corners).layer('dense1').u.values]).toEqual([0, 0, 1, 0, 1, 0, 1, 1]);
  expect(net.predict(corners)).toEqual(truth.XOR);
});

test('S2.2 XOR learnt by an MLP: the truth table is exact', async () => {
  for (let seed = 0; seed < 5; seed++) {
    const net = sequential(2, [dense(8, 'tanh'), dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed });
    await net.fit({ x: corners, y: truth.XOR }, { epochs: 300, batchSize: 4 });
    expect([...(net.classify(corners) as Uint32Array)], `seed ${seed}`).toEqual(truth.XOR);
    expect(net.predict(corners).map(Math.round)).toEqual(truth.XOR);
    net.dispose();
  }
});

test.each(builds)('S2.3 the forward pass of 3-4-3-1; it has 35 parameters (%s)', (build) => {
  const next = numbers(21);
  const units = [4, 3, 1];
  const model: Model = { inFeatures: 3, layers: units.map((n) => ({ units: n, activation: { name: 'sigmoid' }, biases: true })) };
  const net = networkOf(model, { build });
  expect(net.parameterCount).toBe(4 * 3 + 4 + (3 * 4 + 3) + (1 * 3 + 1));
  expect(net.parameterCount).toBe(35);
  expect(['dense1', 'dense2', 'dense3'].map((name) => net.parameter(`${name}.weights`).shape)).toEqual([
    [4, 3],
    [3, 4],
    [1, 3],
  ]);
  const parameters = drawParameters(model, next);
  net.parameters.set(parameters);
  for (const rows of [1, 10]) {
    const x = filled(rows * 3, next);
    const trace = traceOf(net, x);
    let a = x;
    for (const [l, n] of units.entries()) {
      const { z, u } = trace.layer(`dense${l + 1}`);
      expectStep(z.values, linear(a, net.parameter(`dense${l + 1}.weights`).values, net.parameter(`dense${l + 1}.biases`).values, rows), `z${l + 1}`);
      expectStep(u.values, through(z.values, sigmoidOf), `a${l + 1}`);
      expect(u.shape).toEqual([rows, n]);
      a = u.values;
    }
    expect(net.predict(x)).toEqual(a);
    const layers = oracleOf(model, parameters);
    const bounds = boundsOf(
      layers,
      { name: 'squaredError', reduction: 'sum' },
      x,
      Array.from({ length: rows }, () => [0]),
    );
    expectWithin(a, forward(layers, x, rows).u[3] as Float64Array, bounds.output, 'a3');
  }
});

interface Rule {
  readonly name: string;
  readonly activation: Activation;
  readonly g: (z: number) => number;
  readonly slope: (z: number) => number;
  /** Roundings of g, relative to it, and of g′, absolute, as it is made from g. */
  readonly ulps: number;
  readonly slopeError: number;
}

const leaky = (alpha: number) => ({
  g: (z: number) => (z > 0 ? z : alpha * z),
  slope: (z: number) => (z > 0 ? 1 : alpha),
  ulps: 1,
  slopeError: EPSILON,
});
const rules: Rule[] = [
  { name: 'heaviside', activation: 'heaviside', g: (z) => Number(z >= 0), slope: () => 0, ulps: 0, slopeError: 0 },
  { name: 'linear', activation: linearActivation(1.5, -0.25), g: (z) => 1.5 * z - 0.25, slope: () => 1.5, ulps: 2, slopeError: 0 },
  { name: 'identity', activation: 'identity', g: (z) => z, slope: () => 1, ulps: 0, slopeError: 0 },
  { name: 'sigmoid', activation: 'sigmoid', g: sigmoidOf, slope: (z) => sigmoidOf(z) * sigmoidOf(-z), ulps: 2, slopeError: 5 * EPSILON },
  { name: 'tanh', activation: 'tanh', g: (z) => 2 * sigmoidOf(2 * z) - 1, slope: (z) => 1 - Math.tanh(z) ** 2, ulps: 2, slopeError: 10 * EPSILON },
  { name: 'relu', activation: 'relu', g: (z) => Math.max(0, z), slope: (z) => Number(z > 0), ulps: 0, slopeError: 0 },
  { name: 'leakyRelu', activation: 'leakyRelu', ...leaky(0.01) },
  { name: 'leakyRelu, α = 0.2', activation: (z) => leakyRelu(z, 0.2), ...leaky(0.2) },
];

test.each(rules.flatMap((rule) => builds.map((build) => ({ ...rule, build }))))('S2.4 activation $name and its derivative ($build)', (rule) => {
  const { activation, g, slope, ulps, slopeError, build } = rule;
  const z = Float32Array.from([-30, -8, -2, -1, -0.5, -1e-3, -0, 0, 1e-3, 0.5, 1, 2, 8, 30, ...filled(200, numbers(22, -6, 6))]);
  const net = sequential(1, [dense(1, activation)], { build });
  net.parameters.set([1, 0]);
  // g as the field's libraries have it at 0: ReLU' = 0, leaky' = α, step' = 0. A linear g is bounded by its terms, which may cancel.
  const absolute = rule.name === 'linear' ? 3 * EPSILON * (1.5 * 30 + 0.25) : 2 ** -149;
  expectStep(net.predict(z), through(z, g, ulps, absolute), 'g');
  expectStep(jacobianOf(net, z), through(z, slope, 0, slopeError), "g'");
});

test.each(builds)('S2.4 tanh(z) = 2σ(2z) − 1, σ′ = σ(1 − σ), tanh′ = 1 − tanh², and the Jacobian of softmax (%s)', (build) => {
  const z = filled(200, numbers(23, -6, 6));
  const unit = (activation: Activation, w = 1) => {
    const net = sequential(1, [dense(1, activation)], { build });
    net.parameters.set([w, 0]);
    return { values: net.predict(z), slopes: jacobianOf(net, z) };
  };
  const [sigmoid, tanh] = [unit('sigmoid'), unit('tanh')];
  expectWithin(
    tanh.values,
    unit('sigmoid', 2).values.map((s) => 2 * s - 1),
    14 * EPSILON,
    '2σ(2z) − 1',
  );
  // σ(1 − σ) from the very σ: two roundings; the sigmoid's derivative is made so.
  expectStep(
    sigmoid.slopes,
    sums(z.length, (i) => [[sigmoid.values[i] as number, 1 - (sigmoid.values[i] as number)]]),
    'σ(1 − σ)',
  );
  expectStep(
    tanh.slopes,
    sums(z.length, (i) => [[1], [-(tanh.values[i] as number), tanh.values[i] as number]]),
    '1 − tanh²',
  );

  const n = 4;
  const net = sequential(n, [dense(n, 'softmax')], { build });
  net.parameters.set(Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)));
  const jacobian = jacobianOf(net, z);
  for (let row = 0; row < z.length / n; row++) {
    const logits = rowOf(z, row, n);
    const u = softmax(logits);
    const error = EPSILON * (24 + n + 12);
    expectWithin(
      net.predict(logits),
      u,
      u.map((v) => v * error),
      'softmax',
    );
    const found = jacobian.subarray(row * n * n, (row + 1) * n * n);
    expectWithin(
      found,
      u.flatMap((a, i) => u.map((b, j) => a * (Number(i === j) - b))),
      3 * error,
      '∂softmax/∂z',
    );
  }
});

test('S2.5 one hidden layer fits sin on [−π, π] the better the more units: 2 → 8 → 32', async () => {
  const x = Array.from({ length: 201 }, (_, i) => (Math.PI * (i - 100)) / 100);
  const y = x.map(Math.sin);
  const errors: number[] = [];
  for (const units of [2, 8, 32]) {
    const net = sequential(1, [dense(units, 'tanh'), dense(1)], {
      loss: meanSquaredError(),
      optimizer: adam({ learningRate: 0.02 }),
      seed: 3,
      build: 'simd',
    });
    const epochs = 1500;
    await net.fit({ x, y }, { epochs, batchSize: 67, learningRate: (epoch) => 0.02 * (1 - (epoch - 1) / epochs) });
    errors.push(Math.max(...net.predict(x).map((p, i) => Math.abs(p - (y[i] as number)))));
  }
  const [two, eight, many] = errors as [number, number, number];
  expect(eight).toBeLessThan(two / 4);
  expect(many).toBeLessThan(eight / 2);
  expect(many).toBeLessThan(0.02);
});

test.each(builds)('S2.6 half the squared error; L = −[y ln a + (1 − y) ln(1 − a)] (%s)', (build) => {
  const rows = 12;
  const next = numbers(24);
  const x = filled(rows, next);
  const y = Float32Array.from(x, (_, i) => i % 2);
  const half = sequential(1, [dense(1, 'tanh')], { loss: squaredError({ scale: 0.5 }), build });
  half.parameters.set([1.5, -0.5]);
  const trace = traceOf(half, x, y);
  const { u: a, du } = trace.layer('dense1');
  expectStep(
    du.values,
    sums(rows, (i) => [[a.values[i] as number], [-(y[i] as number)]]),
    '∂L/∂a = a − y',
  );
  const squares = sums(1, () => Array.from(a.values, (v, i) => [0.5, (v - (y[i] as number)) ** 2]));
  expectWithin(trace.loss * rows, squares.value, squares.bound, '½ Σ (a − y)²');

  const logLoss = sequential(1, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy({ reduction: 'sum' }), build });
  logLoss.parameters.set([1.5, -0.5]);
  for (let i = 0; i < rows; i++) {
    const { loss } = traceOf(logLoss, [x[i] as number], [y[i] as number]);
    const z = 1.5 * (x[i] as number) - 0.5;
    const p = sigmoidOf(z);
    const expected = -((y[i] as number) * Math.log(p) + (1 - (y[i] as number)) * Math.log(1 - p));
    expectWithin(loss, expected, 12 * EPSILON * (1 + Math.abs(z)), `log loss of row ${i}`);
  }
  const { u: p, du: dp } = traceOf(logLoss, x, y).layer('dense1');
  const slope = Array.from(p.values, (v, i) => -((y[i] as number) / v - (1 - (y[i] as number)) / (1 - v)));
  expectWithin(
    dp.values,
    slope,
    slope.map((v) => 6 * EPSILON * Math.abs(v)),
    '∂L/∂a = −(y/a − (1 − y)/(1 − a))',
  );
});

test.each(builds)('S2.7 the worked 2-2-2 example, to the notes’ last digit (%s)', (build) => {
  const net = sequential(2, [dense(2, 'sigmoid'), dense(2, 'sigmoid')], { loss: squaredError({ scale: 0.5 }), build });
  net.parameters.set([0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6]);
  const trace = traceOf(net, [0.05, 0.1], [0.01, 0.99]);
  const [one, two] = [trace.layer('dense1'), trace.layer('dense2')];
  const four = 5e-5; // half of the fourth decimal
  expectWithin(one.z.values, [0.3775, 0.3925], four, 'z¹');
  expectWithin(one.u.values, [0.5933, 0.5969], four, 'a¹');
  expectWithin(two.z.values, [1.106, 1.225], 5e-4, 'z², of which the notes have three decimals');
  expectWithin(two.u.values, [0.7514, 0.7729], four, 'ŷ');
  expectWithin(net.predict([0.05, 0.1]), [0.7514, 0.7729], four, 'ŷ');
  expectWithin(trace.loss, 0.2984, four, 'L');
  expectWithin(two.du.values[0], 0.7414, four, '∂L/∂ŷ₁');
  expectWithin(trace.slope('dense2', 'dense2.z').values[0], 0.1868, four, '∂ŷ₁/∂z₁');
  expectWithin(two.dw.values[0], 0.082167, 5e-7, '∂L/∂w²₁₁');
  expectWithin(two.dz.values, [0.138499, -0.038098], 5e-7, 'δ²');
  expectWithin(one.dz.values, [0.0087714, 0.0099543], 5e-8, 'δ¹');
  expectWithin(one.dw.values[0], 0.00043857, 5e-9, '∂L/∂w¹₁₁');
  // Its factors multiply to it, and the fast path gives the same bits.
  const [a, b, c] = [two.du.values[0], trace.slope('dense2', 'dense2.z').values[0], one.u.values[0]] as [number, number, number];
  expectStep(
    two.dw.values[0],
    sums(1, () => [[a, b, c]]),
    '∂L/∂ŷ₁ · ∂ŷ₁/∂z₁ · ∂z₁/∂w²₁₁',
  );
  expect(net.gradient([0.05, 0.1], [0.01, 0.99])).toBe(trace.loss);
  expect([...net.gradients]).toEqual([one.dw, one.db, two.dw, two.db].flatMap((tensor) => [...(tensor?.values ?? [])]));
});

const passes: { title: string; loss: Loss; oracle: OracleLoss; last: OracleActivation['name'] }[] = [
  { title: '½ squared error, sigmoid', loss: squaredError({ scale: 0.5 }), oracle: { name: 'squaredError', reduction: 0.5 }, last: 'sigmoid' },
  { title: 'mean squared error, identity', loss: meanSquaredError(), oracle: { name: 'squaredError', reduction: 'mean' }, last: 'identity' },
  { title: 'log loss, sigmoid', loss: binaryCrossEntropy(), oracle: { name: 'binaryCrossEntropy', reduction: 'mean' }, last: 'sigmoid' },
  { title: 'cross-entropy, softmax', loss: crossEntropy(), oracle: { name: 'crossEntropy', reduction: 'mean' }, last: 'softmax' },
];

test.each(passes.flatMap((pass) => builds.map((build) => ({ ...pass, build }))))(
  'S2.8 deltas and gradients of 1 to 6 layers against the oracle, step by step: $title ($build)',
  ({ loss, oracle, last, build }) => {
    const next = numbers(25);
    for (const depth of sweep([1, 2, 3, 4, 5, 6], [1, 2, 6])) {
      for (const inner of ['sigmoid', 'tanh', 'relu', 'leakyRelu'] as const) {
        const rows = 1 + ((depth * 5) % 7);
        const outputs = last === 'softmax' ? 3 : 2;
        const model: Model = {
          inFeatures: 4,
          layers: Array.from({ length: depth }, (_, l) => ({
            units: l === depth - 1 ? outputs : 5 - (l % 3),
            activation: { name: l === depth - 1 ? last : inner },
            biases: true,
          })),
        };
        const net = networkOf(model, { loss, build });
        const parameters = drawParameters(model, next);
        net.parameters.set(parameters);
        const x = filled(rows * 4, next);
        const targets: Target[] = Array.from({ length: rows }, (_, i) =>
          last === 'softmax' ? i % 3 : Array.from(filled(2, next), (v) => Math.fround((v + 1) / 2)),
        );
        const y = last === 'softmax' ? (targets as number[]) : (targets as number[][]);
        const trace = traceOf(net, x, y);

        // Each step of the recursion, from the tensors it began with.
        let a = x;
        for (const [l, { u, du, dz, dw, db }] of trace.layers.entries()) {
          const name = `${inner}, ${depth} layers, layer ${l + 1}`;
          const delta = dz.values;
          expectStep(dw.values, weightGradient(delta, a, rows), `∂L/∂W = δ aᵀ: ${name}`);
          expectStep(db?.values, biasGradient(delta, rows), `∂L/∂b = δ: ${name}`);
          if (l < depth - 1) {
            const above = (trace.layers[l + 1] as TracedLayer<TracedTensor>).dz.values;
            expectStep(du.values, inputGradient(above, net.parameter(`dense${l + 2}.weights`).values, rows), `Wᵀδ: ${name}`);
            const slope = trace.slope(`dense${l + 1}`, `dense${l + 1}.z`).values;
            const product = times(du.values, slope);
            expectWithin(
              delta,
              product.value,
              product.bound.map((bound) => 2 * bound),
              `(Wᵀδ) ⊙ g′: ${name}`,
            );
          }
          a = u.values;
        }

        // And the whole of it.
        const layers = oracleOf(model, parameters);
        const bounds = boundsOf(layers, oracle, x, targets);
        const expected = backward(layers, oracle, x, targets);
        const found = trace.layers.flatMap(({ dw, db }) => [...dw.values, ...(db?.values ?? [])]);
        expectWithin(found, gradientOf(layers, expected), bounds.gradient, `${inner}, ${depth} layers`);
        expect(trace.deltas).toHaveLength(depth);
        net.gradient(x, y);
        expect([...net.gradients]).toEqual(found);
        net.dispose();
      }
    }
  },
);
