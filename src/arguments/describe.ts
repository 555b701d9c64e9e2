import { isNumericArray, lengthOf } from './arrays.js';

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

export const REVOKED = 'a revoked proxy';

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
