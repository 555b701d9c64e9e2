/** Options of the losses: what is refused, what a file keeps, and what happens far out. */
import {
  adam,
  binaryCrossEntropy,
  categoricalFocal,
  concat,
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
  network,
  quantile,
  rmse,
  save,
  sequential,
  softplus,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { bitsOf, numbers } from '../kernels/numbers.js';

const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));

test.each<[string, () => unknown, string]>([
  ['delta', () => huber({ delta: 0 }), 'huber: delta is 0, expected a positive number that float32 holds'],
  ['tau', () => quantile({ tau: 1 }), 'quantile: tau is 1, expected a number between 0 and 1, or a list of such'],
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
])('a file keeps the options of %j', (loss, output, y) => {
  const net = sequential(4, [dense(4, output)], { loss, optimizer: adam(), seed: 3 });
  const loaded = load(save(net));
  expect(loaded.loss).toEqual(loss);
  for (const one of [net, loaded]) one.step(x, y as never);
  expect(bitsOf(loaded.parameters)).toEqual(bitsOf(net.parameters));
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
