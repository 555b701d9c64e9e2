/** What may be passed as data, and that its form makes no difference: bit for bit where the numbers are the same. */
import { adam, binaryCrossEntropy, crossEntropy, type DatasetLiteral, dataset, dense, meanSquaredError, type Network, sequential } from 'neurite';
import { describe, expect, test } from 'vitest';
import { DataType } from '../../assembly/opcodes.js';
import { coreOf } from '../../src/core/core.js';

const rows = 24;
const features = 3;
/** Small whole numbers, which every kind of array holds exactly. */
const numbers = Array.from({ length: rows * features }, (_, i) => (i * 37 + 11) % 100);
const nested = (flat: ArrayLike<number>, width: number) =>
  Array.from({ length: flat.length / width }, (_, i) => Array.from({ length: width }, (_, j) => flat[i * width + j] as number));
const ids = Array.from({ length: rows }, (_, i) => (i * 5 + 1) % 4);
const oneHot = ids.flatMap((id) => [0, 1, 2, 3].map((k) => Number(k === id)));

const scale = 1 / 128;
const classifier = () =>
  sequential(features, [dense(8, 'tanh'), dense(4, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 3, reproducible: true });

/** The parameters after three epochs in batches of which the last is short. */
async function trained(net: Network, data: DatasetLiteral, epochs = 3): Promise<number[]> {
  await net.fit(data, { epochs, batchSize: 7 });
  const parameters = Array.from(net.parameters);
  net.dispose();
  return parameters;
}

const kinds = [Float32Array, Float64Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];

describe('inputs and targets', () => {
  test.each(kinds)('%o: x and class ids', async (Kind) => {
    const expected = await trained(classifier(), { x: Float32Array.from(numbers), y: Uint32Array.from(ids), scale });
    expect(await trained(classifier(), { x: Kind.from(numbers), y: Kind.from(ids), scale })).toEqual(expected);
  });

  test.each([
    ['a flat list', numbers],
    ['a list of rows', nested(numbers, features)],
    ['a list of rows that are typed arrays', nested(numbers, features).map((row) => Float64Array.from(row) as unknown as number[])],
  ])('x as %s', async (_, x) => {
    const expected = await trained(classifier(), { x: Float32Array.from(numbers), y: ids, scale });
    expect(await trained(classifier(), { x, y: ids, scale })).toEqual(expected);
  });

  test.each([
    ['a flat list', oneHot],
    ['a list of rows', nested(oneHot, 4)],
    ['bytes', Uint8Array.from(oneHot)],
    ['doubles', Float64Array.from(oneHot)],
  ])('one-hot rows as %s', async (_, y) => {
    const expected = await trained(classifier(), { x: numbers, y: Float32Array.from(oneHot), scale });
    expect(await trained(classifier(), { x: numbers, y, scale })).toEqual(expected);
  });

  test('class ids and one-hot rows mean the same', () => {
    const net = classifier();
    const x = numbers.map((value) => value * scale);
    const byRows = net.gradient(x, oneHot);
    const gradients = Array.from(net.gradients);
    expect(net.gradient(x, ids)).toBeCloseTo(byRows, 6);
    net.gradients.forEach((value, i) => expect(value).toBeCloseTo(gradients[i] as number, 6));
  });

  test.each([1, 2, 5, 17])('regression targets of width %i', async (width) => {
    const net = () =>
      sequential(features, [dense(6, 'tanh'), dense(width)], { loss: meanSquaredError(), optimizer: adam(), seed: 1, reproducible: true });
    const y = Array.from({ length: rows * width }, (_, i) => ((i * 7) % 13) / 16);
    const expected = await trained(net(), { x: numbers, y: Float32Array.from(y), scale });
    for (const form of [y, nested(y, width), Float64Array.from(y)]) expect(await trained(net(), { x: numbers, y: form, scale })).toEqual(expected);
  });
});

describe('bytes', () => {
  test('are kept as bytes, and other numbers as floats', () => {
    const core = coreOf('simd');
    const expected = { inputs: [features], targets: [{ width: 4, classes: true, probabilities: true, elements: false }] };
    for (const [x, type] of [
      [Uint8Array.from(numbers), DataType.Uint8],
      [Uint8ClampedArray.from(numbers), DataType.Uint8],
      [Int16Array.from(numbers), DataType.Float32],
    ] as const) {
      using data = dataset({ x, y: ids });
      expect(data.upload('test', core, expected)?.columns.map((column) => column.type)).toEqual([type, DataType.Uint32]);
    }
  });

  test('are scaled as floats would be before', async () => {
    const s = Math.fround(1 / 255);
    const floats = Float32Array.from(numbers, (byte) => Math.fround(byte * s));
    expect(await trained(classifier(), { x: Uint8Array.from(numbers), y: ids, scale: 1 / 255 })).toEqual(
      await trained(classifier(), { x: floats, y: ids }),
    );
  });

  test('are not scaled unless they are told to', async () => {
    expect(await trained(classifier(), { x: Uint8Array.from(numbers), y: ids })).toEqual(
      await trained(classifier(), { x: Float32Array.from(numbers), y: ids }),
    );
  });

  test('scale and offset are of inputs alone', async () => {
    const net = () => sequential(features, [dense(2)], { loss: meanSquaredError(), optimizer: adam(), reproducible: true });
    const y = numbers.slice(0, rows * 2);
    const x = Float32Array.from(numbers, (value) => value * 0.5 - 4);
    expect(await trained(net(), { x: Uint8Array.from(numbers), y, scale: 0.5, offset: -4 })).toEqual(await trained(net(), { x, y }));
  });
});

describe('past the budget', () => {
  // More rows than are copied in at once, and no multiple of the batch.
  const many = 9001;
  const bytes = Uint8Array.from({ length: many * features }, (_, i) => (i * 193 + (i >> 4)) & 255);
  const classes = Uint8Array.from({ length: many }, (_, i) => (i * i + 3) % 4);
  const binary = Float32Array.from({ length: many * 2 }, (_, i) => ((i * 29) % 7) / 7);
  const tagger = () => sequential(features, [dense(2, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam(), seed: 9, reproducible: true });

  test.each<[string, () => Network, DatasetLiteral]>([
    ['bytes and class ids', classifier, { x: bytes, y: classes, scale: 1 / 255, offset: -0.5 }],
    ['rows and class ids', classifier, { x: nested(bytes, features), y: Array.from(classes), scale: 1 / 255 }],
    ['doubles and values', tagger, { x: Float64Array.from(bytes), y: binary, scale: 1 / 255 }],
    ['bytes and rows of values', tagger, { x: bytes, y: nested(binary, 2), scale: 1 / 255 }],
  ])('%s: the same order and the same bits', async (_, net, data) => {
    expect(await trained(net(), { ...data, budget: 0 }, 2)).toEqual(await trained(net(), data, 2));
  });

  test('evaluated to the same result', () => {
    const net = classifier();
    const data = { x: bytes, y: classes, scale: 1 / 255 };
    expect(net.evaluate({ ...data, budget: 0 })).toEqual(net.evaluate(data));
  });

  test('the budget is in bytes, inputs and targets together', () => {
    const core = coreOf('simd');
    const expected = { inputs: [features], targets: [{ width: 4, classes: true, probabilities: true, elements: false }] };
    const needed = many * features + many * 4;
    using enough = dataset({ x: bytes, y: classes, budget: needed });
    using less = dataset({ x: bytes, y: classes, budget: needed - 1 });
    expect(enough.upload('test', core, expected)).toBeDefined();
    expect(less.upload('test', core, expected)).toBeUndefined();
  });
});

describe('errors say what came and what was expected', () => {
  const net = classifier();
  const x = numbers.slice(0, 6);
  test.each<[string, DatasetLiteral, string]>([
    ['a row too few', { x, y: [1] }, 'y has 1 number for 2 rows of x, expected 2 class ids, or 2 × 4 values'],
    ['half a row', { x: numbers.slice(0, 7), y: [0, 1] }, 'x has 7 numbers, expected a multiple of 3'],
    ['an id too large', { x, y: [0, 4] }, 'y[1] is 4, expected a class id from 0 to 3'],
    ['an id below 0', { x, y: Int8Array.of(-1, 0) }, 'y[0] is -1, expected a class id from 0 to 3'],
    ['half an id', { x, y: [0, 0.5] }, 'y[1] is 0.5, expected a class id from 0 to 3'],
    [
      'rows that sum to 2',
      { x, y: [0, 1, 0, 0, 1, 1, 0, 0] },
      'row 1 of y sums to 2, expected probabilities that sum to 1, or class ids, one per row',
    ],
    [
      'rows that sum to less',
      {
        x,
        y: [
          [0.25, 0.25, 0.25, 0.25],
          [0.3, 0.3, 0.3, 0.09],
        ],
      },
      'row 1 of y sums to 0.99, expected probabilities',
    ],
    [
      'NaN among them',
      {
        x,
        y: [
          [0.25, 0.25, 0.25, 0.25],
          [Number.NaN, 0, 0, 1],
        ],
      },
      'row 1 of y sums to NaN, expected probabilities',
    ],
    [
      'a short row',
      {
        x: [
          [1, 2, 3],
          [1, 2],
        ],
        y: [0, 1],
      },
      'row 1 of x has 2 numbers, expected 3',
    ],
  ])('%s', async (_, data, message) => {
    await expect(net.fit(data)).rejects.toThrow(message);
    expect(() => net.evaluate(data)).toThrow(message);
    expect(() => net.step(data.x as number[], data.y as number[])).toThrow(message);
  });

  test('probabilities may be off by rounding', () => {
    expect(
      net.evaluate({
        x,
        y: [
          [0.333, 0.333, 0.333, 0.0005],
          [0.1, 0.2, 0.3, 0.4],
        ],
      }).loss,
    ).toBeGreaterThan(0);
  });

  test('class ids are checked anew for an output of fewer classes', () => {
    using data = dataset({ x: numbers, y: ids });
    net.evaluate(data);
    const fewer = sequential(features, [dense(2, 'softmax')], { loss: crossEntropy(), reproducible: true });
    expect(() => fewer.evaluate(data)).toThrow('expected a class id from 0 to 1');
  });
});
