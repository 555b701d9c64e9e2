import { isLinear } from './core/linear.js';
import { MemoryError, NeuriteError, ShapeError, ValueError } from './errors.js';
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

/**
 * Floats that neurite returns: `Float32Array<ArrayBuffer>`, so that they go into a `Blob`. Typed arrays are generic since TypeScript 5.7;
 * before, this is `Float32Array`. The other three are the same for their kinds.
 */
export type Floats = ReturnType<Float32ArrayConstructor['of']>;
export type Doubles = ReturnType<Float64ArrayConstructor['of']>;
export type Words = ReturnType<Uint32ArrayConstructor['of']>;
export type Bytes = ReturnType<Uint8ArrayConstructor['of']>;

/** `One` where there is one of a thing, `List` where there are several. `N` is how many; `number` or `any` where it is not known, which gives either. */
export type OneOrList<N extends number, One, List> = number extends N ? One | List : N extends 1 ? One : List;

/** Lists by their lengths. */
interface Tuples<T> {
  1: [T];
  2: [T, T];
  3: [T, T, T];
  4: [T, T, T, T];
  5: [T, T, T, T, T];
  6: [T, T, T, T, T, T];
  7: [T, T, T, T, T, T, T];
  8: [T, T, T, T, T, T, T, T];
}

/** A list of N things: a tuple for up to eight. */
export type ListOf<N extends number, Thing> = number extends N ? Thing[] : N extends keyof Tuples<Thing> ? Tuples<Thing>[N] : Thing[];

/** What a network of N inputs is given: values where there is one, a list of them where there are several. */
export type Inputs<N extends number = number> = OneOrList<N, Values, readonly Values[]>;

/** What a network of N outputs gives: the result where there is one, a list of N where there are several. */
export type Outputs<N extends number, Result> = OneOrList<N, Result, ListOf<N, Result>>;

/** What `predict` gives for what it was given: a typed array gives floats, `number[]` gives `number[]`, a list of rows gives a list of rows. */
export type Returned<X extends Values> = X extends NumericArray ? Floats : X extends readonly (readonly number[])[] ? number[][] : number[];

/** What each output of a network of N inputs is, for what `predict` was given: in the form of its first input. */
export type ReturnedOf<N extends number, X> = number extends N
  ? (X extends Values ? Returned<X> : never) | (X extends readonly (infer First extends Values)[] ? Returned<First> : never)
  : N extends 1
    ? X extends Values
      ? Returned<X>
      : never
    : X extends readonly (infer First extends Values)[]
      ? Returned<First>
      : never;

/** What `classify` gives: a `Uint32Array` for a list of rows. Flat numbers may be one row, which gives a number, or several. */
export type Decided<N extends number, X> = [ReturnedOf<N, X>] extends [number[][]] ? Words : number | Words;

/** Ends a training early: an `AbortSignal`, by its structure, since not every host's types know it. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** What a promise is rejected with. */
  readonly reason: unknown;
  throwIfAborted(): void;
}

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
  try {
    return kindIn(value);
  } catch {
    // Traps, getters and toString run code of the caller's, which has no say in an error.
    return unreadable(value);
  }
}

/** What a value is, in words. @throws what the value's own traps and getters throw */
function kindIn(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const article = /^[AEIO]/.test(kind) ? 'an' : 'a';
  if (isNumericArray(value)) return `${article} ${kind} of ${lengthOf(value)}`;
  if (ArrayBuffer.isView(value)) return `${article} ${kind} of ${(value as { length?: number }).length ?? value.byteLength}`;
  if (kind !== 'Object') return `${article} ${kind}`;
  if (typeof value.toString === 'function' && value.toString !== Object.prototype.toString) {
    try {
      return shorten(String(value));
    } catch {
      // Its fields say what it is.
    }
  }
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an object without fields' : `an object with ${shorten(keys.join(', '))}`;
}

const REVOKED = 'a revoked proxy';

/** What a value is that throws when it is looked at. Of a revoked proxy even `Array.isArray` does. */
function unreadable(value: unknown): string {
  try {
    // The result is used, as a compiler takes the call for one without effect.
    return Array.isArray(value) ? 'an array that cannot be read' : 'an object that cannot be read';
  } catch {
    return REVOKED;
  }
}

/** `Array.isArray`, which throws for a revoked proxy: that is no list. */
export const isList = ((value: unknown): boolean => {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}) as typeof Array.isArray;

/** `value instanceof Kind`, which throws for a revoked proxy: that is of no kind. */
export function isOf<T>(value: unknown, Kind: abstract new (...values: never[]) => T): value is T {
  try {
    return value instanceof Kind;
  } catch {
    return false;
  }
}

/** A field of what may be anything: undefined where there is none, or where reading it throws. */
export function fieldOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
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
  if (typeof options !== 'object' || options === null || isList(options) || ArrayBuffer.isView(options)) {
    throw new ValueError(`${call}: ${what} is ${describe(options)}, expected an object, such as { ${known[0] ?? Object.keys(also)[0]} }`);
  }
  try {
    const copy: Record<string, unknown> = {};
    for (const name of Reflect.ownKeys(options)) {
      if (typeof name === 'string' && (known.includes(name) || Object.hasOwn(also, name))) continue;
      const remedy = typeof name === 'string' ? remedyFor(name, known) : undefined;
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
    const shown = describe(options);
    if (shown === REVOKED) throw new ValueError(`${call}: ${what} is ${shown}, expected an object`);
    throw new ValueError(`${call}: ${what} cannot be read: ${String(fieldOf(error, 'message') ?? 'a getter throws')}`);
  }
}

/** Whether a value is a typed array of numbers: by its internal slots, so that of another realm counts too, and a proxy does not. */
export function isNumericArray(value: unknown): value is NumericArray {
  const kind = kindOf(value);
  return kind !== undefined && !kind.startsWith('Big');
}

/** A getter that all typed arrays inherit. It reads what is there, whatever a subclass or an own property says, in every realm. */
function intrinsic<T>(name: PropertyKey): (this: unknown) => T {
  return (Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Float32Array.prototype), name) as { get: () => T }).get;
}

const getKind = intrinsic<string | undefined>(Symbol.toStringTag);
const getLength = intrinsic<number>('length');
const getByteOffset = intrinsic<number>('byteOffset');
const getBuffer = intrinsic<ArrayBuffer>('buffer');

// Functions of their own, so that the engine compiles each call into a load.

/** `'Float32Array'` and so on; undefined for what is no typed array. */
export function kindOf(value: unknown): string | undefined {
  return getKind.call(value);
}

/** The elements that a typed array has; 0 where its buffer is detached or has shrunk. */
export function lengthOf(values: NumericArray): number {
  return getLength.call(values);
}

export function byteOffsetOf(values: NumericArray): number {
  return getByteOffset.call(values);
}

export function bufferOf(values: NumericArray): ArrayBuffer {
  return getBuffer.call(values);
}

/** A view of `n` elements of a typed array of a plain kind; by its buffer, since a subclass may have a `subarray` of its own. */
export function stretch(values: NumericArray, from: number, n: number): NumericArray {
  const Kind = KINDS[kindOf(values) as keyof typeof KINDS] ?? Float64Array;
  return new Kind(bufferOf(values), byteOffsetOf(values) + from * Kind.BYTES_PER_ELEMENT, n);
}

const KINDS = { Float32Array, Float64Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array };

/** How a caller gave numbers: a typed array, a flat list, or a list of rows. Results come in the same form. */
export type Form = 'typed' | 'flat' | 'rows';

/** Rows as they were read. Reading may run code of the caller's (getters, proxies); using what was read runs none. */
export interface Read {
  readonly rows: number;
  readonly form: Form;
  /** The numbers, row by row: a copy in float64, so that what is too large for float32 can be named; or the caller's own typed array where that lies outside linear memory. */
  readonly values: NumericArray;
}

/** Typed arrays this long may be part of their object, where asking for their buffer costs more than a prediction. */
const ON_HEAP = 16;

/** Whether another's doing may change the array while it is in use: memory that grows, or another thread. */
function isUnstable(values: NumericArray): boolean {
  if (!((kindOf(values) as string) in KINDS)) return true;
  if (byteOffsetOf(values) === 0 && lengthOf(values) <= ON_HEAP) return false;
  const buffer = bufferOf(values);
  return isLinear(buffer) || Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';
}

/** A typed array of a plain kind with the same elements. */
function copyOf(values: NumericArray): NumericArray {
  return kindOf(values)?.startsWith('Uint8') ? new Uint8Array(values) : kindOf(values) === 'Float64Array' ? new Float64Array(values) : exact(values);
}

/** Integers of up to 32 bits fit a double, and so does everything else. */
function exact(values: NumericArray): NumericArray {
  return kindOf(values) === 'Float32Array' ? new Float32Array(values) : new Float64Array(values);
}

/** @throws MemoryError where the host refuses an array of that length */
export function allocateFloats(what: string, length: number): Floats {
  return allocateArray(what, length, Float32Array);
}

/** @throws MemoryError where the host refuses an array of that length */
function allocateArray<T extends Float32Array | Float64Array>(
  what: string,
  length: number,
  Kind: { new (length: number): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const bytes = length * Kind.BYTES_PER_ELEMENT;
  if (bytes <= MAX_ARRAY_BYTES) {
    try {
      return new Kind(length);
    } catch {
      // The host refuses.
    }
  }
  throw new MemoryError(what, bytes, MAX_ARRAY_BYTES);
}

/** The most bytes an array may have: what the address space of the core has too. */
const MAX_ARRAY_BYTES = 2 ** 32;

/** What a caller passed as the length of a list. A proxy may say anything. */
function checkLength(call: string, what: string, length: unknown): number {
  if (!(Number.isSafeInteger(length) && (length as number) >= 0)) {
    throw new ValueError(`${call}: the length of ${what} is ${describe(length)}, expected a whole number`);
  }
  return length as number;
}

/**
 * Reads rows of `width` numbers. Each element is read once, so what was checked is what is used.
 *
 * @param what how an error calls the values
 * @throws ShapeError when they are no whole rows; ValueError for an element that is no number
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

function wholeRows(call: string, what: string, length: number, width: number): number {
  if (length > 0 && length % width === 0) return length / width;
  const whose = what.startsWith('x') ? ", the input's features" : what.startsWith('y') ? ", the output's features" : '';
  const remedy = length === 0 ? `expected rows of ${width}` : `expected a multiple of ${width}${whose}`;
  throw new ShapeError(`${call}: ${what} has ${count(length, 'number')}, ${remedy}`);
}

function numberOf(call: string, what: string, value: unknown, i: number): number {
  if (typeof value !== 'number') throw new ValueError(`${call}: element ${i} of ${what} is ${describe(value)}, expected a number`);
  return value;
}

/** Reads row i of a list of rows into its place among `values`. */
function readRow(call: string, what: string, row: unknown, i: number, width: number, values: Float64Array): void {
  const at = i * width;
  if (isNumericArray(row)) {
    checkWidth(call, what, i, lengthOf(row), width);
    for (let j = 0; j < width; j++) values[at + j] = row[j] as number;
    return;
  }
  if (!isList(row)) {
    const expected = i === 0 ? `a number, or a row of ${width}` : `a row of ${count(width, 'number')}`;
    throw new ValueError(`${call}: ${what}[${i}] is ${describe(row)}, expected ${expected}`);
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
 * Reads class ids, one a row.
 * @throws ValueError for an id that is not a whole number from 0 to classes − 1; ShapeError unless there are `rows`
 */
export function readClassIds(call: string, what: string, value: unknown, rows: number, classes: number): Words {
  const list = typeof value === 'number' ? [value] : (value as ArrayLike<unknown>);
  const length = isNumericArray(value) ? lengthOf(value) : checkLength(call, what, list.length);
  if (length !== rows) throw new ShapeError(`${call}: ${what} has ${count(length, 'class id')} and x has ${count(rows, 'row')}, expected as many`);
  const ids = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    const id = list[i];
    if (!(Number.isInteger(id) && (id as number) >= 0 && (id as number) < classes)) {
      const remedy = id === classes ? ': classes count from 0, one for each output' : '';
      throw new ValueError(`${call}: ${what}[${i}] is ${describe(id)}, expected a class id from 0 to ${classes - 1}${remedy}`);
    }
    ids[i] = id as number;
  }
  return ids;
}

/**
 * Checks, when all is read and no code of the caller's runs any more, that a typed array of the caller's still has what was counted.
 * @throws ValueError where reading something else detached or shrank it
 */
export function checkUnchanged(call: string, what: string, { rows, values }: Read, width: number): void {
  const length = lengthOf(values);
  if (length < rows * width)
    throw new ValueError(`${call}: ${what} had ${rows * width} numbers and has ${length} now, expected data that stay as they are`);
}

/** Whether a value is a list of rows. */
export function isNested(value: Values): value is readonly (readonly number[])[] {
  return isList(value) && value.length > 0 && typeof value[0] !== 'number';
}
