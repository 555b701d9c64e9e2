import { describe, expect, test } from 'vitest';
import { centralDifferences, directionalDifference, largestDifference } from './gradientCheck.js';
import type { Target } from './losses.js';
import {
  type Activation,
  backward,
  forward,
  gradientOf,
  hessianVectorProduct,
  type Layer,
  type Loss,
  lossOf,
  parametersOf,
  withParameters,
} from './network.js';

/** Truncation and rounding of the differences: losses of order 1, third derivatives of order 10, h = 6e-6. */
const TOLERANCE = 1e-8;

/** A fixed sequence of numbers in [−1, 1): multiples of the golden ratio, modulo 2. */
function sequence(start: number): () => number {
  let n = start;
  return () => ((++n * 1.618033988749895) % 2) - 1;
}

function layersOf(widths: number[], activations: Activation[], biases = true): Layer[] {
  const next = sequence(widths.length);
  return activations.map((activation, l) => {
    const inFeatures = widths[l] as number;
    const outFeatures = widths[l + 1] as number;
    const layer: Layer = { inFeatures, outFeatures, weights: Float64Array.from({ length: inFeatures * outFeatures }, next), activation };
    return biases ? { ...layer, biases: Float64Array.from({ length: outFeatures }, next) } : layer;
  });
}

const rows = 5;
const inputs = 3;
const x = Float64Array.from({ length: rows * inputs }, sequence(40));

const hidden: Activation[] = [
  { name: 'identity' },
  { name: 'linear', alpha: 0.7, beta: -0.2 },
  { name: 'heaviside' },
  { name: 'sigmoid' },
  { name: 'tanh' },
  { name: 'relu' },
  { name: 'leakyRelu' },
  { name: 'leakyRelu', alpha: 0.3 },
  { name: 'softmax' },
];

const ids: Target[] = [0, 2, 1, 2, 0];
const probabilities: Target[] = ids.map((_, i) => [0.2, 0.1 * i, 0.8 - 0.1 * i]);
const binary: Target[] = ids.map((_, i) => [i % 2, 1 - (i % 2), 0.3]);

const losses: { loss: Loss; last: Activation[]; targets: Target[]; title: string }[] = [
  { title: 'crossEntropy of ids, mean', loss: { name: 'crossEntropy', reduction: 'mean' }, last: [{ name: 'softmax' }], targets: ids },
  { title: 'crossEntropy of rows, sum', loss: { name: 'crossEntropy', reduction: 'sum' }, last: [{ name: 'softmax' }], targets: probabilities },
  { title: 'crossEntropy from logits', loss: { name: 'crossEntropy', reduction: 'mean' }, last: [{ name: 'identity' }], targets: ids },
  { title: 'binaryCrossEntropy, mean', loss: { name: 'binaryCrossEntropy', reduction: 'mean' }, last: [{ name: 'sigmoid' }], targets: binary },
  { title: 'binaryCrossEntropy, sum', loss: { name: 'binaryCrossEntropy', reduction: 'sum' }, last: [{ name: 'identity' }], targets: binary },
  { title: 'squaredError, mean', loss: { name: 'squaredError', reduction: 'mean' }, last: hidden, targets: probabilities },
  { title: 'squaredError, 0.5', loss: { name: 'squaredError', reduction: 0.5 }, last: [{ name: 'identity' }], targets: probabilities },
];

describe.each(losses)('back propagation of $title', ({ loss, last, targets }) => {
  test.each([1, 2, 3, 4])('%i layers agree with central differences', (depth) => {
    for (const inner of hidden) {
      for (const outer of last) {
        for (const biases of [true, false]) {
          const widths = [inputs, ...[4, 2, 5].slice(0, depth - 1), 3];
          const layers = layersOf(widths, [...new Array<Activation>(depth - 1).fill(inner), outer], biases);
          const gradients = backward(layers, loss, x, targets);
          expect(gradients.loss).toBe(lossOf(layers, loss, x, targets));
          const numeric = centralDifferences((p) => lossOf(withParameters(layers, p), loss, x, targets), parametersOf(layers));
          expect(largestDifference(gradientOf(layers, gradients), numeric), `${inner.name} then ${outer.name}`).toBeLessThan(TOLERANCE);
          const numericX = centralDifferences((at) => lossOf(layers, loss, at, targets), x);
          expect(largestDifference(gradients.dx, numericX), `${inner.name} then ${outer.name}, inputs`).toBeLessThan(TOLERANCE);
        }
      }
    }
  });
});

test('∂L/∂u of a hidden layer agrees with central differences', () => {
  const layers = layersOf([inputs, 4, 3], [{ name: 'tanh' }, { name: 'softmax' }]);
  const loss: Loss = { name: 'crossEntropy', reduction: 'mean' };
  const { u } = forward(layers, x, rows);
  const numeric = centralDifferences((at) => lossOf(layers.slice(1), loss, at, ids), u[1] as Float64Array);
  expect(largestDifference(backward(layers, loss, x, ids).du[0] as Float64Array, numeric)).toBeLessThan(TOLERANCE);
});

describe('the product of the Hessian with a vector', () => {
  const cases: [Loss, Activation['name'], Target[]][] = [
    [{ name: 'squaredError', reduction: 'mean' }, 'identity', probabilities],
    [{ name: 'squaredError', reduction: 0.5 }, 'identity', probabilities],
    [{ name: 'crossEntropy', reduction: 'mean' }, 'softmax', ids],
    [{ name: 'crossEntropy', reduction: 'sum' }, 'softmax', probabilities],
  ];
  test.each(cases)('%o on %s agrees with differences of the gradient', (loss, output, targets) => {
    for (const biases of [true, false]) {
      const layers = layersOf([inputs, 4, 3], [{ name: 'tanh' }, { name: output }], biases) as [Layer, Layer];
      const parameters = parametersOf(layers);
      const gradient = (p: Float64Array) => {
        const moved = withParameters(layers, p);
        return gradientOf(moved, backward(moved, loss, x, targets));
      };
      const v = Float64Array.from({ length: parameters.length }, sequence(90));
      const product = hessianVectorProduct(layers, loss, x, targets, v);
      expect(largestDifference(product, directionalDifference(gradient, parameters, v))).toBeLessThan(TOLERANCE);
      // The Hessian is symmetric: wᵀHv = vᵀHw.
      const w = Float64Array.from({ length: parameters.length }, sequence(17));
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
      const other = hessianVectorProduct(layers, loss, x, targets, w);
      expect(Math.abs(dot(w, product) - dot(v, other))).toBeLessThan(1e-12 * (1 + Math.abs(dot(w, product))));
    }
  });
});
