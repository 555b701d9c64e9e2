/** Decisions by what output and loss mean: `classify`, accuracy, every metric and the kernel that counts agree with each other and the targets. */
import {
  type Activation,
  accuracy,
  binaryCrossEntropy,
  categoricalFocal,
  confusionMatrix,
  cosineSimilarity,
  crossEntropy,
  dense,
  f1,
  focal,
  gaussianNll,
  hinge,
  huber,
  klDivergence,
  type Loss,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  NeuriteError,
  poisson,
  precision,
  quantile,
  recall,
  sequential,
  squaredError,
  topK,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';

/** A network whose logits are its input. */
function passing(width: number, activation: Activation, loss?: Loss) {
  const net = sequential(width, [dense(width, activation)], { reproducible: true, ...(loss && { loss }) });
  net.parameters.fill(0);
  for (let i = 0; i < width; i++) net.parameters[i * width + i] = 1;
  return net;
}

const sets = [
  [0, 0, 0],
  [1, 0, 1],
  [0, 1, 1],
  [1, 1, 1],
  [1, 0, 0],
];
/** Logits that say these labels. */
const saying = (labels: readonly (readonly number[])[]) => labels.map((row) => row.map((t) => (t ? 2 : -2)));

describe('outputs that do not exclude each other', () => {
  test.each<[string, Activation, Loss | undefined]>([
    ['sigmoid, binaryCrossEntropy', 'sigmoid', binaryCrossEntropy()],
    ['logits, binaryCrossEntropy', 'identity', binaryCrossEntropy({ fromLogits: true })],
    ['sigmoid, focal', 'sigmoid', focal()],
    ['identity, hinge', 'identity', hinge()],
    ['tanh, hinge', 'tanh', hinge()],
    ['sigmoid, meanAbsoluteError', 'sigmoid', meanAbsoluteError()],
    ['sigmoid, squaredError', 'sigmoid', squaredError()],
    ['hardSigmoid, meanSquaredError', 'hardSigmoid', meanSquaredError()],
    ['heaviside, squaredError', 'heaviside', squaredError()],
    ['sigmoid, no loss', 'sigmoid', undefined],
  ])('%s: each by itself', (_, activation, loss) => {
    const net = passing(3, activation, loss);
    expect(net.classify(saying(sets))).toEqual(Uint32Array.from(sets.flat()));
    expect(net.classify(saying(sets)[1] as number[])).toEqual(Uint32Array.of(1, 0, 1));
    expect(net.freeze().classify(saying(sets))).toEqual(Uint32Array.from(sets.flat()));
    if (!loss) return;
    const metrics = [accuracy, precision, recall, f1] as const;
    // All right, nothing found included; then nothing found where something was to be.
    expect(net.evaluate({ x: saying(sets), y: sets }).accuracy).toBe(1);
    expect(net.evaluate({ x: saying(sets.map((row) => row.map(() => 0))), y: sets }).accuracy).toBe(1 / 5);
    const found = [sets[0], sets[2], sets[2], [1, 0, 1], [1, 0, 1]] as number[][];
    const result = net.evaluate({ x: saying(found), y: sets }, { metrics });
    expect(net.evaluate({ x: saying(found), y: sets }).accuracy).toBe(2 / 5);
    // scikit-learn 1.5: accuracy_score, precision_recall_fscore_support(average=None) and 'macro' of these.
    expect(result.accuracy).toBe(2 / 5);
    expect(result.precision).toEqual({ perClass: [1, 1 / 2, 3 / 4], macro: (1 + 1 / 2 + 3 / 4) / 3 });
    expect(result.recall).toEqual({ perClass: [2 / 3, 1 / 2, 1], macro: (2 / 3 + 1 / 2 + 1) / 3 });
    expect(result.f1).toEqual({ perClass: [4 / 5, 1 / 2, 6 / 7], macro: (4 / 5 + 1 / 2 + 6 / 7) / 3 });
    expect(() => net.evaluate({ x: saying(sets), y: sets }, { metrics: [confusionMatrix] })).toThrow('3 independent labels, expected classes');
    expect(() => net.evaluate({ x: saying(sets), y: sets }, { metrics: [topK(2)] })).toThrow('3 independent labels, expected classes');
  });

  test('a label that never occurs counts in the mean, with 0', () => {
    const net = passing(2, 'sigmoid', binaryCrossEntropy());
    const result = net.evaluate({ x: [[2, -2]], y: [[1, 0]] }, { metrics: [precision, recall] });
    expect(result.precision).toEqual({ perClass: [1, 0], macro: 1 / 2 });
    expect(result.recall).toEqual({ perClass: [1, 0], macro: 1 / 2 });
  });
});

describe('a single output', () => {
  test.each<[string, Activation, Loss | undefined, readonly number[], readonly number[], readonly number[]]>([
    ['sigmoid, binaryCrossEntropy', 'sigmoid', binaryCrossEntropy(), [-1e-9, 0, 1], [0, 1, 1], [0, 1, 1]],
    ['sigmoid, squaredError', 'sigmoid', squaredError(), [-1, 0, 1], [0, 1, 1], [0, 1, 1]],
    ['hardSigmoid, squaredError', 'hardSigmoid', squaredError(), [-0.1, 0, 0.1], [0, 1, 1], [0, 1, 1]],
    ['tanh, squaredError, targets −1 and 1', 'tanh', squaredError(), [-1, 0.1, 1], [0, 1, 1], [-1, 1, 1]],
    ['softsign, squaredError', 'softsign', squaredError(), [-1, 0.1, 1], [0, 1, 1], [-1, 1, 1]],
    ['heaviside, no loss', 'heaviside', undefined, [-1e-9, 0, 1], [0, 1, 1], []],
    ['identity, no loss: a logit', 'identity', undefined, [-1e-9, 0, 1], [0, 1, 1], []],
  ])('%s', (_, activation, loss, x, classes, y) => {
    const net = passing(1, activation, loss);
    expect(net.classify([...x])).toEqual(Uint32Array.from(classes));
    expect(net.classify([x[0] as number])).toBe(classes[0]);
    if (!loss) return;
    const result = net.evaluate({ x, y }, { metrics: [confusionMatrix] });
    expect(result.accuracy).toBe(1);
    expect(result.confusionMatrix).toEqual([
      [1, 0],
      [0, 2],
    ]);
  });
});

describe('a regression', () => {
  test.each<[Activation, Loss | undefined]>([
    ['identity', meanSquaredError()],
    ['relu', squaredError()],
    ['softplus', squaredError()],
    ['exp', meanSquaredError()],
    ['exp', poisson({ logInput: false })],
    ['identity', poisson()],
    ['identity', huber()],
    ['identity', logCosh()],
    ['relu', quantile({ tau: 0.9 })],
    ['softplus', meanAbsoluteError()],
    ['softplus', cosineSimilarity()],
    ['relu', undefined],
    ['softplus', undefined],
  ])('%s under %j has no decisions, unless a threshold makes some', (activation, loss) => {
    const net = passing(1, activation, loss);
    expect(() => net.classify([1])).toThrow(ValueError);
    expect(() => net.classify([1])).toThrow('is a regression');
    const [low, high] = net.predict([-1, 2]) as [number, number];
    const threshold = (low + high) / 2;
    expect(net.classify([-1, 2], { threshold })).toEqual(Uint32Array.of(0, 1));
    if (!loss) return;
    const data = { x: [-1, 2], y: [low, high] };
    expect(net.evaluate(data).accuracy).toBeUndefined();
    for (const metric of [accuracy, precision, recall, f1, confusionMatrix]) {
      expect(() => net.evaluate(data, { metrics: [metric] })).toThrow(`${metric.name}: the output is a regression`);
    }
    expect(net.evaluate(data, { threshold }).accuracy).toBe(1);
    expect(net.evaluate(data, { metrics: [confusionMatrix], threshold }).confusionMatrix).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test('of several outputs too', () => {
    const net = passing(2, 'identity', meanSquaredError());
    expect(() => net.classify([[1, 2]])).toThrow('is a regression under meanSquaredError');
    expect(() => net.freeze().classify([[1, 2]])).toThrow('is a regression under meanSquaredError');
    expect(passing(2, 'identity').classify([[1, 2]])).toEqual(Uint32Array.of(1));
    for (const loss of [crossEntropy, categoricalFocal, klDivergence]) {
      expect(passing(2, 'identity', loss({ fromLogits: true })).classify([[1, 2]])).toEqual(Uint32Array.of(1));
      expect(passing(2, 'softmax', loss()).evaluate({ x: [[1, 2]], y: [[0, 1]] }, { metrics: [accuracy] }).accuracy).toBe(1);
    }
    expect(() => passing(2, 'exp', gaussianNll()).classify([[1, 2]])).toThrow('is a regression under gaussianNll');
    expect(() => passing(2, 'identity', quantile({ tau: [0.1, 0.9] })).classify([[1, 2]])).toThrow('is a regression under quantile');
  });
});

describe('a threshold', () => {
  test('is of the output that predict gives, and moves classify, accuracy and metrics alike', () => {
    const net = passing(1, 'sigmoid', binaryCrossEntropy());
    const x = [-3, -1, 1, 3];
    const y = [0, 1, 1, 1];
    expect(net.classify(x, { threshold: 0.2 })).toEqual(Uint32Array.of(0, 1, 1, 1));
    expect(net.classify(x)).toEqual(Uint32Array.of(0, 0, 1, 1));
    expect(net.evaluate({ x, y }).accuracy).toBe(3 / 4);
    expect(net.evaluate({ x, y }, { threshold: 0.2, metrics: [recall] })).toMatchObject({ accuracy: 1, recall: { perClass: [1, 1] } });
    expect(net.classify(x, { threshold: net.predict([1])[0] as number })).toEqual(Uint32Array.of(0, 0, 1, 1));
  });

  test.each([Number.NaN, '0.5', null, Number.POSITIVE_INFINITY])('%s is none', (threshold) => {
    const net = passing(1, 'sigmoid', binaryCrossEntropy());
    expect(() => net.classify([1], { threshold: threshold as number })).toThrow('threshold is');
    expect(() => net.evaluate({ x: [1], y: [1] }, { threshold: threshold as number })).toThrow('threshold is');
  });

  test('chooses among no classes that exclude each other', () => {
    const net = passing(3, 'softmax', crossEntropy());
    expect(() => net.classify([[1, 2, 3]], { threshold: 0.5 })).toThrow('classes that exclude each other');
    expect(() => net.evaluate({ x: [[1, 2, 3]], y: [0] }, { threshold: 0.5 })).toThrow('classes that exclude each other');
  });
});

describe('an output that is NaN', () => {
  test.each<[number, Activation, Loss]>([
    [3, 'softmax', crossEntropy()],
    [1, 'sigmoid', binaryCrossEntropy()],
    [2, 'sigmoid', binaryCrossEntropy()],
  ])('of %i features, %s: classify names the row, and no metric counts it right', (width, activation, loss) => {
    const net = passing(width, activation, loss);
    const rows = [new Array<number>(width).fill(1), new Array<number>(width).fill(Number.NaN)];
    expect(() => net.classify(rows)).toThrow('classify: the output of row 1 is NaN');
    expect(() => net.classify(rows)).toThrow(NeuriteError);
    net.parameters.fill(Number.NaN);
    const data = { x: rows[0] as number[], y: new Array<number>(width).fill(width === 3 ? 1 / 3 : 0) };
    const result = net.evaluate(data, { metrics: [accuracy, recall] });
    expect(result.accuracy).toBe(0);
    expect(result.recall.perClass.every((r) => r === 0)).toBe(true);
  });
});

describe('a target that the output cannot reach', () => {
  test.each<[Activation, number, string]>([
    ['sigmoid', 4, 'y[row 1, feature 0] is 4, expected a number from 0 to 1'],
    ['tanh', -1.5, 'y[row 1, feature 0] is -1.5, expected a number from -1 to 1'],
    ['hardSigmoid', -0.1, 'expected a number from 0 to 1'],
    ['softmax', 0.5, 'y[row 1, feature 0] is 0.5, expected 1'],
  ])('%s: %d is said before anything is trained', async (activation, value, message) => {
    const net = passing(1, activation, meanSquaredError());
    net.configure({ optimizer: { name: 'sgd' } as never });
    const before = Array.from(net.parameters);
    const data = { x: [0, 0], y: [1, value] };
    expect(() => net.evaluate(data)).toThrow(message);
    await expect(net.fit(data)).rejects.toThrow(message);
    expect(Array.from(net.parameters)).toEqual(before);
  });

  test('a negative probability of a class is none', () => {
    const net = passing(3, 'softmax', crossEntropy());
    expect(() => net.evaluate({ x: [[1, 2, 3]], y: [[1.5, -0.5, 0]] })).toThrow('y[row 0, class 1] is -0.5, expected a probability from 0 to 1');
  });
});
