/** Tables with gaps and categories, against values worked out by hand. */
import { type Column, dense, encode, load, save, sequential, type Table, tabular } from 'neurite';
import { describe, expect, expectTypeOf, test } from 'vitest';

const rows = [
  { mass: 1, island: 'Dream', age: 3, extra: true },
  { mass: null, island: 'Biscoe', age: 1 },
  { mass: 3, island: null, age: Number.NaN },
  { mass: 8, island: 'Dream' },
];

/** The features of `mass` alone, each row of which has one. */
const masses = (column: Column) => encode(tabular(rows, { mass: column }), rows).map(([value]) => value);

describe('numbers', () => {
  test.each<[string, Column, number[]]>([
    ['the mean of those there are', { as: 'number', impute: 'mean', scale: 'none' }, [1, 4, 3, 8]],
    ['their median', { as: 'number', impute: 'median', scale: 'none' }, [1, 3, 3, 8]],
    ['a constant', { as: 'number', impute: -1, scale: 'none' }, [1, -1, 3, 8]],
    ['to [0, 1]', { as: 'number', impute: 'median', scale: 'minMax' }, [0, 2 / 7, 2 / 7, 1]],
    ['to mean 0 and variance 1', { as: 'number', impute: 'mean' }, [-3, 0, -1, 4].map((d) => d / Math.sqrt(26 / 3))],
  ])('%s', (_, column, expected) => {
    expect(masses(column)).toEqual(expected.map((value) => expect.closeTo(value, 14)));
  });

  test('a median of an even number of rows, and a mean that would overflow', () => {
    const table = tabular([[1], [4], [null]], [{ as: 'number', impute: 'median', scale: 'none' }]);
    expect(encode(table, [[null]])).toEqual([[2.5]]);
    expect(encode(tabular([[1e308], [1.5e308], [null]], [{ as: 'number', impute: 'mean', scale: 'none' }]), [[null]])).toEqual([[1.25e308]]);
  });

  test('an indicator says where the gaps were', () => {
    const table = tabular(rows, { mass: { as: 'number', impute: 0, indicator: true, scale: 'none' } });
    expect(table.features).toEqual(['mass', 'mass is missing']);
    expect(encode(table, rows)).toEqual([
      [1, 0],
      [0, 1],
      [3, 0],
      [8, 0],
    ]);
  });
});

describe('categories', () => {
  const one = (as: 'oneHot' | 'ordinal', more: object, cells: readonly unknown[]) => {
    const table = tabular(
      [['b'], ['a'], [10], [2], ['b']].map(([cell]) => ({ c: cell })),
      { c: { as, ...more } },
    );
    return encode(
      table,
      cells.map((c) => ({ c })),
    );
  };

  test('are ordered, numbers first; 2 and "2" are two', () => {
    expect(one('ordinal', {}, [2, 10, 'a', 'b'])).toEqual([[0], [1], [2], [3]]);
    expect(one('oneHot', {}, [2, 'b'])).toEqual([
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
    expect(() => one('ordinal', {}, ['2'])).toThrow('encode: row 0, column "c" is "2", expected 2, 10, "a", "b"');
  });

  test('others by choice: an error, zeros, a feature or ordinal of their own', () => {
    expect(() => one('oneHot', {}, ['a', 'z'])).toThrow('encode: row 1, column "c" is "z", expected 2, 10, "a", "b"; unknown: \'own\' says');
    expect(one('oneHot', { unknown: 'ignore' }, ['z'])).toEqual([[0, 0, 0, 0]]);
    expect(one('oneHot', { unknown: 'own' }, ['z', 2])).toEqual([
      [0, 0, 0, 0, 1],
      [1, 0, 0, 0, 0],
    ]);
    expect(one('ordinal', { unknown: 'own' }, ['z'])).toEqual([[4]]);
  });

  test('gaps by choice: an error, zeros, their own, or a category', () => {
    expect(() => one('oneHot', {}, [null])).toThrow('encode: row 0, column "c" is a gap, expected a category; missing: \'own\' or impute');
    expect(one('oneHot', { missing: 'ignore' }, [undefined])).toEqual([[0, 0, 0, 0]]);
    expect(one('oneHot', { unknown: 'own', missing: 'own' }, ['z', Number.NaN])).toEqual([
      [0, 0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0, 1],
    ]);
    expect(one('ordinal', { unknown: 'own', missing: 'own' }, [null])).toEqual([[5]]);
    expect(one('ordinal', { missing: 'own' }, [null])).toEqual([[4]]);
    expect(one('ordinal', { impute: 'b' }, [null])).toEqual([[3]]);
    // A category that stands for gaps is one when the training rows have a gap.
    expect(tabular([{ c: 'x' }, { c: null }], { c: { as: 'oneHot', impute: 'none' } }).features).toEqual(['c is none', 'c is x']);
  });

  test('in a given order', () => {
    expect(one('ordinal', { categories: ['b', 'a'], unknown: 'own' }, ['b', 'a', 2])).toEqual([[0], [1], [2]]);
    expect(() => one('ordinal', { categories: ['b', 'a'] }, ['b'])).toThrow('tabular: row 2, column "c" is 10, expected "b", "a"');
  });
});

describe('a table', () => {
  const table = tabular(rows, { age: { as: 'number', impute: 0, scale: 'none' }, island: { as: 'oneHot', missing: 'own' } });

  test('has its features in the order of the columns, and leaves out the others', () => {
    expect(table.features).toEqual(['age', 'island is Biscoe', 'island is Dream', 'island is missing']);
    expect(encode(table, rows)).toEqual([
      [3, 0, 1, 0],
      [1, 1, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ]);
    expectTypeOf(encode(table, rows)).toEqualTypeOf<number[][]>();
  });

  test('of a single row, and of none', () => {
    expect(encode(table, { island: 'Dream', age: 7 })).toEqual([7, 0, 1, 0]);
    expectTypeOf(encode(table, { island: 'Dream' })).toEqualTypeOf<number[]>();
    expect(encode(table, [])).toEqual([]);
  });

  test('of lists, of which a column is left out', () => {
    const lists = [
      [1, 'unused', 'a'],
      [3, null, 'b'],
    ];
    const fitted = tabular(lists, [{ as: 'number', scale: 'minMax' }, undefined, 'oneHot']);
    expect(encode(fitted, lists)).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ]);
    expect(encode(fitted, [2, 5, 'a'])).toEqual([0.5, 1, 0]);
    expect(encode(tabular([Float32Array.of(1, 2), Float32Array.of(3, 4)], ['number', null]), Float32Array.of(2, 9))).toEqual([0]);
  });

  test('reads own fields alone', () => {
    expect(() => encode(tabular([{ constructor: 'a' }], { constructor: 'oneHot' }), {})).toThrow('row 0, column "constructor" is a gap');
  });

  test('is plain JSON and travels with the saved model', () => {
    const net = sequential(4, [dense(2, 'softmax')], { seed: 1 });
    net.metadata = { table };
    const loaded = load(save(net));
    const again = loaded.metadata.table as Table;
    expect(again).toEqual(table);
    expect(JSON.parse(JSON.stringify(table))).toEqual(table);
    const x = encode(table, rows);
    expect(loaded.predict(encode(again, rows))).toEqual(net.predict(x));
  });

  test('types know the columns', () => {
    // @ts-expect-error there is no such column
    expect(() => tabular(rows, { mas: 'number' })).toThrow('tabular: no row has a column "mas", expected one of its columns; did you mean "mass"?');
  });
});

describe('bad input', () => {
  const any = (value: unknown) => value as never;
  const number = (cell: unknown) => () => tabular([{ a: 1 }, { a: cell }], { a: any({ as: 'number', impute: 0 }) });
  const column = (given: unknown) => () => tabular([{ a: 1 }], { a: any(given) });
  const fitted = tabular([{ a: 1, b: 'x' }], { a: 'number', b: 'oneHot' });
  const [numbers, categories] = fitted.columns;
  const table = (given: unknown) => () => encode(any(given), [{ a: 1, b: 'x' }]);

  test.each<[string, () => unknown, string]>([
    ['a text for a number', number('abc'), 'tabular: row 1, column "a" is "abc", expected a finite number or a gap (null, undefined or NaN)'],
    [
      'a number as text',
      number(' 17.5'),
      'is " 17.5", expected a finite number or a gap (null, undefined or NaN); make it a number before, as Number(value)',
    ],
    ['an empty text', number(''), 'is "", expected a finite number or a gap (null, undefined or NaN); an empty text is no gap, make it null'],
    ['infinity', number(Number.POSITIVE_INFINITY), 'tabular: row 1, column "a" is Infinity, expected a finite number'],
    ['a gap', () => tabular(rows, { mass: 'number' }), 'tabular: row 1, column "mass" is a gap, expected a number, or impute: \'mean\''],
    ['gaps alone', () => tabular([{ a: null }], { a: any({ as: 'number', impute: 0 }) }), 'tabular: column "a" is a gap in all 1 rows'],
    ['a truth for a category', () => tabular([{ a: any(true) }], { a: 'oneHot' }), 'tabular: row 0, column "a" is true, expected a category'],
    ['categories of gaps', () => tabular([{ a: null }], { a: any({ as: 'oneHot', missing: 'own' }) }), 'tabular: categories of column "a" is empty'],
    ['no rows', () => tabular([], any({})), 'tabular: rows is an array of 0, expected at least one row'],
    ['no columns', () => tabular(rows, {}), 'tabular: columns says nothing of any column'],
    ['null for columns', () => tabular(rows, any(null)), 'tabular: columns is null, expected an object'],
    ['a number for a row', () => tabular(any([{ a: 1 }, 3]), any({ a: 'number' })), 'tabular: row 1 is 3, expected objects'],
    ['a list among objects', () => tabular(any([{ a: 1 }, [3]]), any({ a: 'number' })), 'tabular: row 1 is an array of 1, expected objects'],
    ['a short row', () => tabular(any([[1, 2], [3]]), any(['number', 'number'])), 'tabular: row 1 has 1 cell, expected 2'],
    ['no table', () => tabular(any('abc'), any({ a: 'number' })), 'tabular: rows is "abc", expected a list of objects'],
    ['another kind', column('hot'), "tabular: column \"a\" is \"hot\", expected 'number', 'oneHot', 'ordinal'"],
    ['no kind', column({ impute: 1 }), 'tabular: as of column "a" is undefined, expected \'number\''],
    ['null for a kind', column({ as: null }), 'tabular: as of column "a" is null, expected \'number\''],
    ['another imputation', column({ as: 'number', impute: 'mode' }), 'tabular: impute of column "a" is "mode", expected \'mean\', \'median\' or a'],
    ['another scale', column({ as: 'number', scale: 2 }), "tabular: scale of column \"a\" is 2, expected 'standardize', 'minMax', 'none'"],
    ['another option', column({ as: 'number', unknown: 'own' }), 'tabular: there is no option "unknown", expected as, impute, indicator, scale'],
    ['zeros for an ordinal', column({ as: 'ordinal', unknown: 'ignore' }), 'tabular: unknown of column "a" is "ignore", expected \'error\', \'own\''],
    [
      'a category twice',
      column({ as: 'oneHot', categories: [1, 2, 1] }),
      'tabular: categories of column "a"[2] is 1, as categories of column "a"[0]',
    ],
    ['a range beyond float64', () => tabular([{ a: -1e308 }, { a: 1e308 }], { a: any({ as: 'number', scale: 'minMax' }) }), 'column "a" has a range'],
    ['a missing field', () => encode(fitted, [{ a: 1, b: 'x' }, { b: 'x' }]), 'encode: row 1, column "a" is a gap, expected a number; the table was'],
    ['null for a table', table(null), 'encode: the table is null, expected what tabular() gave'],
    ['a table without columns', table({}), "encode: the table's columns is undefined, expected a list"],
    ['a column without a kind', table({ columns: [{}] }), "encode: as of the table's column 0 is undefined"],
    ['a column without a name', table({ columns: [{ ...numbers, column: 1 }] }), "encode: column of the table's column 0 is 1, expected the name"],
    ['a scale of 0', table({ columns: [{ ...numbers, scale: 0 }] }), "encode: scale of the table's column 0 is 0, expected another number"],
    ['no offset', table({ columns: [{ ...numbers, offset: null }] }), "encode: offset of the table's column 0 is null, expected a finite number"],
    ['no categories', table({ columns: [{ ...categories, categories: {} }] }), "encode: categories of the table's column 0 is an object without"],
    ['cells that are none', table({ ...fitted, cells: 0 }), "encode: the table's cells is 0, expected a whole number > 0"],
  ])('%s is refused', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('a getter or a trap that throws is a typed error', () => {
    const trap = {
      get a(): number {
        throw new Error('no');
      },
    };
    expect(() => tabular([trap], { a: 'number' })).toThrow('tabular: row 0, column "a" cannot be read');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => tabular([proxy as { a: number }], { a: 'number' })).toThrow('tabular: row 0');
    expect(() => tabular(rows, proxy)).toThrow('tabular: columns is a revoked proxy');
  });
});
