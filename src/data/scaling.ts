import { isNumericArray } from '../arguments/arrays.js';
import { describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Returned, Values } from '../arguments/values.js';
import { ShapeError, ValueError } from '../errors.js';
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
    if (odd >= 0) throw new ShapeError(`${call}: row ${odd} of x has ${x[odd]?.length} numbers, expected ${found}`);
  }
  const at = (i: number, j: number) => {
    const value = nested ? (x[i] as readonly number[])[j] : x[i * found + j];
    if (typeof value !== 'number') throw new ValueError(`${call}: feature ${j} of row ${i} is ${describe(value)}, expected a finite number`);
    return value;
  };
  return { rows, width: found, at };
}

/** Computes offset and scale of each column by `of`, from all of its values. */
function fitColumns(
  call: string,
  x: Values,
  features: number | undefined,
  of: (column: Float64Array, j: number) => [offset: number, scale: number],
): Scaling {
  const { rows, width, at } = columns(call, x, features);
  const pairs = Array.from({ length: width }, (_, j) => {
    const column = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const value = at(i, j);
      if (!Number.isFinite(value)) throw new ValueError(`${call}: feature ${j} of row ${i} is ${describe(value)}, expected a finite number`);
      column[i] = value;
    }
    return of(column, j);
  });
  return { offset: pairs.map(([offset]) => offset), scale: pairs.map(([, scale]) => scale) };
}

/** The mean, and the variance about it, corrected for the rounding of the mean (Chan, Golub & LeVeque 1983, eq. 1.7). */
function moments(values: Float64Array): { mean: number; variance: number } {
  const n = values.length;
  const average = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0) / n;
  const first = average((value) => value);
  const mean = first + average((value) => value - first);
  const off = average((value) => value - mean);
  return { mean, variance: Math.max(0, average((value) => (value - mean) * (value - mean)) - off * off) };
}

/** The largest magnitude as a power of two. Dividing by it is exact, and prevents over- and underflow. */
function magnitude(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return 2 ** Math.max(-1022, Math.min(1023, Math.floor(Math.log2(largest))));
}

/** @throws ValueError where float64 cannot hold the scaling of a feature */
function checkHeld(call: string, j: number, offset: number, scale: number): [offset: number, scale: number] {
  if (Number.isFinite(offset) && Number.isFinite(scale) && scale > 0) return [offset, scale];
  throw new ValueError(`${call}: feature ${j} has a range too large or too small for a float64 scale; multiply it by a constant first`);
}

/**
 * Computes the scaling that gives each feature of x mean 0 and variance 1. The offset is its mean, the scale its standard deviation,
 * √(Σ (x − mean)² / rows). A constant feature has scale 1; constant is a deviation of at most 2⁻⁵² of the mean, as in scikit-learn.
 * Compute it from the training data alone, and `transform` all other data by it.
 *
 * @param features features per row, where x is flat
 */
export function standardize(x: Values, features?: number): Scaling {
  return fitColumns('standardize', x, features, (column, j) => {
    const first = column[0] as number;
    if (column.every((value) => value === first)) return [first, 1];
    const unit = magnitude(column);
    const { mean, variance } = moments(column.map((value) => value / unit));
    const deviation = Math.sqrt(variance);
    if (deviation <= Number.EPSILON * Math.abs(mean)) return [mean * unit, 1];
    return checkHeld('standardize', j, mean * unit, deviation * unit);
  });
}

/**
 * Computes the scaling of each feature of x to a range: its least value becomes low, its greatest high. A constant feature becomes low.
 *
 * @param options.range [low, high]. Default [0, 1]
 * @param options.features features per row, where x is flat
 */
export function minMax(x: Values, options: { readonly range?: readonly [low: number, high: number]; readonly features?: number } = {}): Scaling {
  const { range = [0, 1], features } = checkOptions('minMax', options, ['range', 'features']);
  const list: readonly unknown[] = isList(range) ? Array.from(range) : [];
  const [low, high] = list as readonly [number, number];
  if (!(list.length === 2 && Number.isFinite(low) && Number.isFinite(high) && low < high && Number.isFinite(high - low))) {
    const shown = isList(range) ? `[${list.map(describe).join(', ')}]` : describe(range);
    throw new ValueError(`minMax: range is ${shown}, expected two finite numbers, the lower one first`);
  }
  return fitColumns('minMax', x, features, (column, j) => {
    const extent = (pick: (a: number, b: number) => number) => column.reduce((a, b) => pick(a, b));
    const least = extent(Math.min);
    const greatest = extent(Math.max);
    const scale = least === greatest ? 1 : (greatest - least) / (high - low);
    return checkHeld('minMax', j, least - low * scale, scale);
  });
}

function apply<X extends Values>(call: string, scaling: Scaling, x: X, of: (value: number, offset: number, scale: number) => number): Returned<X> {
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
