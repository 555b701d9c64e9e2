import {
  allocateArray,
  bufferOf,
  byteOffsetOf,
  type Floats,
  isNumericArray,
  KINDS,
  kindOf,
  lengthOf,
  type NumericArray,
  stretch,
  type Words,
} from '../arguments/arrays.js';
import { count, describe, isList } from '../arguments/describe.js';
import type { Values } from '../arguments/values.js';
import { isLinear } from '../core/linear.js';
import { ShapeError, ValueError } from '../errors.js';

/** The form of a caller's numbers: a typed array, a flat list, or a list of rows. Results have the same form. */
export type Form = 'typed' | 'flat' | 'rows';

/** Rows that were read. Reading may run code of the caller's (getters, proxies); using the result runs none. */
export interface Read {
  readonly rows: number;
  readonly form: Form;
  /** The numbers, row by row: a copy in float64, so that an error can name a number too large for float32; or the caller's typed array, if stable. */
  readonly values: NumericArray;
}

/** Engines store typed arrays up to this long inside their object. Asking for their buffer would cost more than a prediction. */
const ON_HEAP = 16;

/** Whether growing memory or another thread may change the array while it is in use. */
function isUnstable(values: NumericArray): boolean {
  if (!((kindOf(values) as string) in KINDS)) return true;
  if (byteOffsetOf(values) === 0 && lengthOf(values) <= ON_HEAP) return false;
  const buffer = bufferOf(values);
  return isLinear(buffer) || isShared(buffer);
}

/** Whether two buffers may be one memory: several SharedArrayBuffers may be. Nothing is allocated for buffers of this realm. */
export function isSame(a: ArrayBufferLike, b: ArrayBufferLike): boolean {
  return a === b || (!(a instanceof ArrayBuffer) && isShared(a) && isShared(b));
}

function isShared(buffer: ArrayBufferLike): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';
}

/** Copies to a typed array of a plain kind. */
export function copyOf(values: NumericArray): NumericArray {
  return kindOf(values)?.startsWith('Uint8') ? new Uint8Array(values) : kindOf(values) === 'Float64Array' ? new Float64Array(values) : exact(values);
}

/** Copies without rounding: a double holds every element that is not a float32. */
function exact(values: NumericArray): NumericArray {
  return kindOf(values) === 'Float32Array' ? new Float32Array(values) : new Float64Array(values);
}

/** Checks the length of a caller's list. A proxy may return anything. */
function checkLength(call: string, what: string, length: unknown): number {
  if (!(Number.isSafeInteger(length) && (length as number) >= 0)) {
    throw new ValueError(`${call}: the length of ${what} is ${describe(length)}, expected a whole number`);
  }
  return length as number;
}

/**
 * Reads rows of `width` numbers. Each element is read once, so the checked value is the value used.
 *
 * @param what the name of the values in an error
 * @throws ShapeError unless they are whole rows; ValueError for an element that is not a number
 */
export function readRows(call: string, what: string, value: unknown, width: number): Read {
  if (isNumericArray(value)) {
    const rows = wholeRows(call, what, lengthOf(value), width);
    return { rows, form: 'typed', values: isUnstable(value) ? copyOf(value) : value };
  }
  if (!isList(value)) {
    throw new ValueError(`${call}: ${what} is ${describe(value)}, expected a typed array, an array of numbers, or an array of rows`);
  }
  const length = checkLength(call, what, value.length);
  const first: unknown = length > 0 ? value[0] : 0;
  if (typeof first === 'number') {
    const rows = wholeRows(call, what, length, width);
    const values = allocateArray(`${call}: ${what}`, length, Float64Array);
    for (let i = 0; i < length; i++) values[i] = numberOf(call, what, i === 0 ? first : value[i], i);
    return { rows, form: 'flat', values };
  }
  const values = allocateArray(`${call}: ${what}`, length * width, Float64Array);
  for (let i = 0; i < length; i++) readRow(call, what, i === 0 ? first : value[i], i, width, values);
  return { rows: length, form: 'rows', values };
}

/** A number for each of n parameters, copied. @throws what `readEachParameter` throws */
export function readPerParameter(call: string, what: string, values: unknown, n: number): Floats {
  return new Float32Array(readEachParameter(call, what, values, n).values);
}

/** A number for each of n parameters, as one row. @throws ShapeError unless there are as many; ValueError for what is no number */
export function readEachParameter(call: string, what: string, values: unknown, n: number): Read {
  const found = isNumericArray(values) ? lengthOf(values) : isList(values) ? values.length : undefined;
  if (found === undefined) throw new ValueError(`${call}: ${what} is ${describe(values)}, expected ${n} numbers, one for each parameter`);
  if (found !== n) throw new ShapeError(`${call}: ${what} has ${count(found, 'number')}, expected ${n}, one for each parameter`);
  return readRows(call, what, values, n);
}

/** What makes a number of a text, a name or a boolean that came in its place. */
export function remedyOf(value: unknown): string {
  if (typeof value !== 'boolean' && typeof value !== 'string') return '';
  return Number.isNaN(Number(value)) ? '; names.indexOf(name) makes one of a name' : '; Number(value) makes one of it';
}

function wholeRows(call: string, what: string, length: number, width: number): number {
  if (length > 0 && length % width === 0) return length / width;
  const whose = what.startsWith('x') ? ", the input's features" : what.startsWith('y') ? ", the output's features" : '';
  const remedy = length === 0 ? `expected rows of ${width}` : `expected a multiple of ${width}${whose}`;
  throw new ShapeError(`${call}: ${what} has ${count(length, 'number')}, ${remedy}`);
}

function numberOf(call: string, what: string, value: unknown, i: number): number {
  if (typeof value !== 'number') throw new ValueError(`${call}: element ${i} of ${what} is ${describe(value)}, expected a number${remedyOf(value)}`);
  return value;
}

/** Reads row i of a list of rows to its place in `values`. */
function readRow(call: string, what: string, row: unknown, i: number, width: number, values: Float64Array): void {
  const at = i * width;
  if (isNumericArray(row)) {
    checkWidth(call, what, i, lengthOf(row), width);
    for (let j = 0; j < width; j++) values[at + j] = row[j] as number;
    return;
  }
  if (!isList(row)) {
    const expected = i === 0 ? `a number, or a row of ${width}` : `a row of ${count(width, 'number')}`;
    throw new ValueError(`${call}: ${what}[${i}] is ${describe(row)}, expected ${expected}${remedyOf(row)}`);
  }
  const length = checkLength(call, `row ${i} of ${what}`, row.length);
  const first: unknown = length > 0 ? row[0] : undefined;
  if (isList(first)) {
    throw new ShapeError(`${call}: row ${i} of ${what} is a list of lists, expected ${count(width, 'number')}; flatten it with flat()`);
  }
  checkWidth(call, what, i, length, width);
  for (let j = 0; j < width; j++) values[at + j] = numberOf(call, `row ${i} of ${what}`, j === 0 ? first : row[j], j);
}

function checkWidth(call: string, what: string, i: number, length: number, width: number): void {
  if (length !== width) throw new ShapeError(`${call}: row ${i} of ${what} has ${count(length, 'number')}, expected ${width}`);
}

/**
 * Reads class ids, one per row. A row that is left out, as its weight is 0, may have any; it gets the first class.
 * @throws ValueError for an id that is not a whole number from 0 to classes − 1; ShapeError unless there are `rows`
 */
export function readClassIds(
  call: string,
  what: string,
  value: unknown,
  rows: number,
  classes: number,
  isLeftOut: (row: number) => boolean = () => false,
): Words {
  const list = typeof value === 'number' ? [value] : (value as ArrayLike<unknown>);
  const length = isNumericArray(value) ? lengthOf(value) : checkLength(call, what, list.length);
  if (length !== rows)
    throw new ShapeError(`${call}: ${what} has ${count(length, 'class id')} and x has ${count(rows, 'row')}, expected the same number`);
  const ids = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    const id = list[i];
    if (isLeftOut(i)) continue;
    if (!(Number.isInteger(id) && (id as number) >= 0 && (id as number) < classes)) {
      const remedy = id === classes ? ': classes count from 0, one for each output' : '';
      throw new ValueError(`${call}: ${what}[${i}] is ${describe(id)}, expected a class id from 0 to ${classes - 1}${remedy}`);
    }
    ids[i] = id as number;
  }
  return ids;
}

/**
 * Checks that a typed array of the caller's still has its rows, after all is read and before it is used.
 * @throws ValueError where reading other data detached or shrank it
 */
export function checkUnchanged(call: string, what: string, { rows, values }: Read, width: number): void {
  const length = lengthOf(values);
  if (length < rows * width) throw new ValueError(`${call}: ${what} had ${rows * width} numbers and now has ${length}, expected the same length`);
}

/** Whether a value is a list of rows. */
export function isNested(value: Values): value is readonly (readonly number[])[] {
  return isList(value) && value.length > 0 && typeof value[0] !== 'number';
}

/** Up to this many numbers, a loop copies faster than two views. */
export const SHORT = 64;

/** Copies rows `from` … `to` − 1 to memory at index `at`. */
export function copyIn({ values }: Read, width: number, from: number, to: number, memory: Float32Array, at: number): void {
  const n = (to - from) * width;
  if (n <= SHORT) for (let i = 0; i < n; i++) memory[at + i] = values[from * width + i] as number;
  else if (n === lengthOf(values)) memory.set(values, at);
  else memory.set(stretch(values, from * width, n), at);
}
