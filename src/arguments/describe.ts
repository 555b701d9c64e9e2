import { isNumericArray, lengthOf } from './arrays.js';

/** Most characters of a string, or of the keys of an object, in an error. */
const SHOWN = 60;

function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** Describes a value for an error, without whole texts, sources of functions or minified names. */
export function describe(value: unknown): string {
  try {
    return kindIn(value);
  } catch {
    // Traps, getters and toString run the caller's code. What it throws must not replace the error.
    return unreadable(value);
  }
}

/** Describes a value. @throws what its own traps and getters throw */
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
      // Describe it by its fields.
    }
  }
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an object without fields' : `an object with ${shorten(keys.join(', '))}`;
}

export const REVOKED = 'a revoked proxy';

/** Describes a value that throws when it is read. For a revoked proxy even `Array.isArray` throws. */
function unreadable(value: unknown): string {
  try {
    // Use the result: a compiler treats the call as one without effect.
    return Array.isArray(value) ? 'an array that cannot be read' : 'an object that cannot be read';
  } catch {
    return REVOKED;
  }
}

/** `Array.isArray`, but false for a revoked proxy, where that throws. */
export const isList = ((value: unknown): boolean => {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}) as typeof Array.isArray;

/** `value instanceof Kind`, but false for a revoked proxy, where that throws. */
export function isOf<T>(value: unknown, Kind: abstract new (...values: never[]) => T): value is T {
  try {
    return value instanceof Kind;
  } catch {
    return false;
  }
}

/** A field of any value; undefined where it is missing or reading it throws. */
export function fieldOf(value: unknown, name: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}

/** Whether a value has fields by their names: an object, but no list, typed array, Map or Set. */
export function hasFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && typeof fieldOf(value, Symbol.iterator) !== 'function';
}

/** A count with its noun: `1 row`, `2 rows`. */
export function count(n: number, one: string, several = `${one}s`): string {
  return `${n} ${n === 1 ? one : several}`;
}
