import { ShapeError, ValueError } from '../errors.js';
import { describe, isNested, isNumericArray, type Returned, type Values } from '../values.js';

/**
 * How features are brought to a common scale: feature j becomes (x − offset[j]) / scale[j]. Plain JSON, so that it can travel with the
 * model, in `metadata`.
 */
export interface Scaling {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

/** The columns of values: reads element j of row i. @throws where they are no rows of `width` finite numbers */
function columns(call: string, x: Values, width?: number): { rows: number; width: number; at: (i: number, j: number) => number } {
  const nested = isNested(x);
  if (!nested && !isNumericArray(x) && !Array.isArray(x)) throw new ValueError(`${call}: x is ${describe(x)}, expected rows of numbers`);
  const found = nested ? (x[0] as readonly number[]).length : width;
  if (found === undefined) throw new ShapeError(`${call}: x is flat, expected a list of rows, or the number of features as the second argument`);
  const rows = nested ? x.length : x.length / found;
  if (!(Number.isInteger(found) && found > 0 && Number.isInteger(rows) && rows > 0 && (width ?? found) === found)) {
    throw new ShapeError(`${call}: x is ${describe(x)}, expected rows of ${width ?? 'at least one'} numbers`);
  }
  if (nested) {
    const odd = x.findIndex((row) => row.length !== found);
    if (odd >= 0) throw new ShapeError(`${call}: row ${odd} of x has ${x[odd]?.length} numbers, expected ${found}`);
  }
  const at = (i: number, j: number) => (nested ? (x[i] as readonly number[])[j] : x[i * found + j]) as number;
  return { rows, width: found, at };
}

/** Offset and scale of each column, as `of` finds them from all of its values. */
function fitColumns(call: string, x: Values, features: number | undefined, of: (column: Float64Array) => [offset: number, scale: number]): Scaling {
  const { rows, width, at } = columns(call, x, features);
  const pairs = Array.from({ length: width }, (_, j) => {
    const column = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const value = at(i, j);
      if (!Number.isFinite(value)) throw new ValueError(`${call}: feature ${j} of row ${i} is ${describe(value)}, expected a finite number`);
      column[i] = value;
    }
    return of(column);
  });
  return { offset: pairs.map(([offset]) => offset), scale: pairs.map(([, scale]) => scale) };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The scaling under which each feature of x has mean 0 and variance 1: offset is its mean, scale its standard deviation, √(Σ (x − mean)² / rows).
 * A feature that never changes has scale 1. Fit it on the training data alone, and `transform` everything else by it.
 *
 * @param features how many a row has, where x is flat
 */
export function standardize(x: Values, features?: number): Scaling {
  return fitColumns('standardize', x, features, (column) => {
    const offset = mean(column);
    return [offset, Math.sqrt(mean(column.map((value) => (value - offset) * (value - offset)))) || 1];
  });
}

/**
 * The scaling that takes each feature of x to a range: its least value to low, its greatest to high. A feature that never changes goes to low.
 *
 * @param options.range [low, high]. Default [0, 1]
 * @param options.features how many a row has, where x is flat
 */
export function minMax(x: Values, options: { readonly range?: readonly [low: number, high: number]; readonly features?: number } = {}): Scaling {
  const { range = [0, 1], features } = options;
  const [low, high] = range;
  if (!(Number.isFinite(low) && low < high && Number.isFinite(high))) {
    throw new ValueError(`minMax: range is [${range}], expected two finite numbers, the lower one first`);
  }
  return fitColumns('minMax', x, features, (column) => {
    const extent = (pick: (a: number, b: number) => number) => column.reduce((a, b) => pick(a, b));
    const least = extent(Math.min);
    const scale = (extent(Math.max) - least) / (high - low) || 1;
    return [least - low * scale, scale];
  });
}

function apply<X extends Values>(
  call: string,
  { offset, scale }: Scaling,
  x: X,
  of: (value: number, offset: number, scale: number) => number,
): Returned<X> {
  for (const [name, list] of Object.entries({ offset, scale })) {
    if (!(Array.isArray(list) && list.length === offset.length && list.every(Number.isFinite))) {
      throw new ValueError(`${call}: the scaling's ${name} is ${describe(list)}, expected a number for each feature, as standardize and minMax give`);
    }
  }
  const { rows, width, at } = columns(call, x, offset.length);
  const value = (i: number, j: number) => of(at(i, j), offset[j] as number, scale[j] as number);
  if (isNested(x)) return Array.from({ length: rows }, (_, i) => Array.from({ length: width }, (_, j) => value(i, j))) as Returned<X>;
  const flat = isNumericArray(x) ? new Float32Array(x.length) : new Array<number>(x.length);
  for (let k = 0; k < flat.length; k++) flat[k] = value(Math.floor(k / width), k % width);
  return flat as Returned<X>;
}

/** Rows scaled: (x − offset) / scale. The result has the form `predict` would give for x. */
export function transform<X extends Values>(scaling: Scaling, x: X): Returned<X> {
  return apply('transform', scaling, x, (value, offset, scale) => (value - offset) / scale);
}

/** Rows back on their own scale, x·scale + offset: predictions of targets that were scaled. */
export function inverseTransform<X extends Values>(scaling: Scaling, x: X): Returned<X> {
  return apply('inverseTransform', scaling, x, (value, offset, scale) => value * scale + offset);
}
