import {
  type Adam,
  adam,
  adamW,
  binaryCrossEntropy,
  crossEntropy,
  type Loss,
  meanSquaredError,
  type Optimizer,
  type Sgd,
  sgd,
  squaredError,
  type Targets,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { close, EPSILON, filled, numbers } from '../kernels/numbers.js';
import type { Target } from '../oracle/losses.js';
import { forward, gradientOf, type Activation as OracleActivation, type Loss as OracleLoss } from '../oracle/network.js';
import * as oracle from '../oracle/optimizers.js';
import { argmax, rowOf } from '../oracle/rows.js';
import { type Bounds, boundsOf } from './errorBounds.js';
import { drawParameters, type Model, networkOf, oracleOf } from './models.js';

/** Each activation of SEEDS S2.4. */
const activations: OracleActivation[] = [
  { name: 'identity' },
  { name: 'linear', alpha: 0.7, beta: -0.2 },
  { name: 'heaviside' },
  { name: 'sigmoid' },
  { name: 'tanh' },
  { name: 'relu' },
  { name: 'leakyRelu', alpha: 0.01 },
  { name: 'leakyRelu', alpha: 0.3 },
  { name: 'softmax' },
];

interface LossCase {
  title: string;
  loss: Loss;
  oracle: OracleLoss;
  outputs: number;
  /** The output's activations it fits. */
  last: OracleActivation[];
  targets: 'ids' | 'probabilities' | 'labels' | 'values';
}

const softmax: OracleActivation = { name: 'softmax' };
const sigmoid: OracleActivation = { name: 'sigmoid' };
const identity: OracleActivation = { name: 'identity' };
const mean = 'mean';
const sum = 'sum';

const cases: LossCase[] = [
  {
    title: 'crossEntropy of ids',
    loss: crossEntropy(),
    oracle: { name: 'crossEntropy', reduction: mean },
    outputs: 3,
    last: [softmax],
    targets: 'ids',
  },
  {
    title: 'crossEntropy of rows',
    loss: crossEntropy(),
    oracle: { name: 'crossEntropy', reduction: mean },
    outputs: 5,
    last: [softmax],
    targets: 'probabilities',
  },
  {
    title: 'crossEntropy of ids, sum',
    loss: crossEntropy({ reduction: 'sum' }),
    oracle: { name: 'crossEntropy', reduction: sum },
    outputs: 10,
    last: [softmax],
    targets: 'ids',
  },
  {
    title: 'crossEntropy of rows from logits',
    loss: crossEntropy({ fromLogits: true }),
    oracle: { name: 'crossEntropy', reduction: mean },
    outputs: 3,
    last: [identity],
    targets: 'probabilities',
  },
  {
    title: 'crossEntropy of ids from logits, sum',
    loss: crossEntropy({ fromLogits: true, reduction: 'sum' }),
    oracle: { name: 'crossEntropy', reduction: sum },
    outputs: 2,
    last: [identity],
    targets: 'ids',
  },
  {
    title: 'binaryCrossEntropy',
    loss: binaryCrossEntropy(),
    oracle: { name: 'binaryCrossEntropy', reduction: mean },
    outputs: 1,
    last: [sigmoid],
    targets: 'labels',
  },
  {
    title: 'binaryCrossEntropy of several, sum',
    loss: binaryCrossEntropy({ reduction: 'sum' }),
    oracle: { name: 'binaryCrossEntropy', reduction: sum },
    outputs: 6,
    last: [sigmoid],
    targets: 'labels',
  },
  {
    title: 'binaryCrossEntropy of several from logits',
    loss: binaryCrossEntropy({ fromLogits: true }),
    oracle: { name: 'binaryCrossEntropy', reduction: mean },
    outputs: 3,
    last: [identity],
    targets: 'labels',
  },
  {
    title: 'meanSquaredError',
    loss: meanSquaredError(),
    oracle: { name: 'squaredError', reduction: mean },
    outputs: 4,
    last: activations,
    targets: 'values',
  },
  { title: 'squaredError', loss: squaredError(), oracle: { name: 'squaredError', reduction: sum }, outputs: 1, last: activations, targets: 'values' },
  {
    title: 'squaredError by a half',
    loss: squaredError({ scale: 0.5 }),
    oracle: { name: 'squaredError', reduction: 0.5 },
    outputs: 3,
    last: activations,
    targets: 'values',
  },
];

const widths = [7, 4, 9, 1, 5];
const rowCounts = [33, 1, 2, 3, 4, 5, 6, 7, 8, 9];

function modelOf(depth: number, inner: OracleActivation, last: OracleActivation, outputs: number, biases: boolean): Model {
  const hidden = widths.slice(0, depth - 1).map((units) => ({ units, activation: inner, biases }));
  return { inFeatures: 5, layers: [...hidden, { units: outputs, activation: last, biases }] };
}

/** Targets as the oracle has them. */
function targetsOf(kind: LossCase['targets'], rows: number, outputs: number, next: () => number): Target[] {
  return Array.from({ length: rows }, () => {
    if (kind === 'ids') return Math.floor(((next() + 1) / 2) * outputs);
    const row = Array.from({ length: outputs }, () => Math.fround(kind === 'values' ? next() : (next() + 1) / 2));
    if (kind === 'labels') return row.map((v, j) => (j % 2 === 0 ? Math.round(v) : v));
    if (kind === 'values') return row;
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((v) => Math.fround(v / total));
  });
}

/** The same as users pass them. */
function passed(targets: Target[]): Targets {
  return typeof targets[0] === 'number' ? Uint8Array.from(targets as number[]) : (targets as number[][]);
}

/** Fails at the first element that is further from the oracle's than its bound. */
function expectWithin(actual: ArrayLike<number>, expected: ArrayLike<number>, bounds: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const bound = bounds[i] as number;
    if (close(actual[i], expected[i] as number, bound)) continue;
    expect.fail(`${what}: element ${i} is ${actual[i]}, expected ${expected[i]} ± ${bound}`);
  }
}

/** What a call reports: the mean over the rows. */
function reported({ gradients }: Bounds, { reduction }: OracleLoss, rows: number): number {
  return reduction === 'mean' ? gradients.loss : gradients.loss / rows;
}

describe.each(builds)('%s: gradient, step, predict and classify equal the oracle', (build) => {
  describe.each(cases)('$title', ({ loss, oracle: oracleLoss, outputs, last, targets }) => {
    test.each([1, 2, 3, 4, 5, 6])('%i layers', (depth) => {
      const sharpness: number[] = [];
      let turn = depth;
      for (const inner of depth === 1 ? activations.slice(0, 1) : activations) {
        const lasts = depth === 1 ? last : [last[turn % last.length] as OracleActivation];
        for (const final of lasts) {
          for (const biases of [true, false]) {
            turn++;
            const next = numbers(turn + 100 * depth);
            const model = modelOf(depth, inner, final, outputs, biases);
            const learningRate = 0.07;
            const net = networkOf(model, { loss, optimizer: sgd({ learningRate }), build });
            for (const rows of [rowCounts[turn % 10], rowCounts[(turn + 5) % 10]].slice(0, depth < 4 ? 2 : 1) as number[]) {
              const what = `${inner.name} then ${final.name}, biases ${biases}, ${rows} rows`;
              const parameters = drawParameters(model, next);
              net.parameters.set(parameters);
              const x = filled(rows * model.inFeatures, next);
              const t = targetsOf(targets, rows, outputs, next);
              const layers = oracleOf(model, parameters);
              const bounds = boundsOf(layers, oracleLoss, x, t);
              const expected = gradientOf(layers, bounds.gradients);

              const meanLoss = reported(bounds, oracleLoss, rows);
              const lossBound = (bounds.loss * (meanLoss || 1)) / (bounds.gradients.loss || 1);
              const found = net.gradient(x, passed(t));
              expect(close(found, meanLoss, lossBound), `${what}: loss ${found}, expected ${meanLoss} ± ${lossBound}`).toBe(true);
              expectWithin(net.gradients, expected, bounds.gradient, `${what}: gradient`);
              expect(Array.from(net.parameters), what).toEqual(Array.from(parameters));
              const largest = Math.max(...expected.map(Math.abs));
              if (largest > 0) sharpness.push(Math.max(...bounds.gradient) / largest);

              const { z, u } = forward(layers, x, rows);
              expectWithin(net.predict(x), u.at(-1) as Float64Array, bounds.output, `${what}: predict`);
              const logits = ['softmax', 'sigmoid', 'heaviside'].includes(final.name);
              const decisive = (logits ? z : u).at(-1) as Float64Array;
              const within = logits ? bounds.logits : bounds.output;
              expectWithin(net.logits(x), decisive, within, `${what}: logits`);
              const regression = net.loss?.name === 'meanSquaredError' || net.loss?.name === 'squaredError';
              if (regression && final.name === 'identity') expect(() => net.classify(x)).toThrow('is a regression');
              const classes = regression ? [] : [net.classify(x)].flatMap((found) => (typeof found === 'number' ? [found] : [...found]));
              const each = net.loss?.name === 'binaryCrossEntropy';
              for (let i = 0; i < (regression ? 0 : rows); i++) {
                const row = rowOf(decisive, i, outputs);
                const slack = Math.max(...rowOf(within, i, outputs));
                if (each) {
                  for (const [j, value] of row.entries()) {
                    if (Math.abs(value) > 2 * slack) expect(classes[i * outputs + j], `${what}: label ${j} of row ${i}`).toBe(Number(value >= 0));
                  }
                  continue;
                }
                const best = argmax(row);
                const runnerUp = Math.max(...row.filter((_, j) => j !== best));
                if ((row[best] as number) - runnerUp > 2 * slack) expect(classes[i], `${what}: class of row ${i}`).toBe(best);
              }

              // w − η·g: η and the product rounded, then the difference. The descent folded into the products scales the deltas instead.
              net.step(x, passed(t));
              const after = Float64Array.from(parameters);
              oracle.sgd(after, expected, learningRate);
              const errors = after.map((w, i) => {
                const g = Math.abs(expected[i] as number) + (bounds.gradient[i] as number);
                return learningRate * ((bounds.gradient[i] as number) + 4 * EPSILON * g) + 2 * EPSILON * (Math.abs(w) + learningRate * g);
              });
              expectWithin(net.parameters, after, errors, `${what}: step`);
            }
            net.dispose();
          }
        }
      }
      // The bounds are worth something: most are far below the gradient they are of. Thresholds on the way allow for a jump.
      sharpness.sort((a, b) => a - b);
      expect(sharpness[Math.floor(sharpness.length / 2)] ?? 0).toBeLessThan(1e-3);
    });
  });
});

/** A step of an optimizer on the oracle's side, and what it does to the bounds of parameters and state. */
interface Descent {
  w: Float64Array;
  errors: Float64Array;
  step(gradient: Float64Array, gradientErrors: Float64Array): void;
}

/** An error `e` on v, and `roundings` of the result on top. */
const rounded = (v: number, e: number, roundings = 1) => e + roundings * EPSILON * (Math.abs(v) + e);

/** Clipping and L2, which come first: g·min(1, c/‖g‖), whose factor errs by no more than the norm does, relatively; then g + λ·w (λ, product, sum). */
function prepare(optimizer: Optimizer, { w, errors }: Descent, gradient: Float64Array, gradientErrors: Float64Array): [Float64Array, Float64Array] {
  const clipped = gradient.slice();
  let eg = gradientErrors;
  const norm = oracle.norm(gradient);
  const normError = oracle.norm(eg);
  if (norm + normError > optimizer.clipNorm) {
    oracle.clipNorm(clipped, optimizer.clipNorm);
    const factor = Math.min(1, optimizer.clipNorm / norm);
    const relative = normError / (norm - normError) + 3 * EPSILON;
    eg = eg.map((e, i) => factor * e + (Math.abs(clipped[i] as number) + factor * e) * relative);
  }
  const decay = optimizer.name === 'adamW' ? 0 : optimizer.weightDecay;
  if (decay === 0) return [clipped, eg];
  const g = clipped.map((v, i) => v + decay * (w[i] as number));
  return [g, eg.map((e, i) => rounded(g[i] as number, e + rounded(decay * Math.abs(w[i] as number), decay * (errors[i] as number), 2)))];
}

/** w − η·d: η and the product rounded, then the difference. */
function descended(w: number, ew: number, learningRate: number, d: number, ed: number): number {
  return rounded(w, ew + rounded(learningRate * d, learningRate * ed, 2));
}

function momentumOf(optimizer: Sgd, initial: Float64Array): Descent {
  const { learningRate, momentum, nesterov } = optimizer;
  const v = new Float64Array(initial.length);
  const ev = new Float64Array(initial.length);
  const descent: Descent = {
    w: initial,
    errors: new Float64Array(initial.length),
    step(gradient, gradientErrors) {
      const [g, eg] = prepare(optimizer, descent, gradient, gradientErrors);
      const before = Float64Array.from(v);
      oracle.momentum(descent.w, g, v, learningRate, momentum, nesterov);
      v.forEach((velocity, i) => {
        const carried = rounded(momentum * (before[i] as number), momentum * (ev[i] as number), 2);
        ev[i] = rounded(velocity, carried + (eg[i] as number));
        const ahead = (g[i] as number) + momentum * velocity;
        const d = nesterov ? ahead : velocity;
        const ed = nesterov ? rounded(ahead, (eg[i] as number) + rounded(momentum * velocity, momentum * (ev[i] as number), 2)) : (ev[i] as number);
        descent.errors[i] = descended(descent.w[i] as number, descent.errors[i] as number, learningRate, d, ed);
      });
    },
  };
  return descent;
}

function adamOf(optimizer: Adam, initial: Float64Array): Descent {
  const { learningRate, beta1, beta2, epsilon } = optimizer;
  const decay = optimizer.name === 'adamW' ? optimizer.weightDecay : 0;
  const n = initial.length;
  const [m, v, em, ev] = [new Float64Array(n), new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let t = 0;
  const descent: Descent = {
    w: initial,
    errors: new Float64Array(n),
    step(gradient, gradientErrors) {
      const [g, eg] = prepare(optimizer, descent, gradient, gradientErrors);
      const before = m.map((value, i) => Math.abs(value) + (em[i] as number));
      const beforeV = v.map((value, i) => value + (ev[i] as number));
      t++;
      oracle.adam(descent.w, g, m, v, t, { learningRate, beta1, beta2, epsilon, decay });
      const unbias = Math.sqrt(1 - beta2 ** t);
      const rate = (learningRate * unbias) / (1 - beta1 ** t);
      for (let i = 0; i < n; i++) {
        const size = Math.abs(g[i] as number) + (eg[i] as number);
        const squareError = (eg[i] as number) * (2 * Math.abs(g[i] as number) + (eg[i] as number)) + EPSILON * size ** 2;
        // average + rate·(x − average): difference, rate, product, sum
        em[i] = rounded(m[i] as number, beta1 * (em[i] as number) + (1 - beta1) * ((eg[i] as number) + 3 * EPSILON * (size + (before[i] as number))));
        ev[i] = rounded(v[i] as number, beta2 * (ev[i] as number) + (1 - beta2) * (squareError + 3 * EPSILON * (size ** 2 + (beforeV[i] as number))));
        // m/(√v + e) at the corners of what m and v may be; √, sum, quotient, e, the rate and its product
        const quotient = (value: number, root: number) => value / (Math.sqrt(Math.max(0, root)) + epsilon * unbias);
        const exact = quotient(m[i] as number, v[i] as number);
        const corners = [-1, 1].flatMap((a) =>
          [-1, 1].map((b) => quotient((m[i] as number) + a * (em[i] as number), (v[i] as number) + b * (ev[i] as number))),
        );
        const update = rounded(rate * exact, rate * Math.max(...corners.map((corner) => Math.abs(corner - exact))), 6);
        const shrink = 1 - learningRate * decay;
        const kept = rounded(descent.w[i] as number, shrink * (descent.errors[i] as number), decay === 0 ? 0 : 2);
        descent.errors[i] = rounded(descent.w[i] as number, kept + update);
      }
    },
  };
  return descent;
}

/** Where gradients are clipped, ε is large: m/√v of the smallest ones says nothing of them but its sign, and clipping lets each error into all. */
const optimizers: { title: string; optimizer: Optimizer }[] = [
  { title: 'sgd', optimizer: sgd({ learningRate: 0.1 }) },
  { title: 'sgd, weightDecay', optimizer: sgd({ learningRate: 0.1, weightDecay: 0.05 }) },
  { title: 'sgd, clipNorm', optimizer: sgd({ learningRate: 0.1, clipNorm: 0.05 }) },
  { title: 'sgd, a clipNorm that is never reached', optimizer: sgd({ learningRate: 0.1, clipNorm: 1e3 }) },
  { title: 'momentum', optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }) },
  { title: 'momentum, weightDecay, clipNorm', optimizer: sgd({ learningRate: 0.05, momentum: 0.5, weightDecay: 0.01, clipNorm: 0.1 }) },
  { title: 'nesterov', optimizer: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }) },
  { title: 'adam', optimizer: adam({ learningRate: 0.01 }) },
  {
    title: 'adam, weightDecay, clipNorm',
    optimizer: adam({ learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-2, weightDecay: 0.02, clipNorm: 0.1 }),
  },
  { title: 'adamW', optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 }) },
  { title: 'adamW, clipNorm', optimizer: adamW({ learningRate: 0.02, epsilon: 1e-2, clipNorm: 0.05 }) },
];

describe.each(builds)('%s: eight steps equal the oracle', (build) => {
  test.each(optimizers)('$title', ({ optimizer }) => {
    for (const { loss, oracle: oracleLoss, outputs, last, targets } of cases.filter(({ title }) =>
      /^(crossEntropy of ids|binaryCrossEntropy|meanSquaredError)$/.test(title),
    )) {
      for (const inner of [{ name: 'tanh' }, { name: 'sigmoid' }, { name: 'heaviside' }] as OracleActivation[]) {
        const model = modelOf(3, inner, last[0] as OracleActivation, outputs, true);
        const next = numbers(outputs);
        const net = networkOf(model, { loss, optimizer, build });
        const initial = drawParameters(model, next);
        net.parameters.set(initial);
        const descent =
          optimizer.name === 'sgd' ? momentumOf(optimizer as Sgd, Float64Array.from(initial)) : adamOf(optimizer as Adam, Float64Array.from(initial));
        for (let step = 1; step <= 8; step++) {
          const rows = rowCounts[step] as number;
          const x = filled(rows * model.inFeatures, next);
          const t = targetsOf(targets, rows, outputs, next);
          const layers = oracleOf(model, descent.w);
          const bounds = boundsOf(layers, oracleLoss, x, t, descent.errors);
          const found = net.step(x, passed(t));
          expect(
            close(found, bounds.gradients.loss, bounds.loss),
            `step ${step}: loss ${found}, expected ${bounds.gradients.loss} ± ${bounds.loss}`,
          ).toBe(true);
          descent.step(gradientOf(layers, bounds.gradients), bounds.gradient);
          expectWithin(net.parameters, descent.w, descent.errors, `${inner.name}, step ${step}`);
        }
        const moved = Math.max(...descent.w.map((w, i) => Math.abs(w - (initial[i] as number))));
        const median = descent.errors.sort()[descent.errors.length >> 1] as number;
        expect(median, 'bounds far below what the parameters moved').toBeLessThan(moved / 100);
        net.dispose();
      }
    }
  });
});
