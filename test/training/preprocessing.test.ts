/** Splits and scalings. */
import {
  adam,
  dense,
  encode,
  inverseTransform,
  kFold,
  load,
  meanSquaredError,
  minMax,
  type Scaling,
  type SplitLiteral,
  save,
  sequential,
  standardize,
  tabular,
  trainValidationSplit,
  transform,
} from 'neurite';
import { describe, expect, expectTypeOf, test } from 'vitest';

describe('trainValidationSplit', () => {
  const rows = 50;
  const x = Array.from({ length: rows }, (_, i) => [i, -i]);
  const y = Array.from({ length: rows }, (_, i) => (i < 30 ? 0 : i < 45 ? 1 : 2));
  const firsts = (part: { x: readonly (readonly number[])[] }) => part.x.map(([first]) => first as number);

  test('each row is in one part, with its target, in the old order', () => {
    const { training, validation } = trainValidationSplit({ x, y, scale: 2 }, { fraction: 0.3, seed: 5 });
    expect(validation.x).toHaveLength(15);
    expect([...firsts(training), ...firsts(validation)].sort((a, b) => a - b)).toEqual(firsts({ x }));
    for (const part of [training, validation]) {
      expect(part.scale).toBe(2);
      expect(firsts(part)).toEqual([...firsts(part)].sort((a, b) => a - b));
      part.x.forEach(([i], at) => expect(part.y[at]).toBe(y[i as number]));
    }
  });

  test('is the same for the same seed and another for another', () => {
    const held = (seed: number) => firsts(trainValidationSplit({ x, y }, { seed }).validation);
    expect(held(1)).toEqual(held(1));
    expect(held(1)).not.toEqual(held(2));
    expect(held(0)).toEqual(firsts(trainValidationSplit({ x, y }).validation));
  });

  test.each([
    ['class ids', y],
    ['one-hot rows', y.map((k) => [0, 1, 2].map((j) => Number(j === k)))],
    ['flat one-hot rows', Uint8Array.from(y.flatMap((k) => [0, 1, 2].map((j) => Number(j === k))))],
  ])('stratified by %s: the classes in their proportions', (_, targets) => {
    const { validation } = trainValidationSplit({ x, y: targets }, { fraction: 0.2, stratify: true, seed: 3 });
    const counts = [0, 0, 0];
    for (const i of firsts(validation)) counts[y[i] as number] = (counts[y[i] as number] as number) + 1;
    expect(counts).toEqual([6, 3, 1]);
  });

  test.each([Float32Array, Float64Array, Uint8Array, Int32Array] as (typeof Float32Array)[])('keeps a %o what it is', (Kind) => {
    const flat = Kind.from({ length: 40 }, (_, i) => i);
    const { training, validation } = trainValidationSplit({ x: flat, y: Uint8Array.from({ length: 10 }, (_, i) => i) }, { fraction: 0.4, rows: 10 });
    expect(training.x).toBeInstanceOf(Kind);
    expect(validation.x).toHaveLength(16);
    expect(Array.from(validation.y, (i) => [0, 1, 2, 3].map((j) => 4 * i + j)).flat()).toEqual(Array.from(validation.x));
    expectTypeOf(training.y).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  });

  test('stratified by labels that do not exclude each other: their sets in proportion', () => {
    const sets = [
      [0, 0, 0],
      [1, 0, 1],
      [1, 1, 1],
      [0, 1, 0],
    ];
    const labels = Array.from({ length: rows }, (_, i) => sets[i < 20 ? 0 : i < 30 ? 1 : i < 40 ? 2 : 3] as number[]);
    const { validation } = trainValidationSplit({ x, y: labels }, { fraction: 0.2, stratify: true });
    const counts = sets.map((set) => validation.y.filter((row) => row.join() === set.join()).length);
    expect(counts).toEqual([4, 2, 2, 2]);
    const single = trainValidationSplit({ x, y: y.map((k) => [k]) }, { fraction: 0.2, stratify: true });
    expect([0, 1, 2].map((k) => single.validation.y.filter(([id]) => id === k).length)).toEqual([6, 3, 1]);
  });

  test('rows of a table, as objects or lists of cells, are split as they are', () => {
    const objects = Array.from({ length: 20 }, (_, i) => ({ id: i, island: i % 3 ? 'Dream' : null, mass: i % 4 ? i : Number.NaN }));
    const lists = objects.map((row) => Object.values(row));
    const y = objects.map((_, i) => i % 2);
    const options = { fraction: 0.25, stratify: true, seed: 4 };
    const { training, validation } = trainValidationSplit({ x: objects, y }, options);
    const numbers = trainValidationSplit({ x: objects.map(({ id }) => [id]), y }, options);
    expect(validation.x.map((row) => [row.id])).toEqual(numbers.validation.x);
    expect(training.x.map((row) => objects.indexOf(row))).toEqual(numbers.training.x.flat());
    expect(training.y).toEqual(numbers.training.y);
    expect(trainValidationSplit({ x: lists, y }, options).validation.x.map((row) => lists.indexOf(row))).toEqual(numbers.validation.x.flat());
    expect(
      kFold({ x: objects, y })
        .flatMap((fold) => fold.validation.x.map(({ id }) => id))
        .sort((a, b) => a - b),
    ).toEqual(objects.map(({ id }) => id));
    const table = tabular(training.x, { island: { as: 'oneHot', missing: 'ignore' }, mass: { as: 'number', impute: 'mean' } });
    expect(encode(table, validation.x)).toHaveLength(validation.y.length);
  });

  test('flat rows of several targets are counted by `rows`', () => {
    const flat = { x: Array.from({ length: 20 }, (_, i) => i), y: Array.from({ length: 30 }, (_, i) => i) };
    const { validation } = trainValidationSplit(flat, { rows: 10, fraction: 0.5 });
    expect([validation.x.length, validation.y.length]).toEqual([10, 15]);
  });

  test.each<[string, SplitLiteral, object, string]>([
    ['everything held back', { x, y }, { fraction: 0.999 }, 'a fraction of 0.999 is 50 of 50 rows, expected rows in both parts'],
    ['a fraction of 1', { x, y }, { fraction: 1 }, 'fraction is 1, expected a number between 0 and 1'],
    ['a target too few', { x, y: y.slice(1) }, {}, 'y is an array of 49, which is not 50 rows'],
    ['no rows', { x: [], y: [] }, {}, 'which does not determine the number of rows; pass { rows }'],
    [
      'two flat arrays',
      { x: new Float32Array(60), y: new Float32Array(20) },
      {},
      'x is 60 numbers and y is 20 numbers, which does not determine the number of rows',
    ],
    ['rows that are none', { x, y }, { rows: 2.5 }, 'rows is 2.5, expected a whole number > 0'],
    [
      'a row that is a hole',
      { x: Object.assign(new Array(3), { 0: [1, 2], 2: [3, 4] }) as number[][], y: [0, 1, 1] },
      { rows: 3 },
      'x[1] is undefined, expected a number',
    ],
    ['a row that is none', { x: [{ a: 1 }, 'b', { a: 2 }] as never, y: [0, 1, 1] }, { rows: 3 }, 'x[1] is "b", expected a number'],
    ['a cell that is a list', { x: [[1, [2]]] as never, y: [0] }, {}, 'element 1 of row 0 of x is an array of 1, expected a number'],
    ['objects as targets', { x, y: x.map(() => ({})) as never }, {}, 'y[0] is an object without fields, expected a number'],
    ['another number of objects', { x: [{}, {}], y: [1] }, {}, 'y is an array of 1, which is not 2 rows'],
    ['values for classes', { x, y: y.map((k) => k / 2) }, { stratify: true }, 'stratify found y[30] = 0.5, expected class ids'],
    ['a seed below 0', { x, y }, { seed: -1 }, 'seed is -1, expected a whole number'],
  ])('%s is refused', (_, data, options, message) => {
    expect(() => trainValidationSplit(data, options)).toThrow(message);
  });
});

describe('kFold', () => {
  const x = Array.from({ length: 23 }, (_, i) => [i]);
  const y = Array.from({ length: 23 }, (_, i) => i % 2);

  test('each row is held once', () => {
    const folds = kFold({ x, y }, { folds: 4, seed: 2 });
    expect(folds.map(({ validation }) => validation.x.length).sort()).toEqual([5, 6, 6, 6]);
    expect(folds.flatMap(({ validation }) => validation.x.flat()).sort((a, b) => a - b)).toEqual(x.flat());
    for (const { training, validation } of folds) expect(new Set([...training.x.flat(), ...validation.x.flat()]).size).toBe(23);
  });

  test('stratified: the classes in each fold to within a row', () => {
    for (const { validation } of kFold({ x, y }, { folds: 3, stratify: true })) {
      expect(validation.y.filter((k) => k === 0).length).toBe(4);
      expect([3, 4]).toContain(validation.y.filter((k) => k === 1).length);
    }
  });

  test('needs a row for each fold', () => {
    expect(() => kFold({ x, y }, { folds: 24 })).toThrow('folds is 24, expected a whole number from 2 to 23, the rows');
  });
});

describe('standardize and minMax', () => {
  const x = [
    [1, 100, 7],
    [2, 300, 7],
    [3, 200, 7],
    [6, 400, 7],
  ];

  test('standardize: mean 0 and variance 1', () => {
    const scaling = standardize(x);
    expect(scaling).toEqual({ offset: [3, 250, 7], scale: [Math.sqrt(3.5), Math.sqrt(12500), 1] });
    const scaled = transform(scaling, x);
    expect(scaled.map((row) => row[2])).toEqual([0, 0, 0, 0]);
    expect(scaled[3]?.[0]).toBe(3 / Math.sqrt(3.5));
  });

  test('is exact where the mean is large and the spread is small', () => {
    expect(standardize([1e9, 1e9 + 1, 1e9 + 2], 1)).toEqual({ offset: [1e9 + 1], scale: [Math.sqrt(2 / 3)] });
  });

  test('minMax: to [0, 1], or another range', () => {
    expect(transform(minMax(x), x).map((row) => row[0])).toEqual([0, 0.2, 0.4, 1]);
    const scaled = transform(minMax(x, { range: [-1, 1] }), x);
    expect(scaled.map((row) => row[0])).toEqual([-1, expect.closeTo(-0.6, 14), expect.closeTo(-0.2, 14), 1]);
    expect(scaled.map((row) => row[2])).toEqual([-1, -1, -1, -1]);
  });

  test.each([
    ['rows', x],
    ['a flat list', x.flat()],
    ['floats', Float32Array.from(x.flat())],
    ['doubles', Float64Array.from(x.flat())],
  ])('%s keep their form, and come back', (_, values) => {
    const scaling = standardize(values, 3);
    expect(scaling).toEqual(standardize(x));
    const back = inverseTransform(scaling, transform(scaling, values));
    expect(ArrayBuffer.isView(back)).toBe(ArrayBuffer.isView(values));
    Array.from(back as Iterable<number | number[]>)
      .flat()
      .forEach((value, i) => expect(value).toBeCloseTo(x.flat()[i] as number, 4));
  });

  test('new data are scaled by what the old ones were', () => {
    expect(transform(standardize(x), [[3, 250, 8]])).toEqual([[0, 0, 1]]);
  });

  test('travel with the saved model', async () => {
    const net = sequential(3, [dense(1)], { loss: meanSquaredError(), optimizer: adam() });
    const scaling = standardize(x);
    net.metadata = { scaling };
    const loaded = load(save(net));
    expect(loaded.metadata.scaling).toEqual(scaling);
    const again = loaded.metadata.scaling as Scaling;
    expect(loaded.predict(transform(again, x))).toEqual(net.predict(transform(scaling, x)));
  });

  test.each<[string, () => unknown, string]>([
    [
      'a missing value',
      () =>
        standardize([
          [1, 2],
          [3, null as unknown as number],
        ]),
      'standardize: feature 1 of row 1 is null, expected a finite number',
    ],
    ['NaN', () => minMax([[1], [Number.NaN]]), 'minMax: feature 0 of row 1 is NaN, expected a finite number'],
    ['a short row', () => standardize([[1, 2], [3]]), 'standardize: row 1 of x has 1 number, expected 2'],
    ['flat values alone', () => standardize([1, 2, 3]), 'standardize: x is flat, expected a list of rows, or the number of features'],
    ['half a row', () => transform(standardize(x), [1, 2, 3, 4]), 'transform: x is an array of 4, expected rows of 3 numbers'],
    ['another width', () => transform(standardize(x), [[1, 2]]), 'transform: x is an array of 1, expected rows of 3 numbers'],
    ['no scaling', () => transform({} as Scaling, x), "transform: the scaling's offset is undefined, expected a number for each feature"],
    ['a hole for a row', () => standardize([null] as unknown as number[][]), 'standardize: row 0 of x is null, expected a row of numbers'],
    ['null for options', () => minMax([[1]], null as never), 'minMax: options is null, expected an object, such as { range }'],
    [
      'an unknown option',
      () => minMax([[1]], { low: 0 } as never),
      'minMax: there is no option "low", expected range, features, ignoreNaN; pass range: [low, high]',
    ],
    ['null for a scaling', () => transform(null as never, [1]), 'transform: the scaling is null, expected what standardize() or minMax() gave'],
    ['a scale of 0', () => transform({ offset: [0], scale: [0] }, [1]), "transform: the scaling's scale of feature 0 is 0"],
    ['more than float64 spans', () => minMax([[-1e308], [1e308]]), 'minMax: feature 0 has a range too large or too small for a float64 scale'],
    ['a range upside down', () => minMax(x, { range: [1, 0] }), 'minMax: range is [1, 0], expected two finite numbers, the lower one first'],
  ])('%s is refused', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test.each([3, 7, 1000])('a constant has scale 1, however its mean rounds (%i rows)', (rows) => {
    for (const value of [0.1, -0.3, 1 / 3, 1e-200, 1e300, 123456.789, 5e-324, 0]) {
      expect(standardize(Array.from({ length: rows }, () => [value]))).toEqual({ offset: [value], scale: [1] });
    }
  });

  test('what differs by rounding alone is constant too; a true spread of 1e-9 is kept', () => {
    const { scale: rounded } = standardize([[0.3], [0.1 + 0.2], [0.3]]);
    expect(rounded).toEqual([1]);
    const { offset, scale } = standardize(Array.from({ length: 100_000 }, (_, i) => [i % 2 ? 1 + 1e-9 : 1 - 1e-9]));
    // Each number has an error of up to ε/2 itself.
    expect(Math.abs((offset[0] as number) - 1)).toBeLessThanOrEqual(Number.EPSILON);
    expect(Math.abs((scale[0] as number) - 1e-9)).toBeLessThanOrEqual(Number.EPSILON);
  });

  describe('ignore NaN where asked', () => {
    const gaps = [
      [1, Number.NaN, 5],
      [Number.NaN, 2, 5],
      [3, 4, Number.NaN],
    ];

    test('as if it was not there, and leave it', () => {
      expect(standardize(gaps, { ignoreNaN: true })).toEqual({ offset: [2, 3, 5], scale: [1, 1, 1] });
      expect(standardize(gaps.flat(), { features: 3, ignoreNaN: true })).toEqual(standardize(gaps, { ignoreNaN: true }));
      const scaling = minMax(gaps, { ignoreNaN: true });
      expect(scaling).toEqual({ offset: [1, 2, 5], scale: [2, 2, 1] });
      expect(transform(scaling, gaps)).toEqual([
        [0, Number.NaN, 0],
        [Number.NaN, 0, 0],
        [1, 1, Number.NaN],
      ]);
    });

    test.each<[string, () => unknown, string]>([
      ['nothing else', () => standardize([[1], [Number.POSITIVE_INFINITY]], { ignoreNaN: true }), 'standardize: feature 0 of row 1 is Infinity'],
      ['a feature of gaps', () => minMax([[1, Number.NaN]], { ignoreNaN: true }), 'minMax: feature 1 is NaN in all 1 rows, expected a number in one'],
      ['another word', () => standardize(gaps, { ignoreNaN: 1 as never }), 'standardize: ignoreNaN is 1, expected true or false'],
      ['another option', () => standardize(gaps, { range: 1 } as never), 'standardize: there is no option "range", expected features, ignoreNaN'],
    ])('%s is refused', (_, call, message) => {
      expect(call).toThrow(message);
    });
  });

  test('neither overflows nor underflows where the result does not', () => {
    expect(standardize([[-1e308], [1e308]])).toEqual({ offset: [0], scale: [1e308] });
    expect(standardize([[-1e-200], [1e-200]])).toEqual({ offset: [0], scale: [1e-200] });
    expect(minMax([[-1e-200], [1e-200]])).toEqual({ offset: [-1e-200], scale: [2e-200] });
  });
});
