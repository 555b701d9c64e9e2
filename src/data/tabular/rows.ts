/** Reading rows of a table: objects or lists of cells. Every error names row and column. */
import { isNumericArray } from '../../arguments/arrays.js';
import { count, describe, isList } from '../../arguments/describe.js';
import { nearest } from '../../arguments/nearest.js';
import { ShapeError, ValueError } from '../../errors.js';

/** A value of a table: a number, a category, or a gap, which null, undefined and NaN are. */
export type Cell = number | string | null | undefined;

/** What a column is called: the name of a field, or the place in a list. */
export type ColumnName = string | number;

/** Rows that were checked to be objects, or lists of `cells` each. A cell is read where it is asked for. */
export interface Rows {
  readonly length: number;
  at(i: number, column: ColumnName): unknown;
  /** @throws ValueError for a column that no row has, with the name that was meant */
  checkColumn(column: ColumnName): void;
}

/** Where a cell is, for an error. */
export function placeOf(i: number, column: ColumnName): string {
  return `row ${i}, column ${describe(column)}`;
}

export function isGap(cell: unknown): boolean {
  return cell === null || cell === undefined || Number.isNaN(cell);
}

function isRow(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether a value is a single row, not a list of rows. */
export function isSingle(call: string, value: unknown): boolean {
  if (!isList(value)) return isRow(value);
  const list = copyOf(call, 'rows', value, 'a list of rows');
  return list.length > 0 && !list.some(isRow);
}

/** A copy of a list, which getters and traps cannot change any more. @throws ValueError for anything but a list */
export function copyOf(call: string, what: string, given: unknown, expected: string): readonly unknown[] {
  try {
    // By index, so that a hole is found too.
    if (Array.isArray(given)) return Array.from({ length: given.length }, (_, i) => given[i]);
  } catch {
    // It is described as what it is.
  }
  throw new ValueError(`${call}: ${what} is ${describe(given)}, expected ${expected}`);
}

/**
 * @param cells of each row, where rows are lists; undefined for objects
 * @throws ValueError or ShapeError for what is no row
 */
export function readRows(call: string, given: unknown, cells: number | undefined): Rows {
  const expected = cells === undefined ? 'objects, a field for each column' : `lists of ${count(cells, 'cell')}`;
  const rows = copyOf(call, 'rows', given, `a list of ${expected}`);
  rows.forEach((row, i) => {
    const list = isList(row) || isNumericArray(row);
    if (!isRow(row) || list !== (cells !== undefined)) throw new ValueError(`${call}: row ${i} is ${describe(row)}, expected ${expected}`);
    const length = list ? (row as ArrayLike<unknown>).length : undefined;
    if (length !== cells) throw new ShapeError(`${call}: row ${i} has ${count(length as number, 'cell')}, expected ${cells}`);
  });
  /** Runs code of the caller's: a trap or a getter. */
  const reading = <T>(i: number, column: ColumnName, read: (row: object) => T): T => {
    try {
      return read(rows[i] as object);
    } catch {
      throw new ValueError(`${call}: ${placeOf(i, column)} cannot be read, expected a number, a string or a gap`);
    }
  };
  return {
    length: rows.length,
    // What an object inherits, such as `constructor`, is no cell.
    at: (i, column) => reading(i, column, (row) => (Object.hasOwn(row, column) ? (row as Record<ColumnName, unknown>)[column] : undefined)),
    checkColumn(column) {
      if (rows.some((_, i) => reading(i, column, (row) => Object.hasOwn(row, column)))) return;
      const known = [...new Set(rows.flatMap((_, i) => reading(i, column, Object.keys)))];
      const meant = nearest(String(column), known);
      const remedy = meant ? `; did you mean ${describe(meant)}?` : '';
      throw new ValueError(`${call}: no row has a column ${describe(column)}, expected one of its columns${remedy}`);
    },
  };
}

/** The number of a cell; undefined for a gap. @throws ValueError for anything else */
export function numberAt(call: string, rows: Rows, i: number, column: ColumnName): number | undefined {
  const cell = rows.at(i, column);
  if (isGap(cell)) return undefined;
  if (typeof cell !== 'number' || !Number.isFinite(cell))
    throw new ValueError(
      `${call}: ${placeOf(i, column)} is ${describe(cell)}, expected a finite number or a gap (null, undefined or NaN)${ofText(cell)}`,
    );
  return cell;
}

/** What is to be done with a text or a boolean where a number is expected: readers of CSV files give such. */
function ofText(cell: unknown): string {
  if (typeof cell !== 'string' && typeof cell !== 'boolean') return '';
  if (String(cell).trim() === '') return '; an empty text is no gap, make it null';
  return Number.isFinite(Number(cell)) ? '; make it a number before, as Number(value) does' : '';
}

/** The category of a cell; undefined for a gap. @throws ValueError for anything else */
export function categoryAt(call: string, rows: Rows, i: number, column: ColumnName): number | string | undefined {
  const cell = rows.at(i, column);
  if (isGap(cell)) return undefined;
  if (!isCategory(cell))
    throw new ValueError(
      `${call}: ${placeOf(i, column)} is ${describe(cell)}, expected a category, a string or a finite number, or a gap${typeof cell === 'boolean' ? '; make it a text before, as String(value) does' : ''}`,
    );
  return cell;
}

export function isCategory(value: unknown): value is number | string {
  return typeof value === 'string' || Number.isFinite(value);
}
