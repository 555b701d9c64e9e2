/** Metrics against values worked out by hand, and on networks whose outputs are known. */
import {
  accuracy,
  averagePrecision,
  balancedAccuracy,
  binaryCrossEntropy,
  classificationReport,
  cohenKappa,
  confusionMatrix,
  crossEntropy,
  dataset,
  dense,
  f1,
  f1At,
  input,
  logLoss,
  type Metric,
  mae,
  matthews,
  meanSquaredError,
  network,
  type PerClass,
  prAuc,
  precision,
  precisionAt,
  r2,
  recall,
  recallAt,
  rmse,
  rocAuc,
  sequential,
  sgd,
  topK,
} from 'neurite';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { metrics } from '../vocabulary.js';

/** A network whose output is its input, so that the outputs are what a test says. */
function passing(width: number, activation: 'identity' | 'softmax' | 'sigmoid', loss: Parameters<typeof sequential>[2]) {
  const net = sequential(width, [dense(width, activation)], { ...loss, reproducible: true });
  net.parameters.fill(0);
  for (let i = 0; i < width; i++) net.parameters[i * width + i] = 1;
  return net;
}

/** Logits whose largest is at the class. */
const deciding = (classes: readonly number[], width: number) => classes.map((k) => Array.from({ length: width }, (_, j) => Number(j === k)));

describe('decisions', () => {
  // actual \ predicted:  0: 2 1 0;  1: 0 3 1;  2: 1 0 2
  const actual = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2];
  const predicted = [0, 0, 1, 1, 1, 1, 2, 0, 2, 2];
  const net = passing(3, 'softmax', { loss: crossEntropy() });
  const x = deciding(predicted, 3);

  test.each([
    ['class ids', actual],
    ['one-hot rows', deciding(actual, 3)],
    ['probabilities', deciding(actual, 3).map((row) => row.map((t) => (t ? 0.5 : 0.25)))],
  ])('targets as %s', (_, y) => {
    const result = net.evaluate({ x, y }, { metrics: [accuracy, confusionMatrix, precision, recall, f1] });
    expect(result.accuracy).toBe(0.7);
    expect(result.confusionMatrix).toEqual([
      [2, 1, 0],
      [0, 3, 1],
      [1, 0, 2],
    ]);
    expect(result.precision.perClass).toEqual([2 / 3, 3 / 4, 2 / 3]);
    expect(result.recall.perClass).toEqual([2 / 3, 3 / 4, 2 / 3]);
    expect(result.f1.perClass).toEqual([4 / 6, 6 / 8, 4 / 6]);
    for (const macro of [result.precision.macro, result.recall.macro, result.f1.macro]) expect(macro).toBeCloseTo((2 / 3 + 3 / 4 + 2 / 3) / 3, 14);
  });

  test('precision and recall differ where decisions are not balanced', () => {
    // Class 0: 1 right of 3 decisions and 1 row; class 1: 2 right of 2 decisions and 4 rows.
    const result = net.evaluate({ x: deciding([0, 0, 0, 1, 1], 3), y: [0, 1, 1, 1, 1] }, { metrics: [precision, recall, f1] });
    expect(result.precision).toEqual({ perClass: [1 / 3, 1, 0], macro: (1 / 3 + 1) / 2 });
    expect(result.recall).toEqual({ perClass: [1, 1 / 2, 0], macro: (1 + 1 / 2) / 2 });
    expect(result.f1).toEqual({ perClass: [1 / 2, 2 / 3, 0], macro: (1 / 2 + 2 / 3) / 2 });
  });

  test('a class that is only decided for counts in the mean, with 0', () => {
    const result = net.evaluate({ x: deciding([0, 2], 3), y: [0, 0] }, { metrics: [precision, recall] });
    expect(result.precision).toEqual({ perClass: [1, 0, 0], macro: 1 / 2 });
    expect(result.recall).toEqual({ perClass: [1 / 2, 0, 0], macro: 1 / 4 });
  });

  test('topK counts the classes before the right one, the lower first on ties', () => {
    const wide = passing(4, 'softmax', { loss: crossEntropy() });
    const logits = [
      [4, 3, 2, 1],
      [4, 3, 2, 1],
      [1, 1, 1, 1],
      [0, 5, 5, 0],
    ];
    const result = wide.evaluate({ x: logits, y: [1, 3, 1, 2] }, { metrics: [topK(1), topK(2), topK(3), topK(4)] });
    expect([result.top1, result.top2, result.top3, result.top4]).toEqual([0, 3 / 4, 3 / 4, 1]);
  });

  test('one output: 1 where z ≥ 0, against targets of at least ½', () => {
    const single = passing(1, 'sigmoid', { loss: binaryCrossEntropy() });
    const result = single.evaluate({ x: [-1, 0, 1, 2, -3], y: [0, 0, 1, 1, 1] }, { metrics: [accuracy, confusionMatrix] });
    expect(result.confusionMatrix).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(result.accuracy).toBe(3 / 5);
  });

  test('agree with classify where softmax is saturated', () => {
    expect(net.evaluate({ x: [200, 300, 250], y: [1] }, { metrics: [accuracy, topK(1)] })).toMatchObject({ accuracy: 1, top1: 1 });
  });

  test('NaN is never right by rank', () => {
    const wild = passing(3, 'softmax', { loss: crossEntropy() });
    wild.parameters.fill(Number.NaN);
    const result = wild.evaluate({ x: [1, 2, 3], y: [2] }, { metrics: [topK(2), accuracy] });
    expect(result.loss).toBeNaN();
    expect(result).toMatchObject({ top2: 0, accuracy: 0 });
  });
});

describe('distances', () => {
  const y = [3, -0.5, 2, 7];
  const x = [2.5, 0, 2, 8];
  const net = passing(1, 'identity', { loss: meanSquaredError() });

  test('of one output', () => {
    const result = net.evaluate({ x, y }, { metrics: [mae, rmse, r2] });
    expect(result.mae).toBe(0.5);
    expect(result.rmse).toBe(Math.sqrt(1.5 / 4));
    // Mean 2.875, Σ (t − mean)² = 29.1875.
    expect(result.r2).toBeCloseTo(1 - 1.5 / 29.1875, 14);
    expect(result.loss).toBe(1.5 / 4);
  });

  test('of two outputs, R² averaged', () => {
    const two = passing(2, 'identity', { loss: meanSquaredError() });
    // First column: residuals 0.5, 0, 0, sum of squares 0.25 of 2; second: 0, 1, 1, 2 of 8.
    const targets = [
      [0, 0],
      [1, 2],
      [2, 4],
    ];
    const outputs = [
      [0.5, 0],
      [1, 3],
      [2, 3],
    ];
    const result = two.evaluate({ x: outputs, y: targets }, { metrics: [mae, rmse, r2] });
    expect(result.mae).toBeCloseTo(2.5 / 6, 14);
    expect(result.rmse).toBeCloseTo(Math.sqrt(2.25 / 6), 14);
    expect(result.r2).toBeCloseTo((1 - 0.25 / 2 + 1 - 2 / 8) / 2, 14);
  });

  test('in float64: a small spread about a large mean', () => {
    // 2²⁴ − 2 … 2²⁴ in floats; sums of squares in floats would lose it all.
    const large = [16777214, 16777215, 16777216, 16777215];
    const result = net.evaluate({ x: [16777215, 16777215, 16777215, 16777215], y: large }, { metrics: [r2, mae] });
    expect(result.r2).toBe(0);
    expect(result.mae).toBe(0.5);
  });

  test('want values as targets', () => {
    const classes = passing(3, 'softmax', { loss: crossEntropy() });
    expect(() => classes.evaluate({ x: [1, 2, 3], y: [0] }, { metrics: [rmse] })).toThrow('rmse: the targets are class ids, expected values');
  });
});

describe('evaluate', () => {
  const net = sequential(2, [dense(5, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), seed: 4, reproducible: true });
  const rows = 1000;
  const x = Float32Array.from({ length: rows * 2 }, (_, i) => Math.fround(Math.sin(i) * 3));
  const y = Uint8Array.from({ length: rows }, (_, i) => i % 3);

  test('gives the same loss and accuracy with metrics as without', () => {
    const { loss, accuracy: share } = net.evaluate({ x, y });
    expect(net.evaluate({ x, y }, { metrics: [accuracy] })).toEqual({ loss, accuracy: share });
    const matrix = net.evaluate({ x, y }, { metrics: [confusionMatrix] }).confusionMatrix;
    const classes = net.classify(x) as Uint32Array;
    for (let a = 0; a < 3; a++) for (let p = 0; p < 3; p++) expect(matrix[a]?.[p]).toBe(classes.filter((k, i) => k === p && y[i] === a).length);
  });

  test('past the budget and from bytes, to the same metrics', () => {
    const bytes = Uint8Array.from(x, (v) => v * 40 + 128);
    const metrics = [confusionMatrix, topK(2)] as const;
    const expected = net.evaluate({ x: Float32Array.from(bytes, (b) => b / 64), y }, { metrics });
    expect(net.evaluate({ x: bytes, y, scale: 1 / 64 }, { metrics })).toEqual(expected);
    expect(net.evaluate({ x: bytes, y, scale: 1 / 64, budget: 0 }, { metrics })).toEqual(expected);
    expect(net.evaluate(dataset({ x: bytes, y, scale: 1 / 64 }), { metrics })).toEqual(expected);
  });

  test('changes nothing, and follows a change of loss', () => {
    const before = Array.from(net.parameters);
    net.evaluate({ x, y }, { metrics: [accuracy] });
    expect(Array.from(net.parameters)).toEqual(before);
    const other = passing(2, 'identity', { loss: meanSquaredError() });
    const values = { x: [1, 2, 3, 4], y: [1, 2, 3, 5] };
    expect(other.evaluate(values, { metrics: [mae] }).mae).toBe(0.25);
    other.configure({ loss: crossEntropy({ fromLogits: true }) });
    expect(other.evaluate({ x: values.x, y: [0, 1] }, { metrics: [accuracy] }).accuracy).toBe(0.5);
  });

  test('of several outputs, the first with a loss', () => {
    const a = input(2);
    const one = dense(1)(a);
    const two = dense(2)(a);
    const both = network({ inputs: a, outputs: [one, two], loss: [undefined, meanSquaredError()], reproducible: true });
    both.parameters.fill(0);
    expect(both.evaluate({ x: [1, 1], y: [3, 5] }, { metrics: [mae] }).mae).toBe(4);
  });

  test('types name each value', () => {
    const result = net.evaluate({ x, y }, { metrics: [topK(2), confusionMatrix, f1, accuracy] });
    expectTypeOf(result.top2).toEqualTypeOf<number>();
    expectTypeOf(result.accuracy).toEqualTypeOf<number>();
    expectTypeOf(result.f1.macro).toEqualTypeOf<number>();
    expectTypeOf(result.confusionMatrix).toEqualTypeOf<readonly (readonly number[])[]>();
    // @ts-expect-error it was not asked for
    result.r2;
    expectTypeOf(net.evaluate({ x, y }).accuracy).toEqualTypeOf<number | undefined>();
  });
});

describe('weights of the rows', () => {
  const weight = [1, 0, 2, 3, 0.5];
  /** Each row as often as twice its weight. */
  const repeated = <T>(rows: readonly T[]): T[] => rows.flatMap((row, i) => new Array<T>(2 * (weight[i] as number)).fill(row));

  test.each(metrics.filter(({ judges }) => judges.includes('classes')).map(({ name, metric }) => [name, metric] as const))(
    '%s of classes: a row of weight 3 is six where one of 0.5 is one',
    (_, metric) => {
      const net = passing(3, 'softmax', { loss: crossEntropy() });
      const x = [
        [2, 1, 0],
        [0, 0, 1],
        [1, 3, 0],
        [0.5, 0.25, 2],
        [1, 1.5, 1],
      ];
      const y = [0, 1, 2, 2, 1];
      const found = net.evaluate({ x, y, weight }, { metrics: [metric] })[metric.name as 'loss'];
      const expected = net.evaluate({ x: repeated(x), y: repeated(y) }, { metrics: [metric] })[metric.name as 'loss'];
      expect(close(scaled(found, metric.name, 2))).toEqual(close(expected));
    },
  );

  test.each(metrics.filter(({ judges }) => judges.includes('values')).map(({ name, metric }) => [name, metric] as const))(
    '%s of values, with a target of NaN where there is no weight',
    (_, metric) => {
      const net = passing(2, 'identity', { loss: meanSquaredError() });
      const x = [1, 2, 3, 4, 5].map((i) => [i, i * i]);
      const y = [1, 3, 2, 5, 5].map((i) => [i, i * i + 1]);
      const expected = net.evaluate({ x: repeated(x), y: repeated(y) }, { metrics: [metric] })[metric.name as 'loss'];
      y[1] = [Number.NaN, Number.NaN];
      expect(net.evaluate({ x, y, weight }, { metrics: [metric] })[metric.name as 'loss']).toBeCloseTo(expected, 14);
    },
  );

  /** Counts are in units of the weights. */
  function scaled(value: unknown, name: string, by: number): unknown {
    const isCount = name === 'confusionMatrix';
    const visit = (part: unknown, key = ''): unknown =>
      typeof part === 'number'
        ? part * (isCount || key === 'support' ? by : 1)
        : Array.isArray(part)
          ? part.map((one) => visit(one))
          : Object.fromEntries(Object.entries(part as object).map(([k, v]) => [k, visit(v, k)]));
    return visit(value);
  }

  /** The numbers of a value, to be compared to 12 digits. */
  function close(value: unknown): unknown[] {
    return typeof value === 'object' ? Object.values(value as object).flatMap(close) : [Number((value as number).toPrecision(12))];
  }
});

describe('rankings', () => {
  const net = passing(1, 'sigmoid', { loss: binaryCrossEntropy() });
  const ranking = [rocAuc, prAuc, averagePrecision] as const;

  test('of a single output are of its 1 alone', () => {
    // Pairs: 0.8 before both zeros, 0.4 level with one and before the other.
    const result = net.evaluate({ x: [0.8, 0.4, 0.4, 0.1], y: [1, 1, 0, 0] }, { metrics: ranking });
    expect(result.rocAuc).toEqual({ perClass: [3.5 / 4], macro: 3.5 / 4 });
    // Precision 1 at recall ½, then ⅔ at 1.
    expect(result.averagePrecision.macro).toBeCloseTo(1 / 2 + 1 / 3, 15);
    expect(result.prAuc.macro).toBeCloseTo(1 / 2 + (1 + 2 / 3) / 4, 15);
  });

  test('tell apart what sigmoid and softmax round to 1', () => {
    expect(net.evaluate({ x: [50, 60, 40], y: [1, 1, 0] }, { metrics: [rocAuc] }).rocAuc.macro).toBe(1);
    const classes = passing(3, 'softmax', { loss: crossEntropy() });
    const x = [
      [60, 0, 0],
      [50, 0, 0],
      [0, 1, 0],
    ];
    expect(classes.evaluate({ x, y: [0, 1, 2] }, { metrics: [rocAuc] }).rocAuc.perClass[0]).toBe(1);
  });

  test('leave out classes that have no rows or all', () => {
    const classes = passing(3, 'softmax', { loss: crossEntropy() });
    const result = classes.evaluate({ x: deciding([0, 1, 1], 3), y: [0, 1, 0] }, { metrics: ranking });
    for (const { perClass, macro } of [result.rocAuc, result.prAuc, result.averagePrecision]) {
      expect(perClass[2]).toBeNaN();
      expect(macro).toBe(((perClass[0] as number) + (perClass[1] as number)) / 2);
    }
    expect(net.evaluate({ x: [1, 2], y: [1, 1] }, { metrics: [rocAuc] }).rocAuc).toEqual({ perClass: [Number.NaN], macro: Number.NaN });
  });

  test('put a row whose output is NaN where it does the most harm', () => {
    const ranked = (logits: number[], actual: number[]) => {
      const running = rocAuc.begin(1, 'each');
      const outputs = Float32Array.from(logits);
      running.add({ rows: 3, width: 1, outputs, logits: outputs, targets: undefined, decisions: 1, actual, predicted: [-1, 1, 0] });
      return running.value().macro;
    };
    expect(ranked([Number.NaN, 1, -1], [1, 1, 0])).toBe(0.5);
    expect(ranked([Number.NaN, 1, -1], [0, 1, 0])).toBe(0.5);
  });

  test('are monitored by their mean', async () => {
    const trained = sequential(2, [dense(3, 'softmax')], { loss: crossEntropy(), optimizer: sgd(), seed: 1 });
    const data = { x: deciding([0, 1, 0, 1, 0], 2), y: [0, 1, 2, 1, 0] };
    const { epochs } = await trained.fit(data, { epochs: 2, metrics: [rocAuc], earlyStopping: { monitor: 'rocAuc', patience: 5 } });
    expect(epochs).toHaveLength(2);
  });
});

describe('at a threshold', () => {
  test('an output that reaches it is a decision, of a class against all others', () => {
    const net = passing(3, 'softmax', { loss: crossEntropy() });
    // Probabilities 0.5, 0.25, 0.25 and 0.25, 0.5, 0.25.
    const x = [
      [Math.LN2, 0, 0],
      [0, Math.LN2, 0],
    ];
    const result = net.evaluate({ x, y: [0, 0] }, { metrics: [precisionAt(0.2), recallAt(0.4), f1At(0.2)] });
    expect(result['precisionAt0.2']).toEqual({ perClass: [1, 0, 0], macro: 1 / 3 });
    expect(result['recallAt0.4']).toEqual({ perClass: [1 / 2, 0, 0], macro: 1 / 6 });
    expect(result['f1At0.2'].perClass).toEqual([1, 0, 0]);
    expectTypeOf(result['f1At0.2']).toEqualTypeOf<PerClass>();
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '0.5', undefined])('of %s is refused', (threshold) => {
    expect(() => f1At(threshold as number)).toThrow(/^f1At: threshold is .*, expected a finite number$/);
  });
});

describe('the log loss', () => {
  test('is that of cross-entropy, for certain mistakes too', () => {
    const net = passing(3, 'softmax', { loss: crossEntropy() });
    const data = { x: [200, 300, 250, 1, 2, 3], y: [0, 2] };
    const result = net.evaluate(data, { metrics: [logLoss] });
    expect(result.logLoss).toBeCloseTo((100 + Math.log1p(Math.exp(-1) + Math.exp(-2))) / 2, 14);
    const single = passing(1, 'sigmoid', { loss: binaryCrossEntropy() });
    expect(single.evaluate({ x: [-800, 800], y: [1, 1] }, { metrics: [logLoss] }).logLoss).toBe(400);
  });

  test('is NaN where an output is', () => {
    const wild = passing(3, 'softmax', { loss: crossEntropy() });
    wild.parameters.fill(Number.NaN);
    expect(wild.evaluate({ x: [1, 2, 3], y: [2] }, { metrics: [logLoss] }).logLoss).toBeNaN();
  });
});

test.each([
  ['rocAuc', rocAuc],
  ['classificationReport', classificationReport],
  ['f1At', f1At(0.5)],
  ['matthews', matthews],
  ['logLoss', logLoss],
])('%s refuses a regression', (name, metric) => {
  const net = passing(1, 'identity', { loss: meanSquaredError() });
  expect(() => net.evaluate({ x: [1], y: [1] }, { metrics: [metric as Metric] })).toThrow(`${name}: the output is a regression and has no decisions`);
});

test.each([balancedAccuracy, cohenKappa, matthews, logLoss, confusionMatrix])('$name refuses labels that do not exclude each other', (metric) => {
  const net = passing(2, 'sigmoid', { loss: binaryCrossEntropy() });
  expect(() => net.evaluate({ x: [1, 2], y: [1, 0] }, { metrics: [metric as Metric] })).toThrow(
    `${metric.name}: the output has 2 independent labels, expected classes`,
  );
});

test('a report of labels', () => {
  const net = passing(2, 'sigmoid', { loss: binaryCrossEntropy() });
  const x = [
    [1, -1],
    [1, 1],
    [-1, -1],
  ];
  const y = [
    [1, 0],
    [1, 0],
    [0, 0],
  ];
  const report = net.evaluate({ x, y }, { metrics: [classificationReport] }).classificationReport;
  expect(report).toEqual({
    perClass: [
      { precision: 1, recall: 1, f1: 1, support: 2 },
      { precision: 0, recall: 0, f1: 0, support: 0 },
    ],
    accuracy: 2 / 3,
    macro: { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
    weighted: { precision: 1, recall: 1, f1: 1, support: 2 },
  });
});
