/** Options of the losses: what is refused, what a file keeps, and what happens far out. */
import {
  adam,
  binaryCrossEntropy,
  categoricalFocal,
  concat,
  constant,
  crossEntropy,
  dense,
  focal,
  gaussianNll,
  hinge,
  huber,
  input,
  klDivergence,
  type Loss,
  load,
  logCosh,
  meanAbsoluteError,
  mul,
  network,
  poisson,
  quantile,
  rmse,
  ShapeError,
  save,
  sequential,
  softplus,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { inputGradient } from 'neurite/derivatives';
import { trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { bitsOf, numbers } from '../kernels/numbers.js';
import * as oracle from '../oracle/losses.js';

const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));

test.each<[string, () => unknown, string]>([
  ['delta', () => huber({ delta: 0 }), 'huber: delta is 0, expected a positive number that float32 holds'],
  ['tau', () => quantile({ tau: 1 }), 'quantile: tau is 1, expected a number between 0 and 1, or a list of such'],
  ['no quantile', () => quantile({ tau: [] }), 'quantile: tau is an array of 0, expected a number between 0 and 1, or a list of such'],
  ['one quantile of several', () => quantile({ tau: [0.5, 0] }), 'quantile: tau is an array of 2, expected a number between 0 and 1'],
  ['epsilon', () => poisson({ epsilon: 0 }), 'poisson: epsilon is 0, expected a positive number that float32 holds'],
  ['full', () => gaussianNll({ full: 1 as never }), 'gaussianNll: full is 1, expected true or false'],
  ['logInput', () => poisson({ logInput: 'no' as never }), 'poisson: logInput is "no", expected true or false'],
  ['gamma', () => focal({ gamma: -1 }), 'focal: gamma is -1, expected a number ≥ 0 that float32 holds'],
  ['alpha', () => categoricalFocal({ alpha: 2 }), 'categoricalFocal: alpha is 2, expected a number from 0 to 1'],
  ['reduction', () => meanAbsoluteError({ reduction: 'none' as never }), "meanAbsoluteError: reduction is \"none\", expected 'mean' or 'sum'"],
  ['labelSmoothing', () => crossEntropy({ labelSmoothing: -0.1 }), 'crossEntropy: labelSmoothing is -0.1, expected a number from 0 to 1'],
  ['classWeights', () => crossEntropy({ classWeights: [1, -1] }), 'crossEntropy: classWeights is an array of 2, expected a list of numbers ≥ 0'],
  ['probabilities', () => binaryCrossEntropy({ probabilities: 1 as never }), 'binaryCrossEntropy: probabilities is 1, expected true or false'],
  ['an unknown one', () => logCosh({ delta: 1 } as never), 'logCosh: there is no option "delta"'],
  [
    'weights of other classes',
    () => sequential(3, [dense(4, 'softmax')], { loss: crossEntropy({ classWeights: [1, 2, 3] }) }),
    'crossEntropy: classWeights has 3 numbers, expected 4, one for each class',
  ],
  [
    'weights of more than 0 and 1',
    () => sequential(3, [dense(4, 'sigmoid')], { loss: binaryCrossEntropy({ classWeights: [1, 2, 3] }) }),
    'binaryCrossEntropy: classWeights has 3 numbers, expected 2: the weights of 0 and of 1',
  ],
  ['an odd output', () => sequential(3, [dense(3)], { loss: gaussianNll() }), 'gaussianNll: the output has 3 features, expected an even number'],
  [
    'an output of no quantiles',
    () => sequential(3, [dense(4)], { loss: quantile({ tau: [0.1, 0.5, 0.9] }) }),
    'quantile: the output has 4 features, expected a multiple of 3, the quantiles in an array of 3',
  ],
  ['an output without a sign', () => sequential(3, [dense(2, 'sigmoid')], { loss: hinge() }), 'is never negative, expected one whose sign decides'],
  [
    'one class',
    () => sequential(3, [dense(1, 'softmax')], { loss: klDivergence() }),
    'klDivergence: the output has 1 feature, expected one for each',
  ],
  [
    'no softmax',
    () => sequential(3, [dense(2)], { loss: categoricalFocal() }),
    "categoricalFocal: the output's activation is identity, expected 'softmax'",
  ],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(message);
});

test('class weights are copied and frozen', () => {
  const classWeights = [1, 2, 3];
  const loss = crossEntropy({ classWeights });
  classWeights[0] = 9;
  expect(loss).toHaveProperty('classWeights', [1, 2, 3]);
  expect(Object.isFrozen((loss as unknown as { classWeights: unknown }).classWeights)).toBe(true);
});

test.each<[Loss, 'softmax' | 'sigmoid' | 'identity', ArrayLike<number>]>([
  [crossEntropy({ classWeights: [1, 2, 0.5, 0], labelSmoothing: 0.1 }), 'softmax', [0, 3, 1]],
  [crossEntropy({ probabilities: false }), 'softmax', [-1, 2, 0, 0.5, 1, 1, 1, -7, 0, 0, 0, 0]],
  [binaryCrossEntropy({ classWeights: [1, 5] }), 'sigmoid', [1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1]],
  [huber({ delta: 0.5 }), 'identity', x],
  [quantile({ tau: 0.1, reduction: 'sum' }), 'identity', x],
  [quantile({ tau: [0.1, 0.9] }), 'identity', x.subarray(0, 6)],
  [poisson({ full: true, epsilon: 1e-4 }), 'identity', x.map(Math.abs)],
  [focal({ gamma: 0.5, alpha: 0.75 }), 'sigmoid', [1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1]],
  [categoricalFocal({ gamma: 3 }), 'softmax', [0, 3, 1]],
])('a file keeps the options of %j', (loss, output, y) => {
  const net = sequential(4, [dense(4, output)], { loss, optimizer: adam(), seed: 3 });
  const loaded = load(save(net));
  expect(loaded.loss).toEqual(loss);
  for (const one of [net, loaded]) one.step(x, y as never);
  expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
});

test('a description by hand has several quantiles too', () => {
  const tau = [0.1, 0.9];
  const net = sequential(4, [dense(4)], { loss: { name: 'quantile', tau } as never });
  tau[0] = 2;
  expect(net.loss).toEqual(quantile({ tau: [0.1, 0.9] }));
});

describe('several quantiles', () => {
  const tau = [0.1, 0.5, 0.9];
  // Of two targets: the first quantile of each, then the second, then the third.
  const u = Float32Array.from({ length: 24 }, (_, i) => 2 * Math.cos(i));
  const y = Float32Array.from({ length: 8 }, (_, i) => Math.sin(3 * i));
  const at = (row: number, q: number, k: number) => u[6 * row + 2 * q + k] as number;
  const of = (loss: Loss) => {
    const z = input(6);
    return network({ inputs: z, outputs: mul(z, constant(1)), loss });
  };

  test.each(['mean', 'sum'] as const)('are each the loss of its share: %s', (reduction) => {
    const net = of(quantile({ tau, reduction }));
    const weight = Float32Array.from({ length: 8 }, (_, i) => i % 3);
    for (const w of [undefined, weight]) {
      let total = 0;
      const slopes = new Float64Array(24);
      const divisor = reduction === 'mean' ? 4 * 6 : 1;
      for (let i = 0; i < 4; i++)
        tau.forEach((share, q) => {
          for (const k of [0, 1]) {
            const one = oracle.quantile(share);
            const [value, target, factor] = [at(i, q, k), y[2 * i + k] as number, w ? (w[2 * i + k] as number) : 1];
            total += factor * one.row([value], [target]);
            slopes[6 * i + 2 * q + k] = (factor * (one.gradient([value], [target])[0] as number)) / divisor;
          }
        });
      const options = w ? { weight: w } : {};
      expect(net.gradient(u, y, options)).toBeCloseTo(total / 4 / (reduction === 'mean' ? 6 : 1), 5);
      (inputGradient(net, u, y, options) as Float32Array).forEach((d, i) => {
        expect(d).toBeCloseTo(slopes[i] as number, 6);
      });
    }
    expect(() => net.gradient(u, u)).toThrow(ShapeError);
    expect(() => net.evaluate({ x: u, y }, { metrics: [rmse] })).toThrow('evaluate: quantile has targets of 2 for an output of 6');
    expect(checkGradients(sequential(3, [dense(6, 'tanh')], { loss: quantile({ tau, reduction }) }), u.subarray(0, 12), y).passed).toBe(true);
  });

  test('learn where the shares of the targets lie', async () => {
    const net = sequential(1, [dense(3)], { loss: quantile({ tau }), optimizer: adam({ learningRate: 0.02 }), seed: 2 });
    const next = numbers(8, 0, 1);
    const targets = Float32Array.from({ length: 1000 }, () => next());
    await net.fit({ x: new Float32Array(1000), y: targets }, { epochs: 60, batchSize: 100 });
    const sorted = targets.slice().sort();
    (net.predict([0]) as number[]).forEach((found, q) => {
      expect(Math.abs(found - (sorted[1000 * (tau[q] as number)] as number))).toBeLessThan(0.05);
    });
  });
});

test.each<[string, Loss, readonly number[]]>([
  ['labelSmoothing', crossEntropy({ labelSmoothing: 0.3 }), [0.1, 0.1, 0.8]],
  ['classWeights', crossEntropy({ classWeights: [1, 2, 3] }), [0, 0, 3]],
  ['both', crossEntropy({ labelSmoothing: 0.3, classWeights: [1, 2, 3] }), [0.1, 0.2, 2.4]],
  ['free targets', crossEntropy({ probabilities: false }), [0, 0, 1]],
  ['klDivergence', klDivergence(), [0, 0, 1]],
])('trace has the slope of the output, of a class id and of its row alike: %s', (_, loss, counted) => {
  const net = sequential(2, [dense(3, 'softmax')], { loss, seed: 4 });
  for (const y of [[2], [[0, 0, 1]]]) {
    const { u, du } = trace(net, [1, 2], y as never).layer('dense1');
    expect([...du.values]).toEqual(counted.map((t, k) => expect.closeTo(-t / (u.values[k] as number), 4)));
  }
});

describe('far out', () => {
  const far = [0, 1, -1, 1e4, -1e4, 1e-40, 88, -104];
  test.each<[string, Loss, number]>([
    ['focal', focal({ fromLogits: true }), 1],
    ['binaryCrossEntropy with weights', binaryCrossEntropy({ fromLogits: true, classWeights: [2, 3], labelSmoothing: 0.1 }), 1],
    ['logCosh', logCosh(), 1],
    ['huber', huber(), 1],
    ['hinge', hinge(), 1],
    ['crossEntropy with weights', crossEntropy({ fromLogits: true, classWeights: [2, 3], labelSmoothing: 0.1 }), 2],
    ['categoricalFocal', categoricalFocal({ fromLogits: true }), 2],
    ['klDivergence', klDivergence({ fromLogits: true }), 2],
  ])('%s and its gradient are finite for logits up to ±1e4', (_, loss, width) => {
    const net = sequential(width, [dense(width, 'identity', { bias: false })], { loss });
    net.parameters.set(width === 1 ? [1] : [1, 0, 0, 1]);
    for (const a of far) {
      for (const target of [0, 1]) {
        const row = width === 1 ? [a] : [a, 0];
        expect(net.gradient(row, width === 1 ? [target] : ([target] as never))).toBeGreaterThanOrEqual(-1e-6);
        expect(net.gradients.every(Number.isFinite), `${a} ${target}`).toBe(true);
      }
    }
  });
});

describe('an output with a mean and a variance', () => {
  test('learns both, from targets half as wide', async () => {
    const z = input(1);
    const hidden = dense(16, 'tanh')(z);
    const output = concat(dense(1)(hidden), softplus(dense(1)(hidden)));
    const net = network({ inputs: z, outputs: output, loss: gaussianNll(), optimizer: adam({ learningRate: 0.01 }), seed: 1 });
    const next = numbers(5);
    const rows = 2000;
    const given = Float32Array.from({ length: rows }, () => next());
    // Uniform noise of width 2a has the variance a²/3.
    const y = given.map((v) => 2 * v + (v > 0 ? 1 : 0.1) * next());
    await net.fit({ x: given, y }, { epochs: 40, batchSize: 50 });
    const [mean, variance] = net.predict([0.5]) as number[];
    expect(mean).toBeGreaterThan(0.9);
    expect(mean).toBeLessThan(1.1);
    expect(variance).toBeGreaterThan(0.25);
    expect(variance).toBeLessThan(0.45);
    const [, small] = net.predict([-0.5]) as number[];
    expect(small).toBeLessThan(0.03);
    expect(() => net.evaluate({ x: given, y }, { metrics: [rmse] })).toThrow(
      'evaluate: gaussianNll has targets of 1 for an output of 2, expected as many',
    );
  });
});
