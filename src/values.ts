import { NeuriteError, ShapeError, ValueError } from './errors.js';
import { remedyFor } from './foreignNames.js';

/** Any typed array of numbers. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** One row or several: a typed array or a flat list of whole rows, or a list of rows. */
export type Values = NumericArray | readonly number[] | readonly (readonly number[])[];

/** What `predict` gives for what it was given. */
export type Returned<X extends Values> = X extends NumericArray ? Float32Array : X extends readonly (readonly number[])[] ? number[][] : number[];

/** Class ids, one a row; a plain number for a single row. */
export type ClassIds = NumericArray | readonly number[] | number;

/** Targets as users pass them: values as wide as the output, or class ids. */
export type Targets = Values | ClassIds;

/** Targets of one loss, or a list of those of several. */
export type AnyTargets = Targets | readonly Targets[];

/** As much of a string or of the keys of an object as an error shows. */
const SHOWN = 60;

function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** What somebody passed, for an error: never a whole text, a function's source or a minified name. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const article = /^[AEIO]/.test(kind) ? 'an' : 'a';
  if (ArrayBuffer.isView(value)) return `${article} ${kind} of ${(value as NumericArray).length ?? value.byteLength}`;
  if (kind !== 'Object') return `${article} ${kind}`;
  if (typeof value.toString === 'function' && value.toString !== Object.prototype.toString) return shorten(String(value));
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an object without fields' : `an object with ${shorten(keys.join(', '))}`;
}

/** How many, in words. */
export function count(n: number, one: string, several = `${one}s`): string {
  return `${n} ${n === 1 ? one : several}`;
}

/**
 * A copy of options, each read once, so that neither a getter nor a later change has a say. Every field is known: a slip of the pen isn't
 * passed over in silence. What is undefined is left out.
 *
 * @param also fields let through where they have just this value, so that a description serves as options for the next
 * @throws ValueError listing the names there are, with the remedy for a name of another library
 */
export function checkOptions<T extends object>(
  call: string,
  options: T,
  known: readonly string[],
  also: Readonly<Record<string, unknown>> = {},
  what = 'options',
): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || ArrayBuffer.isView(options)) {
    throw new ValueError(`${call}: ${what} is ${describe(options)}, expected an object, such as { ${known[0] ?? Object.keys(also)[0]} }`);
  }
  try {
    const copy: Record<string, unknown> = {};
    for (const name of Reflect.ownKeys(options)) {
      if (typeof name === 'string' && (known.includes(name) || Object.hasOwn(also, name))) continue;
      const remedy = typeof name === 'string' ? remedyFor(name) : undefined;
      const names = known.length > 0 ? `expected ${known.join(', ')}` : 'expected none';
      throw new ValueError(
        `${call}: there is no option ${typeof name === 'symbol' ? String(name) : describe(name)}, ${names}${remedy ? `; ${remedy}` : ''}`,
      );
    }
    for (const name of known) {
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined) copy[name] = value;
    }
    for (const [name, usual] of Object.entries(also)) {
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined && value !== usual) throw new ValueError(`${call}: ${name} is ${describe(value)}, expected ${describe(usual)}`);
    }
    return copy as T;
  } catch (error) {
    if (error instanceof NeuriteError) throw error;
    throw new ValueError(`${call}: ${what} cannot be read: ${String((error as Error)?.message ?? 'a getter throws')}`);
  }
}

export function isNumericArray(value: unknown): value is NumericArray {
  // By what it has, not by instanceof, which fails across realms: a DataView has no length, a BigInt array no numbers.
  return ArrayBuffer.isView(value) && typeof (value as NumericArray).length === 'number' && typeof (value as NumericArray)[0] !== 'bigint';
}

function isNested(value: Values): value is readonly (readonly number[])[] {
  return Array.isArray(value) && value.length > 0 && typeof value[0] !== 'number';
}

/**
 * How many rows of `width` numbers a value holds; nothing is read but lengths and, of nested lists, the rows' kind.
 * @throws ShapeError saying where and what came
 */
export function countRows(call: string, what: string, value: Values, width: number): number {
  if (isNumericArray(value) || (Array.isArray(value) && !isNested(value))) {
    const { length } = value;
    if (length === 0 || length % width !== 0) {
      const remedy =
        length === 0 ? `expected rows of ${width}` : `expected a multiple of ${width}, the ${what === 'x' ? 'input' : 'output'}'s features`;
      throw new ShapeError(`${call}: ${what} has ${count(length, 'number')}, ${remedy}`);
    }
    return length / width;
  }
  if (!Array.isArray(value))
    throw new ValueError(`${call}: ${what} is ${describe(value)}, expected a typed array, an array of numbers, or an array of rows`);
  value.forEach((row, i) => {
    if (!Array.isArray(row) && !isNumericArray(row)) {
      const expected = i === 0 ? `a number, or a row of ${width}` : `a row of ${count(width, 'number')}`;
      throw new ValueError(`${call}: ${what}[${i}] is ${describe(row)}, expected ${expected}`);
    }
    if (Array.isArray(row[0]))
      throw new ShapeError(`${call}: row ${i} of ${what} is a list of lists, expected ${count(width, 'number')}; flatten it with flat()`);
    if (row.length !== width) throw new ShapeError(`${call}: row ${i} of ${what} has ${count(row.length, 'number')}, expected ${width}`);
  });
  return value.length;
}

/** Copies rows `from` … `to` − 1 into memory at `at`. @throws ValueError for an element that is no number */
export function copyRows(call: string, what: string, value: Values, width: number, from: number, to: number, memory: Float32Array, at: number): void {
  if (isNested(value)) {
    for (let i = from; i < to; i++)
      copyNumbers(call, `row ${i} of ${what}`, value[i] as readonly number[], 0, width, memory, at + (i - from) * width);
  } else {
    copyNumbers(call, what, value as readonly number[], from * width, to * width, memory, at);
  }
}

/** Below this many elements a loop is faster than `subarray` and `set`. */
const SHORT = 32;

function copyNumbers(
  call: string,
  what: string,
  values: NumericArray | readonly number[],
  from: number,
  to: number,
  memory: Float32Array,
  at: number,
): void {
  if (isNumericArray(values)) {
    if (to - from <= SHORT) for (let i = from; i < to; i++) memory[at + i - from] = values[i] as number;
    else memory.set(from === 0 && to === values.length ? values : values.subarray(from, to), at);
    return;
  }
  for (let i = from; i < to; i++) {
    const value = values[i];
    if (typeof value !== 'number') throw new ValueError(`${call}: element ${i} of ${what} is ${describe(value)}, expected a number`);
    memory[at + i - from] = value;
  }
}

/**
 * Reads class ids into `ids`, one a row.
 * @throws ValueError for an id that is not a whole number from 0 to classes − 1
 */
export function copyClassIds(
  call: string,
  what: string,
  value: ClassIds,
  from: number,
  to: number,
  classes: number,
  memory: Uint32Array,
  at: number,
): void {
  for (let i = from; i < to; i++) {
    const id = typeof value === 'number' ? value : (value as NumericArray)[i];
    if (!(Number.isInteger(id) && (id as number) >= 0 && (id as number) < classes)) {
      throw new ValueError(
        `${call}: ${what}[${i}] is ${describe(id)}, expected a class id from 0 to ${classes - 1}${id === classes ? ': classes count from 0, one for each output' : ''}`,
      );
    }
    memory[at + i - from] = id as number;
  }
}

/** A result of `length` numbers in rows of `width`, in the form of the input it belongs to. */
export function emptyLike<X extends Values>(x: X, length: number): Returned<X> {
  return (isNumericArray(x) ? new Float32Array(length) : new Array<number>(length).fill(0)) as Returned<X>;
}

/** Whether a value is a list of rows. */
export { isNested };
