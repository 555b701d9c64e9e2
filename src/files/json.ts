/**
 * JSON that nobody vouches for. Unlike `JSON.parse` this refuses repeated keys, numbers that are not finite, deep nesting and more
 * values than a model has, so that what it makes is a small multiple of the text, and bounded; and its errors are FileErrors.
 */

import { isNumericArray } from '../arguments/arrays.js';
import { describe, fieldOf, isList } from '../arguments/describe.js';
import { FileError, NeuriteError, ValueError } from '../errors.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The most values (numbers, strings, lists, objects, …) one text may hold. */
export const MAX_VALUES = 2 ** 18;

/** How deep lists and objects may lie in one another. */
export const MAX_DEPTH = 64;

/** Longer than any number that is written to be read back exactly. */
const MAX_DIGITS = 64;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What somebody wrote, for an error: short, however long it is. */
export function show(value: unknown): string {
  const text = describe(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

class Parser {
  #at = 0;
  #values = 0;

  constructor(
    readonly text: string,
    readonly where: string,
  ) {}

  document(): Json {
    const value = this.#value(0);
    if (this.#next() !== '') this.#fail('expected the end');
    return value;
  }

  #fail(what: string): never {
    throw new FileError(`${this.where} is no JSON this reads: ${what} at character ${this.#at}`);
  }

  /** The next character that is no white space; nothing at the end. */
  #next(): string {
    for (;;) {
      const c = this.text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return this.text.charAt(this.#at);
      this.#at++;
    }
  }

  #expect(character: string): void {
    if (this.#next() !== character) this.#fail(`expected ${character}`);
    this.#at++;
  }

  #value(depth: number): Json {
    if (++this.#values > MAX_VALUES) this.#fail(`more than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} lists and objects within one another`);
    switch (this.#next()) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#list(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.#at)) this.#fail(`expected ${word}`);
    this.#at += word.length;
    return value;
  }

  #number(): number {
    let end = this.#at;
    while (/[\d.eE+-]/.test(this.text.charAt(end)) && end - this.#at < MAX_DIGITS) end++;
    const digits = this.text.slice(this.#at, end);
    const value = Number(digits);
    if (!NUMBER.test(digits) || !Number.isFinite(value)) this.#fail('expected a value');
    this.#at = end;
    return value;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    let escaped = false;
    for (;;) {
      const c = this.text.charCodeAt(end);
      if (c === QUOTE) break;
      // Not a number behind the last character.
      if (!(c >= 0x20)) this.#fail('a string that does not end');
      if (c === BACKSLASH) escaped = true;
      end += c === BACKSLASH ? 2 : 1;
    }
    if (!escaped) {
      this.#at = end + 1;
      return this.text.slice(start + 1, end);
    }
    let value: string;
    try {
      value = JSON.parse(this.text.slice(start, end + 1));
    } catch {
      this.#fail('a wrong escape in the string');
    }
    this.#at = end + 1;
    return value;
  }

  #list(depth: number): Json[] {
    const list: Json[] = [];
    this.#at++;
    if (this.#next() === ']') {
      this.#at++;
      return list;
    }
    for (;;) {
      list.push(this.#value(depth + 1));
      if (this.#next() === ']') break;
      this.#expect(',');
    }
    this.#at++;
    return list;
  }

  #object(depth: number): { [key: string]: Json } {
    const object: { [key: string]: Json } = {};
    this.#at++;
    if (this.#next() === '}') {
      this.#at++;
      return object;
    }
    for (;;) {
      if (this.#next() !== '"') this.#fail('expected a key');
      const key = this.#string();
      if (Object.hasOwn(object, key)) this.#fail(`the key ${show(key)} came before`);
      this.#expect(':');
      const value = this.#value(depth + 1);
      // Assigning to this name would set the prototype.
      if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
      else object[key] = value;
      if (this.#next() === '}') break;
      this.#expect(',');
    }
    this.#at++;
    return object;
  }
}

/**
 * The value of a JSON text. `__proto__` is a key like any other: it becomes a property of its own and sets no prototype.
 * @param where what the text is, for errors
 * @throws FileError
 */
export function parseJson(text: string, where: string): Json {
  return new Parser(text, where).document();
}

/**
 * A copy of a value as JSON will have it.
 * @throws ValueError naming the place of what JSON cannot say: NaN, typed arrays, functions, objects that contain themselves; for more values or
 *   deeper nesting than `parseJson` reads
 * @param free whether numbers that JSON has no word for may come, as strings, and typed arrays, as lists
 */
export function toJson(value: unknown, where: string, free = false): Json {
  let values = 0;
  const copy = (value: unknown, where: string, depth: number): Json => {
    if (depth > MAX_DEPTH)
      throw new ValueError(`${where.slice(0, 80)}… lies more than ${MAX_DEPTH} deep, expected less (an object that contains itself?)`);
    if (++values > MAX_VALUES) throw new ValueError(`${where.slice(0, 80)} is one of more than ${MAX_VALUES} values, expected at most as many`);
    if (free && typeof value === 'number') return numberToJson(value);
    if (value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)) return value as Json;
    if (typeof value === 'object' && typeof (value as { toJSON?: unknown }).toJSON === 'function') {
      return copy((value as { toJSON(): unknown }).toJSON(), where, depth + 1);
    }
    if (isList(value) || (free && isNumericArray(value))) return Array.from(value, (item, i) => copy(item, `${where}[${i}]`, depth + 1));
    if (typeof value !== 'object' || ArrayBuffer.isView(value) || Object.prototype.toString.call(value) !== '[object Object]') {
      throw new ValueError(
        `${where} is ${show(value)}, expected what JSON can say: finite numbers, strings, booleans, null, plain arrays and objects`,
      );
    }
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, copy(item, `${where}.${key}`, depth + 1)]));
  };
  return copy(value, where, 0);
}

/**
 * A network's metadata as JSON will have it.
 * @throws ValueError for what is no plain object, or holds what JSON cannot say
 */
export function metadataToJson(value: unknown, where: string): { readonly [key: string]: Json } {
  let copy: Json;
  try {
    copy = toJson(value, where);
  } catch (error) {
    if (error instanceof NeuriteError) throw error;
    throw new ValueError(`${where} cannot be read: ${String(fieldOf(error, 'message') ?? 'a getter throws')}`);
  }
  if (typeof copy !== 'object' || copy === null || isList(copy))
    throw new ValueError(`${where} is ${show(value)}, expected an object, such as { inputs: ['age', 'height'] }`);
  return copy as { readonly [key: string]: Json };
}

/** The numbers JSON has no word for. */
const WORDS = new Map<string, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

/** A number as a file has it: those JSON has no word for as strings. */
export function numberToJson(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

/** The number that a file has so; undefined for what is none. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'string' ? WORDS.get(value) : typeof value === 'number' ? value : undefined;
}

/**
 * The fields of one object of a file, each checked as it is taken. Only properties of the object's own count, and `end` refuses
 * those that nobody took.
 */
export class Fields {
  readonly #object: Record<string, unknown>;
  readonly #taken = new Set<string>();

  /** @throws FileError unless `value` is an object and no list */
  constructor(
    value: unknown,
    readonly where: string,
  ) {
    if (typeof value !== 'object' || value === null || isList(value)) throw new FileError(`${where} is ${show(value)}, expected an object`);
    this.#object = value as Record<string, unknown>;
  }

  /** The object itself, unchecked. */
  get value(): Record<string, unknown> {
    return this.#object;
  }

  keys(): string[] {
    return Object.keys(this.#object);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  take(key: string): unknown {
    this.#taken.add(key);
    return this.has(key) ? this.#object[key] : undefined;
  }

  /** What a field is and what it should be. */
  fail(key: string, expected: string): never {
    throw new FileError(`${this.where}: ${key} is ${show(this.take(key))}, expected ${expected}`);
  }

  string(key: string): string {
    const value = this.take(key);
    return typeof value === 'string' ? value : this.fail(key, 'a string');
  }

  optionalString(key: string): string | undefined {
    return this.has(key) ? this.string(key) : undefined;
  }

  boolean(key: string): boolean {
    const value = this.take(key);
    return typeof value === 'boolean' ? value : this.fail(key, 'true or false');
  }

  /** Any number; those JSON has no word for come as strings. */
  number(key: string): number {
    return numberOf(this.take(key)) ?? this.fail(key, 'a number');
  }

  finite(key: string): number {
    const value = this.number(key);
    return Number.isFinite(value) ? value : this.fail(key, 'a finite number');
  }

  /** A whole number from `low` to `high`, both included. */
  integer(key: string, low: number, high: number): number {
    const value = this.take(key);
    return isWhole(value, low, high) ? value : this.fail(key, `a whole number from ${low} to ${high}`);
  }

  oneOf<T extends string>(key: string, words: readonly T[]): T {
    const value = this.take(key);
    return words.find((word) => word === value) ?? this.fail(key, words.map((word) => `"${word}"`).join(' or '));
  }

  list(key: string, most = MAX_VALUES): readonly unknown[] {
    const value = this.take(key);
    return isList(value) && value.length <= most ? value : this.fail(key, `a list of at most ${most}`);
  }

  object(key: string): Fields {
    return new Fields(this.take(key), `${this.where}.${key}`);
  }

  /** @throws FileError naming a field that nobody took */
  end(): void {
    const unknown = this.keys().find((key) => !this.#taken.has(key));
    if (unknown !== undefined) throw new FileError(`${this.where} has a field ${show(unknown)} that this version does not know`);
  }
}

export function isWhole(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}
