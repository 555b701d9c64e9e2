/** Row S4.1: one hidden layer in eight steps (notes 45). */
import { dense, sequential, squaredError } from 'neurite';
import { jacobian, parameterJacobian } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { EPSILON, filled, numbers } from '../kernels/numbers.js';
import { boundsOf } from '../network/errorBounds.js';
import { drawParameters, type Model, networkOf, oracleOf } from '../network/models.js';
import { sigmoid as sigmoidOf } from '../oracle/losses.js';
import { gradientOf } from '../oracle/network.js';
import { expectStep, expectWithin, linear, sums, through } from './steps.js';

test.each(builds)('S4.1 L = ½(w − y)², w = c + Σ γ_k σ(α_k + Σ B_jk x_j): the eight steps (%s)', (build) => {
  const next = numbers(41);
  const [p, units] = [3, 5];
  const model: Model = {
    inFeatures: p,
    layers: [
      { units, activation: { name: 'sigmoid' }, biases: true },
      { units: 1, activation: { name: 'identity' }, biases: true },
    ],
  };
  const net = networkOf(model, { loss: squaredError({ scale: 0.5 }), build });
  const parameters = drawParameters(model, next);
  net.parameters.set(parameters);
  const tensor = (name: string) => net.parameter(name).values;
  const [B, alpha, gamma, c] = ['dense1.weights', 'dense1.biases', 'dense2.weights', 'dense2.biases'].map(tensor) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const x = filled(p, next);
  const y = Math.fround(next());
  const trace = traceOf(net, x, [y]);
  const [hidden, output] = [trace.layer('dense1'), trace.layer('dense2')];
  const [z, a, w] = [hidden.z.values, hidden.u.values, output.u.values[0] as number];
  expectStep(z, linear(x, B, alpha, 1), 'z');
  expectStep(a, through(z, sigmoidOf), 'a');
  expectStep(w, linear(a, gamma, c, 1), 'w');
  expectWithin(trace.loss, (w - y) ** 2 / 2, 6 * EPSILON * (w - y) ** 2, 'L');

  // 1, 2: of z alone. Ours is [out, in], theirs the transpose.
  const first = sequential(p, [dense(units)], { build });
  first.parameters.set([...B, ...alpha]);
  const dz = parameterJacobian(first, x);
  for (let k = 0; k < units; k++) {
    const row = [...dz.subarray(k * first.parameterCount, (k + 1) * first.parameterCount)];
    expect(row.slice(0, units * p)).toEqual(Array.from({ length: units * p }, (_, i) => (Math.floor(i / p) === k ? (x[i % p] as number) : 0)));
    expect(row.slice(units * p)).toEqual(Array.from({ length: units }, (_, i) => Number(i === k)));
  }
  // 3
  const slope = trace.slope('dense1', 'dense1.z').values;
  expectStep(
    slope,
    through(z, (v) => sigmoidOf(v) * sigmoidOf(-v), 0, 6 * EPSILON),
    "∂a_k/∂z_k = σ'(z_k)",
  );
  // 4, 5: of w alone.
  const last = sequential(units, [dense(1)], { build });
  last.parameters.set([...gamma, ...c]);
  expect([...parameterJacobian(last, a)]).toEqual([...a, 1]);
  expect([...jacobian(last, a)]).toEqual([...gamma]);
  // 6
  const d = output.du.values[0] as number;
  expectStep(
    d,
    sums(1, () => [[w], [-y]]),
    '∂L/∂w = w − y',
  );
  // 7
  expect([...(output.db?.values ?? [])]).toEqual([d]);
  expectStep(
    output.dw.values,
    sums(units, (k) => [[d, a[k] as number]]),
    '∂L/∂γ_k = (w − y)a_k',
  );
  // 8
  const alphaStep = sums(units, (k) => [[d, gamma[k] as number, slope[k] as number]]);
  expectStep(hidden.db?.values, alphaStep, '∂L/∂α_k = (w − y)γ_kσ′(z_k)');
  const BStep = sums(units * p, (kj) => [[d, gamma[Math.floor(kj / p)] as number, slope[Math.floor(kj / p)] as number, x[kj % p] as number]]);
  expectStep(hidden.dw.values, BStep, '∂L/∂B_jk = (w − y)γ_kσ′(z_k)x_j');
  // The whole of it against the oracle.
  const layers = oracleOf(model, parameters);
  const bounds = boundsOf(layers, { name: 'squaredError', reduction: 0.5 }, x, [[y]]);
  net.gradient(x, [y]);
  expectWithin(net.gradients, gradientOf(layers, bounds.gradients), bounds.gradient, 'gradient');
});
