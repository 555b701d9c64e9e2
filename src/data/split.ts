import { isNumericArray } from '../arguments/arrays.js';
import { count, describe, fieldOf, isList } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { Targets, Values } from '../arguments/values.js';
import { automaticBuild, coreOf } from '../core/core.js';
import { ShapeError, ValueError } from '../errors.js';
import type { DatasetLiteral } from './dataset.js';
import { isNested } from './values.js';

/** The stream of the seed for splits; neither parameters nor shuffles use it. */
const SPLIT_STREAM = 0x80000000;

/** A data set of one input and one target; x may be rows of a table too, as `tabular` takes them. Other fields of the literal (`scale`, …) are copied to both parts. */
export type SplitLiteral = Omit<DatasetLiteral<Exclude<Targets, number>>, 'x' | 'weight'> & {
  readonly x: Values | readonly object[];
  readonly weight?: Values;
};

/** Options of a split. */
export interface SplitOptions {
  /** Seed of the order in which rows are drawn. Default 0. */
  readonly seed?: number;
  /**
   * Whether each part has the classes in the same proportions, to within a row. y must be class ids, one-hot rows, or rows of labels 0 and 1,
   * whose sets are then balanced. Default false. */
  readonly stratify?: boolean;
  /** The number of rows. Default: the length of x or y as a list of rows; needed where both are flat. */
  readonly rows?: number;
}

/** What scikit-learn and others call options of splits. */
const REMEDIES = { testsize: 'use fraction', trainsize: 'validation gets fraction of the rows', 'nsplits k': 'use folds' };

const OPTIONS = ['seed', 'stratify', 'rows'];

/** Two parts of a data set. Rows keep their order. */
export interface Split<D> {
  readonly training: D;
  readonly validation: D;
}

/**
 * Splits a data set: holds back a part of its rows for validation, drawn without replacement.
 *
 * @param options.fraction the share of rows for validation, to the nearest row. Default 0.2
 * @throws ValueError when a part would be empty, or `stratify` finds no classes
 */
export function trainValidationSplit<D extends SplitLiteral>(data: D, options: SplitOptions & { readonly fraction?: number } = {}): Split<D> {
  const call = 'trainValidationSplit';
  const known = readData(call, data);
  const { fraction = 0.2, ...rest } = checkOptions(call, options, ['fraction', ...OPTIONS], {}, 'options', REMEDIES);
  if (!(typeof fraction === 'number' && fraction > 0 && fraction < 1))
    throw new ValueError(`${call}: fraction is ${describe(fraction)}, expected a number between 0 and 1`);
  const order = drawOrder(call, known, rest);
  const held = Math.round(order.length * fraction);
  if (held === 0 || held === order.length) {
    throw new ValueError(`${call}: a fraction of ${fraction} is ${held} of ${order.length} rows, expected rows in both parts`);
  }
  return part(known, order, (place) => Math.round((place + 1) * fraction) > Math.round(place * fraction));
}

/**
 * Makes the splits of a k-fold cross-validation. Each row is in the validation part of one of them.
 *
 * @param options.folds the number of splits. Default 5
 * @throws ValueError for fewer rows than folds
 */
export function kFold<D extends SplitLiteral>(data: D, options: SplitOptions & { readonly folds?: number } = {}): Split<D>[] {
  const known = readData('kFold', data);
  const { folds = 5, ...rest } = checkOptions('kFold', options, ['folds', ...OPTIONS], {}, 'options', REMEDIES);
  const order = drawOrder('kFold', known, rest);
  if (!(Number.isInteger(folds) && folds > 1 && folds <= order.length)) {
    throw new ValueError(`kFold: folds is ${describe(folds)}, expected a whole number from 2 to ${order.length}, the rows`);
  }
  return Array.from({ length: folds }, (_, fold) => part(known, order, (place) => place % folds === fold));
}

/** Reads each field of the data once. @throws ValueError for a field that data sets do not have */
function readData<D extends SplitLiteral>(call: string, data: D): D {
  if (typeof data !== 'object' || data === null || fieldOf(data, 'x') === undefined || fieldOf(data, 'y') === undefined)
    throw new ValueError(`${call}: got ${describe(data)}, expected { x, y } with inputs and targets`);
  return checkOptions(call, data, ['x', 'y', 'weight', 'scale', 'offset', 'targetScale', 'targetOffset', 'budget'], {}, 'the data');
}

/** @throws ValueError naming the first element of a list that is neither a number nor a row of numbers */
function checkRowsOf(call: string, name: string, list: unknown): void {
  if (isFlat(list) || !isList(list)) return;
  const value: readonly unknown[] = list;
  // The cells of a table become numbers later.
  const isCell = (v: unknown) => typeof v === 'number' || (name === 'x' && (typeof v !== 'object' || v === null));
  const isRead = (row: unknown) => isNumericArray(row) || (isList(row) ? row.every(isCell) : name === 'x' && isRow(row));
  const odd = value.findIndex((row) => !isRead(row) && typeof row !== 'number');
  if (odd < 0) return;
  const row: unknown = value[odd];
  const at = isList(row) ? row.findIndex((v) => !isCell(v)) : -1;
  const [what, found] = at < 0 ? [`${name}[${odd}]`, row] : [`element ${at} of row ${odd} of ${name}`, (row as unknown[])[at]];
  throw new ValueError(
    `${call}: ${what} is ${describe(found)}, expected a number; leave out rows with missing values, and turn labels into class ids`,
  );
}

/** Draws the order in which the parts take rows. With `stratify`, class by class, each class in a random order. */
function drawOrder(call: string, { x, y: given, weight }: SplitLiteral, options: SplitOptions): Uint32Array {
  const y = given === 'x' ? (x as Values) : given;
  const { seed = 0, stratify = false, rows = countOf(x, isRow) ?? countOf(y) } = options;
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new ValueError(`${call}: seed is ${describe(seed)}, expected a whole number from 0 to 4294967295`);
  }
  checkFlag(call, 'stratify', stratify);
  if (rows === undefined) {
    const length = (values: unknown) => (isFlat(values) ? count(values.length, 'number') : describe(values));
    throw new ShapeError(
      `${call}: x is ${length(x)} and y is ${length(y)}, which does not determine the number of rows; pass { rows }, or x or y as a list of rows`,
    );
  }
  if (!(Number.isInteger(rows) && rows > 0)) throw new ValueError(`${call}: rows is ${describe(rows)}, expected a whole number > 0`);
  for (const [name, value] of Object.entries({ x, y, ...(weight !== undefined && { weight }) })) {
    checkRowsOf(call, name, value);
    const listed = countOf(value, name === 'x' ? isRow : isFlat);
    const length = listed ?? (isFlat(value) ? value.length : Number.NaN);
    if (!(length > 0 && (listed === undefined ? length % rows === 0 : length === rows))) {
      throw new ShapeError(`${call}: ${name} is ${describe(value)}, which is not ${rows} rows`);
    }
  }
  const { exports, u32, at, free } = drawn(rows, call);
  exports.permutation(at, rows, seed, SPLIT_STREAM);
  const order = u32.slice(at >>> 2, (at >>> 2) + rows);
  free();
  if (!stratify) return order;
  const classes = classesOf(call, y, rows);
  return order.sort((a, b) => (classes[a] as number) - (classes[b] as number));
}

function drawn(rows: number, call: string) {
  const core = coreOf(automaticBuild());
  const at = core.allocate(rows * 4, `${call}: the order of ${rows} rows`);
  return { exports: core.exports, u32: core.u32, at, free: () => core.free(at) };
}

function isFlat(values: unknown): values is readonly number[] {
  return isNumericArray(values) || (isList(values) && typeof values[0] === 'number');
}

/** Whether a value may be a row of a table: an object or a list. */
function isRow(row: unknown): boolean {
  return typeof row === 'object' && row !== null;
}

/** The number of rows of a list of rows; undefined for anything else. */
function countOf(values: unknown, isOne: (row: unknown) => boolean = isFlat): number | undefined {
  if (!isNested(values as Values)) return undefined;
  const rows = values as readonly unknown[];
  // By index, so that a hole is found too.
  for (let i = 0; i < rows.length; i++) if (!isOne(rows[i])) return undefined;
  return rows.length;
}

/** Most difference of a row's sum of probabilities from 1. */
const PROBABILITY_SLACK = 1e-3;

/**
 * The class of each row: its id; the index of its largest probability; or, for independent labels of 0 and 1, the set of labels it has.
 */
function classesOf(call: string, y: Targets, rows: number): ArrayLike<number> {
  const nested = isNested(y as Values);
  const list = y as readonly number[] | readonly (readonly number[])[];
  const width = nested ? ((list[0] as readonly number[]).length ?? 0) : list.length / rows;
  const sets = new Map<string, number>();
  return Array.from({ length: rows }, (_, i) => {
    const row = Array.from((nested ? list[i] : (list as readonly number[]).slice(i * width, (i + 1) * width)) as readonly number[]);
    if (row.length === 1 && Number.isInteger(row[0])) return row[0] as number;
    if (row.length > 1 && row.every((t) => t >= 0) && Math.abs(row.reduce((sum, t) => sum + t, 0) - 1) <= PROBABILITY_SLACK)
      return row.indexOf(Math.max(...row));
    if (row.length > 1 && row.every((t) => t === 0 || t === 1)) {
      // Number sets from `width` on, after the classes of rows with one label.
      const key = row.join('');
      if (!sets.has(key)) sets.set(key, width + sets.size);
      return sets.get(key) as number;
    }
    const what =
      row.length === 1 ? `y[${i}] = ${describe(row[0])}` : `y[${i}] = [${row.slice(0, 5).map(describe).join(', ')}${row.length > 5 ? ', …' : ''}]`;
    throw new ValueError(`${call}: stratify found ${what}, expected class ids, rows of probabilities, or rows of labels 0 and 1`);
  });
}

function part<D extends SplitLiteral>(data: D, order: Uint32Array, isHeld: (place: number) => boolean): Split<D> {
  const held = new Uint8Array(order.length);
  order.forEach((row, place) => {
    held[row] = isHeld(place) ? 1 : 0;
  });
  const { x, y, weight } = data;
  const take = (flag: number): D => ({
    ...data,
    x: rowsWhere(x as Values, held, flag),
    y: y === 'x' ? y : rowsWhere(y, held, flag),
    ...(weight !== undefined && { weight: rowsWhere(weight, held, flag) }),
  });
  return { training: take(0), validation: take(1) };
}

/** The rows with a flag, in an array of the same kind. */
function rowsWhere<V extends Targets>(values: V, held: Uint8Array, flag: number): V {
  const list = values as unknown as readonly number[];
  const width = list.length / held.length;
  return list.filter((_, i) => held[Math.floor(i / width)] === flag) as unknown as V;
}
