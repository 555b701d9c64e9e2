import { describe, isList } from '../arguments/describe.js';
import { ShapeError } from '../errors.js';

/** How an error calls column i of several. */
export function columnName(what: string, i: number, of: number): string {
  return of === 1 ? what : `${what}[${i}]`;
}

/** What is passed for several inputs or losses, as a list; for one, as it is. @throws ShapeError when it is no list of that length */
export function asList<T>(call: string, what: string, value: unknown, length: number, each: string): readonly T[] {
  if (length === 1) return [value as T];
  if (!isList(value) || value.length !== length) {
    throw new ShapeError(`${call}: ${what} is ${describe(value)}, expected a list of ${length}, one for each ${each} of the network`);
  }
  return value as T[];
}
