/** What a column of a table becomes: what callers ask for, and what was fitted. */
import { describe, fieldOf } from '../../arguments/describe.js';
import { checkOptions } from '../../arguments/options.js';
import { ValueError } from '../../errors.js';
import { meanOfColumn, medianOfColumn, minMaxColumn, standardizeColumn } from '../columnScaling.js';
import { type ColumnName, categoryAt, copyOf, isCategory, numberAt, placeOf, type Rows } from './rows.js';

/** A column of numbers, which becomes one feature, (x − offset) / scale. */
export interface NumberColumn {
  readonly as: 'number';
  /** What stands for a gap: the mean or the median of the numbers there are, or a constant, before it is scaled. Default: a gap is an error. */
  readonly impute?: 'mean' | 'median' | number;
  /** A feature besides that is 1 for a gap and else 0. Default false. */
  readonly indicator?: boolean;
  /**
   * How it is scaled, computed from the numbers there are: to mean 0 and variance 1, to [0, 1], or not at all. Default `'standardize'`, with which a gap
   * that is imputed by the mean becomes 0.
   */
  readonly scale?: 'standardize' | 'minMax' | 'none';
}

/** What becomes of a category that was not fitted, or of a gap: an error, all zeros (of `oneHot` only), or a feature or ordinal of its own. */
export type Otherwise = 'error' | 'ignore' | 'own';

/** A column of categories, strings or numbers. `1` and `'1'` are two. */
export interface CategoryColumn {
  /** `oneHot`: a feature for each category, 1 for its own. `ordinal`: one feature, the index of the category, such as an `embedding` takes. */
  readonly as: 'oneHot' | 'ordinal';
  /** The categories in their order. Default: all that occur, numbers first, in ascending order. */
  readonly categories?: readonly (string | number)[];
  /** What becomes of another category. Default `'error'`. Its own feature or ordinal comes after the categories. */
  readonly unknown?: Otherwise;
  /** What becomes of a gap. Default `'error'`. Its own feature or ordinal is the last. */
  readonly missing?: Otherwise;
  /** The category that stands for a gap. Default none; then `missing` says what becomes of it. */
  readonly impute?: string | number;
}

/** What becomes of a column: a description, or its `as` alone. */
export type Column = NumberColumn | CategoryColumn | 'number' | 'oneHot' | 'ordinal';

/** A fitted column of numbers. */
export interface FittedNumber {
  readonly as: 'number';
  readonly column: ColumnName;
  readonly impute?: number;
  readonly indicator: boolean;
  readonly offset: number;
  readonly scale: number;
}

/** A fitted column of categories. */
export interface FittedCategories {
  readonly as: 'oneHot' | 'ordinal';
  readonly column: ColumnName;
  readonly categories: readonly (string | number)[];
  readonly unknown: Otherwise;
  readonly missing: Otherwise;
  readonly impute?: string | number;
}

export type FittedColumn = FittedNumber | FittedCategories;

function oneOf<T extends string>(call: string, what: string, value: unknown, known: readonly T[]): T {
  if (!known.includes(value as T)) {
    throw new ValueError(`${call}: ${what} is ${describe(value)}, expected ${known.map((one) => `'${one}'`).join(', ')}`);
  }
  return value as T;
}

function checkBoolean(call: string, what: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new ValueError(`${call}: ${what} is ${describe(value)}, expected true or false`);
  return value;
}

/** @throws ValueError for `'ignore'` where there are no zeros to give */
function otherwise(call: string, what: string, value: unknown, as: 'oneHot' | 'ordinal'): Otherwise {
  return oneOf(call, what, value, as === 'oneHot' ? ['error', 'ignore', 'own'] : ['error', 'own']);
}

/** Copies a list of distinct categories. */
function checkCategories(call: string, what: string, given: unknown): (string | number)[] {
  const list = copyOf(call, what, given, 'a list of strings and numbers');
  list.forEach((one, i) => {
    if (!isCategory(one)) throw new ValueError(`${call}: ${what}[${i}] is ${describe(one)}, expected a string or a finite number`);
    if (list.indexOf(one) < i)
      throw new ValueError(`${call}: ${what}[${i}] is ${describe(one)}, as ${what}[${list.indexOf(one)}], expected each once`);
  });
  if (list.length === 0) throw new ValueError(`${call}: ${what} is empty, expected a category`);
  return list as (string | number)[];
}

function kindOf(call: string, what: string, value: unknown): FittedColumn['as'] {
  return oneOf(call, what, value, ['number', 'oneHot', 'ordinal']);
}

/** Fits a column to the rows of a table. */
export function fitColumn(call: string, rows: Rows, column: ColumnName, given: unknown): FittedColumn {
  const name = `column ${describe(column)}`;
  if (typeof given === 'string') return fitColumn(call, rows, column, { as: kindOf(call, name, given) });
  const as = kindOf(call, `as of ${name}`, fieldOf(given, 'as'));
  return as === 'number' ? fitNumber(call, rows, column, given as NumberColumn) : fitCategories(call, rows, column, as, given as CategoryColumn);
}

function fitNumber(call: string, rows: Rows, column: ColumnName, given: NumberColumn): FittedNumber {
  const name = `column ${describe(column)}`;
  const { impute, indicator = false, scale: scaling = 'standardize' } = checkOptions(call, given, ['as', 'impute', 'indicator', 'scale'], {}, name);
  checkBoolean(call, `indicator of ${name}`, indicator);
  oneOf(call, `scale of ${name}`, scaling, ['standardize', 'minMax', 'none']);
  if (typeof impute === 'number' ? !Number.isFinite(impute) : impute !== undefined && impute !== 'mean' && impute !== 'median')
    throw new ValueError(`${call}: impute of ${name} is ${describe(impute)}, expected 'mean', 'median' or a finite number`);
  const values = new Float64Array(rows.length);
  let n = 0;
  for (let i = 0; i < rows.length; i++) {
    const value = numberAt(call, rows, i, column);
    if (value !== undefined) values[n++] = value;
    else if (impute === undefined) throw new ValueError(`${call}: ${placeOf(i, column)} is a gap, expected a number, or impute: 'mean'`);
  }
  if (n === 0) throw new ValueError(`${call}: ${name} is a gap in all ${rows.length} rows, expected a number in one of them`);
  const present = values.subarray(0, n);
  const fill = impute === 'mean' ? meanOfColumn(present) : impute === 'median' ? medianOfColumn(present) : impute;
  const [offset, scale] =
    scaling === 'none' ? [0, 1] : scaling === 'minMax' ? minMaxColumn(call, name, present, 0, 1) : standardizeColumn(call, name, present);
  return { as: 'number', column, ...(fill !== undefined && { impute: fill }), indicator, offset, scale };
}

function fitCategories(call: string, rows: Rows, column: ColumnName, as: 'oneHot' | 'ordinal', given: CategoryColumn): FittedCategories {
  const name = `column ${describe(column)}`;
  const read = checkOptions(call, given, ['as', 'categories', 'unknown', 'missing', 'impute'], {}, name);
  const { impute, unknown = 'error', missing = 'error' } = read;
  otherwise(call, `unknown of ${name}`, unknown, as);
  otherwise(call, `missing of ${name}`, missing, as);
  if (impute !== undefined && !isCategory(impute))
    throw new ValueError(`${call}: impute of ${name} is ${describe(impute)}, expected a category, a string or a finite number`);
  const found = new Set<string | number>();
  for (let i = 0; i < rows.length; i++) {
    const category = categoryAt(call, rows, i, column) ?? impute;
    if (category !== undefined) found.add(category);
  }
  const sorted = [...found].sort((a, b) => {
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
    return a < b ? -1 : 1;
  });
  const categories =
    read.categories === undefined && sorted.length > 0 ? sorted : checkCategories(call, `categories of ${name}`, read.categories ?? sorted);
  const fitted = { as, column, categories, unknown, missing, ...(impute !== undefined && { impute }) };
  // What encoding these rows would refuse is refused now.
  const encoder = encoderOf(fitted);
  const scratch = new Array<number>(encoder.names.length);
  for (let i = 0; i < rows.length; i++) encoder.write(call, rows, i, scratch, 0);
  return fitted;
}

/** Reads a fitted column that may come from a file. */
export function readFitted(call: string, given: unknown, i: number, isColumn: (column: unknown) => boolean): FittedColumn {
  const name = `the table's column ${i}`;
  const as = kindOf(call, `as of ${name}`, fieldOf(given, 'as'));
  const column = checkName(call, name, fieldOf(given, 'column'), isColumn);
  if (as === 'number') {
    const { impute, indicator, offset, scale } = checkOptions(
      call,
      given as FittedNumber,
      ['as', 'column', 'impute', 'indicator', 'offset', 'scale'],
      {},
      name,
    );
    checkBoolean(call, `indicator of ${name}`, indicator);
    for (const [field, value] of Object.entries({ offset, scale, impute: impute ?? 0 })) {
      if (!Number.isFinite(value)) throw new ValueError(`${call}: ${field} of ${name} is ${describe(value)}, expected a finite number`);
    }
    if (scale === 0) throw new ValueError(`${call}: scale of ${name} is 0, expected another number`);
    return { as, column, ...(impute !== undefined && { impute }), indicator, offset, scale };
  }
  const read = checkOptions(call, given as FittedCategories, ['as', 'column', 'categories', 'unknown', 'missing', 'impute'], {}, name);
  const { impute } = read;
  if (impute !== undefined && !isCategory(impute))
    throw new ValueError(`${call}: impute of ${name} is ${describe(impute)}, expected a string or a finite number`);
  return {
    as,
    column,
    categories: checkCategories(call, `categories of ${name}`, read.categories),
    unknown: otherwise(call, `unknown of ${name}`, read.unknown, as),
    missing: otherwise(call, `missing of ${name}`, read.missing, as),
    ...(impute !== undefined && { impute }),
  };
}

function checkName(call: string, name: string, column: unknown, isColumn: (column: unknown) => boolean): ColumnName {
  if (!isColumn(column)) throw new ValueError(`${call}: column of ${name} is ${describe(column)}, expected the name or place of one`);
  return column as ColumnName;
}

/** Writes the features of one column. */
export interface Encoder {
  /** Of the features. */
  readonly names: readonly string[];
  /** Writes those of row i, from `at` on. @throws ValueError naming row and column */
  write(call: string, rows: Rows, i: number, to: number[], at: number): void;
}

export function encoderOf(fitted: FittedColumn): Encoder {
  return fitted.as === 'number' ? numberEncoder(fitted) : categoryEncoder(fitted);
}

function numberEncoder({ column, impute, indicator, offset, scale }: FittedNumber): Encoder {
  return {
    names: indicator ? [String(column), `${column} is missing`] : [String(column)],
    write(call, rows, i, to, at) {
      const found = numberAt(call, rows, i, column);
      const value = found ?? impute;
      if (value === undefined)
        throw new ValueError(`${call}: ${placeOf(i, column)} is a gap, expected a number; the table was fitted without impute`);
      to[at] = (value - offset) / scale;
      if (indicator) to[at + 1] = Number(found === undefined);
    },
  };
}

function categoryEncoder({ as, column, categories, unknown, missing, impute }: FittedCategories): Encoder {
  const places = new Map(categories.map((category, k) => [category, k]));
  const names = categories.map((category) => `${column} is ${category}`);
  if (unknown === 'own') names.push(`${column} is unknown`);
  if (missing === 'own') names.push(`${column} is missing`);
  /** The place of a cell; undefined for all zeros. */
  const placeIn = (call: string, rows: Rows, i: number): number | undefined => {
    const category = categoryAt(call, rows, i, column) ?? impute;
    if (category === undefined) {
      if (missing === 'error')
        throw new ValueError(`${call}: ${placeOf(i, column)} is a gap, expected a category; missing: 'own' or impute say what becomes of one`);
      return missing === 'own' ? names.length - 1 : undefined;
    }
    const place = places.get(category);
    if (place !== undefined || unknown === 'ignore') return place;
    if (unknown === 'own') return categories.length;
    const listed = `${categories.slice(0, 5).map(describe).join(', ')}${categories.length > 5 ? `, … (${categories.length})` : ''}`;
    throw new ValueError(`${call}: ${placeOf(i, column)} is ${describe(category)}, expected ${listed}; unknown: 'own' says what becomes of others`);
  };
  if (as === 'ordinal') {
    return {
      names: [String(column)],
      write(call, rows, i, to, at) {
        to[at] = placeIn(call, rows, i) as number;
      },
    };
  }
  return {
    names,
    write(call, rows, i, to, at) {
      const place = placeIn(call, rows, i);
      for (let k = 0; k < names.length; k++) to[at + k] = Number(k === place);
    },
  };
}
