import { describe, isList } from '../arguments/describe.js';
import { ShapeError } from '../errors.js';

/** The name of column i of several, in an error. */
export function columnName(what: string, i: number, of: number): string {
  return of === 1 ? what : `${what}[${i}]`;
}

/** The values of several inputs or losses as a list; a single one is wrapped. @throws ShapeError unless the list has that length */
export function asList<T>(call: string, what: string, value: unknown, length: number, each: string): readonly T[] {
  if (length === 1) return [value as T];
  if (!isList(value) || value.length !== length) {
    throw new ShapeError(`${call}: ${what} is ${describe(value)}, expected a list of ${length}, one for each ${each} of the network`);
  }
  return value as T[];
}
