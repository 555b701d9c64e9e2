import { isNumericArray } from '../arguments/arrays.js';
import { count, describe, hasFields, isList } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { Returned, Values } from '../arguments/values.js';
import { ShapeError, ValueError } from '../errors.js';
import { minMaxColumn, standardizeColumn } from './columnScaling.js';
import { isNested } from './values.js';

/**
 * The scaling of features: feature j becomes (x − offset[j]) / scale[j]. Plain JSON, so that it can be saved with the model, in `metadata`.
 */
export interface Scaling {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

/** Reads values by row and column. @throws ShapeError or ValueError unless they are rows of `width` numbers */
function columns(call: string, x: Values, width?: number): { rows: number; width: number; at: (i: number, j: number) => number } {
  if (!isNumericArray(x) && !isList(x)) throw new ValueError(`${call}: x is ${describe(x)}, expected rows of numbers`);
  const nested = isNested(x);
  if (nested) {
    // By index, so that a hole is found too.
    for (let i = 0; i < x.length; i++) {
      const row: unknown = x[i];
      if (!isList(row) && !isNumericArray(row)) throw new ValueError(`${call}: row ${i} of x is ${describe(row)}, expected a row of numbers`);
    }
  }
  const found = nested ? (x[0] as readonly number[]).length : width;
  if (found === undefined) throw new ShapeError(`${call}: x is flat, expected a list of rows, or the number of features`);
  const rows = nested ? x.length : x.length / found;
  if (!(Number.isInteger(found) && found > 0 && Number.isInteger(rows) && rows > 0 && (width ?? found) === found)) {
    throw new ShapeError(`${call}: x is ${describe(x)}, expected rows of ${width === undefined ? 'at least one' : describe(width)} numbers`);
  }
  if (nested) {
    const odd = x.findIndex((row) => row.length !== found);
    if (odd >= 0) throw new ShapeError(`${call}: row ${odd} of x has ${count(x[odd]?.length as number, 'number')}, expected ${found}`);
  }
  const at = (i: number, j: number) => {
    const value = nested ? (x[i] as readonly number[])[j] : x[i * found + j];
    if (typeof value !== 'number') throw new ValueError(`${call}: feature ${j} of row ${i} is ${describe(value)}, expected a finite number`);
    return value;
  };
  return { rows, width: found, at };
}

/** Options of `standardize`. */
export interface StandardizeOptions {
  /** Features per row, where x is flat. */
  readonly features?: number;
  /** Whether NaN stands for a gap, which counts nowhere. `transform` leaves it NaN. Default false: NaN is refused. */
  readonly ignoreNaN?: boolean;
}

/** Options of `minMax`. */
export interface MinMaxOptions extends StandardizeOptions {
  /** [low, high]. Default [0, 1]. */
  readonly range?: readonly [low: number, high: number];
}

/** Computes offset and scale of each column by `of`, from all of its values. */
function fitColumns(
  call: string,
  x: Values,
  { features, ignoreNaN = false }: StandardizeOptions,
  of: (what: string, column: Float64Array) => [offset: number, scale: number],
): Scaling {
  checkFlag(call, 'ignoreNaN', ignoreNaN);
  const { rows, width, at } = columns(call, x, features);
  const pairs = Array.from({ length: width }, (_, j) => {
    const column = new Float64Array(rows);
    let n = 0;
    for (let i = 0; i < rows; i++) {
      const value = at(i, j);
      if (ignoreNaN && Number.isNaN(value)) continue;
      if (!Number.isFinite(value)) throw new ValueError(`${call}: feature ${j} of row ${i} is ${describe(value)}, expected a finite number`);
      column[n++] = value;
    }
    if (n === 0) throw new ValueError(`${call}: feature ${j} is NaN in all ${rows} rows, expected a number in one of them`);
    return of(`feature ${j}`, column.subarray(0, n));
  });
  return { offset: pairs.map(([offset]) => offset), scale: pairs.map(([, scale]) => scale) };
}

/**
 * Computes the scaling that gives each feature of x mean 0 and variance 1. The offset is its mean, the scale its standard deviation,
 * √(Σ (x − mean)² / rows). A constant feature has scale 1; constant is a deviation of at most 2⁻⁵² of the mean, as in scikit-learn.
 * Compute it from the training data alone, and `transform` all other data by it.
 *
 * @param options features per row, where x is flat; or an object with these and `ignoreNaN`
 */
export function standardize(x: Values, options: number | StandardizeOptions = {}): Scaling {
  const read = typeof options === 'number' ? { features: options } : checkOptions('standardize', options, ['features', 'ignoreNaN']);
  return fitColumns('standardize', x, read, (what, column) => standardizeColumn('standardize', what, column));
}

/**
 * Computes the scaling of each feature of x to a range: its least value becomes low, its greatest high. A constant feature becomes low.
 *
 * @param options.range [low, high]. Default [0, 1]
 * @param options.features features per row, where x is flat
 * @param options.ignoreNaN whether NaN stands for a gap, which counts nowhere. Default false
 */
export function minMax(x: Values, options: MinMaxOptions = {}): Scaling {
  const { range = [0, 1], ...read } = checkOptions('minMax', options, ['range', 'features', 'ignoreNaN'], {}, 'options', {
    'low high': 'pass range: [low, high]',
    featurerange: 'use range',
  });
  const list: readonly unknown[] = isList(range) ? Array.from(range) : [];
  const [low, high] = list as readonly [number, number];
  if (!(list.length === 2 && Number.isFinite(low) && Number.isFinite(high) && low < high && Number.isFinite(high - low))) {
    const shown = isList(range) ? `[${list.map(describe).join(', ')}]` : describe(range);
    throw new ValueError(`minMax: range is ${shown}, expected two finite numbers, the lower one first`);
  }
  return fitColumns('minMax', x, read, (what, column) => minMaxColumn('minMax', what, column, low, high));
}

function apply<X extends Values>(call: string, scaling: Scaling, x: X, of: (value: number, offset: number, scale: number) => number): Returned<X> {
  if (!hasFields(scaling)) throw new ValueError(`${call}: the scaling is ${describe(scaling)}, expected what standardize() or minMax() gave`);
  const { offset, scale } = checkOptions(call, scaling, ['offset', 'scale'], {}, 'the scaling');
  for (const [name, list] of Object.entries({ offset, scale })) {
    if (!(isList(list) && list.length === offset.length && Array.from(list).every(Number.isFinite))) {
      throw new ValueError(`${call}: the scaling's ${name} is ${describe(list)}, expected a number for each feature, as standardize and minMax give`);
    }
  }
  const zero = scale.indexOf(0);
  if (zero >= 0) throw new ValueError(`${call}: the scaling's scale of feature ${zero} is 0, expected another number`);
  const { rows, width, at } = columns(call, x, offset.length);
  const value = (i: number, j: number) => of(at(i, j), offset[j] as number, scale[j] as number);
  if (isNested(x)) return Array.from({ length: rows }, (_, i) => Array.from({ length: width }, (_, j) => value(i, j))) as Returned<X>;
  const flat = isNumericArray(x) ? new Float32Array(x.length) : new Array<number>(x.length);
  for (let k = 0; k < flat.length; k++) flat[k] = value(Math.floor(k / width), k % width);
  return flat as Returned<X>;
}

/** Scales rows: (x − offset) / scale. The result has the form that `predict` returns for x. */
export function transform<X extends Values>(scaling: Scaling, x: X): Returned<X> {
  return apply('transform', scaling, x, (value, offset, scale) => (value - offset) / scale);
}

/** Undoes `transform`: x·scale + offset. For predictions of targets that were scaled. */
export function inverseTransform<X extends Values>(scaling: Scaling, x: X): Returned<X> {
  return apply('inverseTransform', scaling, x, (value, offset, scale) => value * scale + offset);
}
