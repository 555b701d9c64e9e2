import { DataType } from '../../assembly/opcodes.js';
import type { Core } from '../core/core.js';
import type { Range } from '../decisions.js';
import type { Columns, TargetShape } from '../engine.js';
import { ShapeError, ValueError } from '../errors.js';
import {
  type AnyTargets,
  type ClassIds,
  checkOptions,
  copyClassIds,
  copyRows,
  count,
  countRows,
  describe,
  isNested,
  isNumericArray,
  type Targets,
  type Values,
} from '../values.js';

/** Inputs and targets, row by row. */
export interface DatasetLiteral<T extends AnyTargets = Values> {
  /** Inputs: `[rows × features]`; a list of such, where the network has several inputs. Bytes stay bytes in memory. */
  readonly x: Values | readonly Values[];
  /** Targets: class ids, one a row, or values as wide as the output; a list of such, where the network has several losses. */
  readonly y: T;
  /**
   * Each input element becomes x·scale + offset when `fit` or `evaluate` reads it. Default 1: bytes are not scaled unless this says so. It belongs to
   * the data, not to the network: `predict` and `classify` take numbers as they are, so scale them alike there.
   */
  readonly scale?: number;
  /** Default 0. */
  readonly offset?: number;
  /** Bytes that may be uploaded; larger data stay where they are and are copied in as they are needed, to the same result. Default 512 MiB. */
  readonly budget?: number;
}

/** One column block of a data set, as it lies in memory. */
export interface Column {
  readonly address: number;
  readonly type: DataType;
}

/** A data set as a network reads it: checked, in columns, its rows counted. */
export interface CheckedData {
  readonly rows: number;
  readonly xs: readonly Values[];
  readonly ys: readonly Targets[];
  /** For each target, whether it is class ids. */
  readonly classes: readonly boolean[];
}

/** A data set on a core: its columns, inputs first. Its memory goes back when it is no longer wanted and nobody reads it. */
export interface Uploaded extends CheckedData {
  /** Of inputs and outputs. */
  readonly widths: readonly number[];
  readonly columns: readonly Column[];
  /** How many runs are reading it. */
  readers: number;
  wanted: boolean;
}

const BUDGET = 512 * 2 ** 20;

/**
 * A data set that can be used again and again: checked once, uploaded once per core, on first use.
 * `dispose()` gives its memory back; a forgotten one is collected.
 */
export class Dataset {
  readonly scale: number;
  readonly offset: number;
  readonly budget: number;
  readonly #literal: DatasetLiteral<AnyTargets>;
  readonly #uploads = new Map<Core, Uploaded>();
  /** The columns for which data that are not uploaded were found to be numbers. */
  readonly #checked = new Set<string>();

  /** @param call whom an error names */
  constructor(literal: DatasetLiteral<AnyTargets>, call = 'dataset') {
    if (typeof literal !== 'object' || literal === null || literal.x === undefined || literal.y === undefined) {
      throw new ValueError(`${call}: got ${describe(literal)}, expected { x, y } with inputs and targets`);
    }
    const { x, y, scale = 1, offset = 0, budget = BUDGET } = checkOptions(call, literal, ['x', 'y', 'scale', 'offset', 'budget'], {}, 'the data');
    for (const [name, value] of Object.entries({ scale, offset })) {
      if (!Number.isFinite(value)) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a finite number`);
    }
    if (!(typeof budget === 'number' && budget >= 0)) throw new ValueError(`${call}: budget is ${describe(budget)}, expected a number of bytes ≥ 0`);
    this.#literal = { x, y };
    this.scale = scale;
    this.offset = offset;
    this.budget = budget;
  }

  /** The data as a network reads them. @throws ShapeError when they don't fit its inputs and outputs */
  check(call: string, { inputs, targets }: Columns): CheckedData {
    const xs = asList<Values>(call, 'x', this.#literal.x, inputs.length, 'input');
    const ys = asList<Targets>(call, 'y', this.#literal.y, targets.length, 'loss');
    const checked = checkRows(call, xs, ys, { inputs, targets });
    targets.forEach(({ width, reach }, i) => {
      const what = columnName('y', i, ys.length);
      if (reach) checkWithin(call, what, ys[i] as Values, checked.rows, width, reach, "all that the output's activation reaches");
    });
    return checked;
  }

  /** The data on a core, or undefined where they are beyond the budget. Nothing is kept when something is wrong with them. */
  upload(call: string, core: Core, expected: Columns): Uploaded | undefined {
    const checked = this.check(call, expected);
    const widths = [...expected.inputs, ...expected.targets.map(({ width }) => width)];
    const known = this.#uploads.get(core);
    // Class ids were checked against the width of the output they were uploaded for.
    if (known && known.classes.join() === checked.classes.join() && known.widths.join() === widths.join()) return known;
    const { rows, xs, ys, classes } = checked;
    const bytes =
      xs.reduce((sum, x, i) => sum + rows * (expected.inputs[i] as number) * (isBytes(x) ? 1 : 4), 0) +
      classes.reduce((sum, ids, i) => sum + rows * 4 * (ids ? 1 : (expected.targets[i] as TargetShape).width), 0);
    if (bytes > this.budget) return undefined;
    const columns: Column[] = [];
    try {
      xs.forEach((x, i) => columns.push(uploadValues(call, columnName('x', i, xs.length), core, x, rows, expected.inputs[i] as number)));
      ys.forEach((y, i) => {
        const { width } = expected.targets[i] as TargetShape;
        const what = columnName('y', i, ys.length);
        columns.push(classes[i] ? uploadIds(call, what, core, y as ClassIds, rows, width) : uploadValues(call, what, core, y as Values, rows, width));
      });
    } catch (error) {
      for (const { address } of columns) core.free(address);
      throw error;
    }
    const uploaded: Uploaded = { ...checked, widths, columns, readers: 0, wanted: true };
    if (known) release(core, known);
    else forgotten?.register(this, { core, uploads: this.#uploads }, this);
    this.#uploads.set(core, uploaded);
    return uploaded;
  }

  /** Runs a check of data that are not uploaded, once for each kind of network. */
  checkOnce(expected: Columns, check: () => void): void {
    const key = JSON.stringify(expected);
    if (this.#checked.has(key)) return;
    check();
    this.#checked.add(key);
  }

  /** Gives the memory on every core back, as soon as no `fit` reads it. The handle stays usable: it uploads again when used again. */
  dispose(): void {
    for (const [core, uploaded] of this.#uploads) release(core, uploaded);
    this.#uploads.clear();
    forgotten?.unregister(this);
  }

  get [Symbol.toStringTag](): string {
    return 'Dataset';
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function release(core: Core, uploaded: Uploaded): void {
  uploaded.wanted = false;
  if (uploaded.readers === 0) for (const { address } of uploaded.columns) core.free(address);
}

/** A run that has read the data to its end. */
export function endReading(core: Core, uploaded: Uploaded): void {
  uploaded.readers--;
  if (!uploaded.wanted) release(core, uploaded);
}

const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<{ core: Core; uploads: Map<Core, Uploaded> }>(({ core, uploads }) => {
        const uploaded = uploads.get(core);
        if (uploaded) release(core, uploaded);
      });

/** How an error calls column i of several. */
export function columnName(what: 'x' | 'y', i: number, of: number): string {
  return of === 1 ? what : `${what}[${i}]`;
}

/** What is passed for several inputs or losses, as a list; for one, as it is. @throws ShapeError when it is no list of that length */
export function asList<T>(call: string, what: string, value: unknown, length: number, each: string): readonly T[] {
  if (length === 1) return [value as T];
  if (!Array.isArray(value) || value.length !== length) {
    throw new ShapeError(`${call}: ${what} is ${describe(value)}, expected a list of ${length}, one for each ${each} of the network`);
  }
  return value as T[];
}

/** Counts the rows of inputs and targets and tells class ids from values. @throws ShapeError when they don't fit each other or the network */
export function checkRows(call: string, xs: readonly Values[], ys: readonly Targets[], { inputs, targets }: Columns): CheckedData {
  const counts = xs.map((x, i) => countRows(call, columnName('x', i, xs.length), x, inputs[i] as number));
  const rows = counts[0] as number;
  const odd = counts.findIndex((n) => n !== rows);
  if (odd >= 0) throw new ShapeError(`${call}: ${columnName('x', odd, xs.length)} has ${counts[odd]} rows and x[0] has ${rows}, expected as many`);
  const classes = ys.map((y, i) => readTargets(call, columnName('y', i, ys.length), y, rows, targets[i] as TargetShape));
  return { rows, xs, ys, classes };
}

function isBytes(values: Values): boolean {
  return Object.prototype.toString.call(values).includes('Uint8');
}

/** Whether targets are class ids; checks that they fit the rows and the output either way. */
function readTargets(call: string, what: string, y: Targets, rows: number, { width, classes, unit }: TargetShape): boolean {
  if (typeof y === 'number') {
    if (classes && rows === 1) return true;
    throw new ShapeError(`${call}: ${what} is the number ${y}, expected ${classes ? `${rows} class ids, or ` : ''}${rows} × ${width} values`);
  }
  const flat = isNumericArray(y) || (Array.isArray(y) && (y.length === 0 || typeof y[0] === 'number'));
  if (flat && (y as readonly number[]).length !== rows * width) {
    if (classes && (y as readonly number[]).length === rows) return true;
    const ids = classes ? `${count(rows, 'class id')}, or ` : '';
    throw new ShapeError(
      `${call}: ${what} has ${(y as readonly number[]).length} numbers for ${count(rows, 'row')} of x, expected ${ids}${rows} × ${width} values`,
    );
  }
  const [first] = Array.isArray(y) ? (y as readonly unknown[]) : [];
  if (classes && typeof first !== 'object' && !flat && Array.isArray(y)) {
    throw new ValueError(`${call}: ${what}[0] is ${describe(first)}, expected a class id from 0 to ${width - 1}, or a row of ${width} probabilities`);
  }
  if (classes && Array.isArray(first) && first.length === 1) {
    throw new ShapeError(`${call}: row 0 of ${what} has 1 number, expected ${width} probabilities; class ids are passed flat, with flat()`);
  }
  const found = countRows(call, what, y as Values, width);
  if (found !== rows) throw new ShapeError(`${call}: ${what} has ${found} rows and x has ${rows}, expected as many`);
  if (unit) checkWithin(call, what, y as Values, rows, width, [0, 1], 'as binaryCrossEntropy takes');
  if (classes) checkProbabilities(call, what, y as Values, rows, width);
  return false;
}

/** @throws ValueError for a number outside a range; NaN is found with what else is not finite */
function checkWithin(call: string, what: string, y: Values, rows: number, width: number, [low, high]: Range, why: string): void {
  const nested = isNested(y);
  for (let i = 0; i < rows; i++) {
    const row = nested ? (y[i] as readonly number[]) : y;
    const from = nested ? 0 : i * width;
    for (let j = 0; j < width; j++) {
      const value = row[from + j] as number;
      if (value < low || value > high) {
        const expected = low === high ? `${low}` : `a number from ${low} to ${high}`;
        throw new ValueError(`${call}: ${what}[row ${i}, feature ${j}] is ${value}, expected ${expected}, ${why}`);
      }
    }
  }
}

/** How far the probabilities of a row may be from a sum of 1: what rounding to three or four digits leaves. */
const PROBABILITY_SLACK = 1e-3;

/** @throws ValueError where a row is no distribution over the classes */
function checkProbabilities(call: string, what: string, y: Values, rows: number, width: number): void {
  const nested = isNested(y);
  for (let i = 0; i < rows; i++) {
    const row = nested ? (y[i] as readonly number[]) : y;
    const from = nested ? 0 : i * width;
    let sum = 0;
    for (let j = from; j < from + width; j++) {
      const value = row[j] as number;
      if (value < 0) throw new ValueError(`${call}: ${what}[row ${i}, class ${j - from}] is ${value}, expected a probability from 0 to 1`);
      sum += value;
    }
    if (!(Math.abs(sum - 1) <= PROBABILITY_SLACK)) {
      const shown = Number.isFinite(sum) ? Number(sum.toPrecision(6)) : sum;
      throw new ValueError(`${call}: row ${i} of ${what} sums to ${shown}, expected probabilities that sum to 1, or class ids, one a row`);
    }
  }
}

/**
 * Checks that the `rows` × `width` floats at `address` are finite: those of `values` from row `first` on.
 * @throws ValueError naming the first that is not, by its row and feature
 */
export function checkFinite(
  call: string,
  what: string,
  values: Values,
  first: number,
  core: Core,
  address: number,
  rows: number,
  width: number,
): void {
  const at = core.exports.firstNonFinite(address, rows * width);
  if (at < 0) return;
  const row = first + Math.floor(at / width);
  const feature = at % width;
  const value = isNested(values) ? values[row]?.[feature] : values[row * width + feature];
  const large = Number.isFinite(value) ? ', too large for float32' : '';
  throw new ValueError(`${call}: ${what}[row ${row}, feature ${feature}] is ${value}${large}, expected finite numbers`);
}

function uploadValues(call: string, what: string, core: Core, values: Values, rows: number, width: number): Column {
  const n = rows * width;
  const bytes = isBytes(values);
  const address = core.allocate(Math.max(4, bytes ? n : n * 4), `${call}: ${what}, ${rows} × ${width}`);
  try {
    if (bytes) {
      core.u8.set(values as Uint8Array, address);
    } else {
      copyRows(call, what, values, width, 0, rows, core.f32, address >>> 2);
      checkFinite(call, what, values, 0, core, address, rows, width);
    }
  } catch (error) {
    core.free(address);
    throw error;
  }
  return { address, type: bytes ? DataType.Uint8 : DataType.Float32 };
}

function uploadIds(call: string, what: string, core: Core, ids: ClassIds, rows: number, classes: number): Column {
  const address = core.allocate(rows * 4, `${call}: ${what}, ${rows} class ids`);
  try {
    copyClassIds(call, what, ids, 0, rows, classes, core.u32, address >>> 2);
  } catch (error) {
    core.free(address);
    throw error;
  }
  return { address, type: DataType.Uint32 };
}

/**
 * A reusable handle on data: `fit` and `evaluate` take it, or the same literal.
 * @throws ValueError when x or y is missing or scale or offset is not finite
 */
export function dataset(literal: DatasetLiteral<AnyTargets>): Dataset {
  return new Dataset(literal);
}
