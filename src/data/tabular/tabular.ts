import type { NumericArray } from '../../arguments/arrays.js';
import { describe, hasFields, isList } from '../../arguments/describe.js';
import { checkOptions } from '../../arguments/options.js';
import { ValueError } from '../../errors.js';
import { type Column, type Encoder, encoderOf, type FittedColumn, fitColumn, readFitted } from './columns.js';
import { type ColumnName, copyOf, isSingle, readRows } from './rows.js';

/** How rows with gaps and categories become numbers, as `tabular` fitted it. Plain JSON, so that it can be saved with the model, in `metadata`. */
export interface Table {
  /** The cells of each row, where rows are lists; absent for objects. */
  readonly cells?: number;
  readonly columns: readonly FittedColumn[];
  /** The names of the features that `encode` gives, in their order; as many as a network has inputs. */
  readonly features: readonly string[];
}

/** What becomes of each column: by its name where rows are objects, by its place where they are lists. A column without a word is left out. */
export type Columns<Row> = Row extends readonly unknown[] | NumericArray
  ? readonly (Column | null | undefined)[]
  : { readonly [Name in keyof Row]?: Column };

/**
 * Fits how the rows of a table become numbers: gaps are imputed, categories encoded, numbers scaled. Fit it to the training rows alone, and `encode` all
 * rows by it, at prediction too. A gap is null, undefined, NaN, or a field that a row does not have.
 *
 * @param rows objects, or lists of as many cells; a cell is a number, a string or a gap
 * @param columns what becomes of each, such as `{ mass: { as: 'number', impute: 'median' }, island: 'oneHot' }`. Features come in this order
 * @throws ValueError, ShapeError naming row and column: for a cell of another kind, for a gap or a category that nothing is said of, for a column that
 *   is nothing but gaps, for one that no row has
 */
export function tabular<Row extends object>(rows: readonly Row[], columns: Columns<Row>): Table {
  const call = 'tabular';
  const given = entriesOf(call, columns);
  const cells = isList(columns) ? given.length : undefined;
  const read = readRows(call, rows, cells);
  if (read.length === 0) throw new ValueError(`${call}: rows is an array of 0, expected at least one row`);
  const asked = given.filter(([, one]) => one !== undefined && one !== null);
  if (asked.length === 0) throw new ValueError(`${call}: columns says nothing of any column, expected at least one, such as { age: 'number' }`);
  const fitted = asked.map(([column, one]) => {
    if (cells === undefined) read.checkColumn(column);
    return fitColumn(call, read, column, one);
  });
  return { ...(cells !== undefined && { cells }), columns: fitted, features: fitted.flatMap((one) => encoderOf(one).names) };
}

/** The columns that were asked for, by name or place. @throws ValueError for what is neither an object nor a list */
function entriesOf(call: string, columns: unknown): (readonly [ColumnName, unknown])[] {
  try {
    if (isList(columns)) return Array.from(columns as readonly unknown[], (one, i) => [i, one] as const);
    if (typeof columns === 'object' && columns !== null && !ArrayBuffer.isView(columns)) return Object.entries(columns);
  } catch {
    // A trap or a getter throws: say what came.
  }
  throw new ValueError(`${call}: columns is ${describe(columns)}, expected an object, such as { age: 'number' }, or a list for rows that are lists`);
}

/** Reads a table that may come from a file. @throws ValueError for what `tabular` does not give */
function readTable(call: string, table: Table): { cells: number | undefined; encoders: readonly Encoder[] } {
  if (!hasFields(table)) throw new ValueError(`${call}: the table is ${describe(table)}, expected what tabular() gave`);
  const { cells, columns } = checkOptions(call, table, ['cells', 'columns', 'features'], {}, 'the table');
  if (cells !== undefined && !(Number.isInteger(cells) && cells > 0))
    throw new ValueError(`${call}: the table's cells is ${describe(cells)}, expected a whole number > 0`);
  const list = copyOf(call, "the table's columns", columns, 'a list, as tabular gives it');
  const isColumn = (column: unknown) =>
    cells === undefined ? typeof column === 'string' : Number.isInteger(column) && (column as number) >= 0 && (column as number) < cells;
  return { cells, encoders: list.map((column, i) => encoderOf(readFitted(call, column, i, isColumn))) };
}

/**
 * The numbers of rows, as `fit` and `predict` take them: a list for each row, `table.features.length` long; of a single row, its list.
 *
 * @throws ValueError, ShapeError naming row and column, as `tabular` does; also for a category that was not fitted, unless `unknown` says what becomes of
 *   it; for a table that `tabular` did not give
 */
export function encode<Row extends object>(table: Table, rows: readonly Row[]): number[][];
export function encode(table: Table, row: object): number[];
export function encode(table: Table, given: object): number[][] | number[] {
  const call = 'encode';
  const { cells, encoders } = readTable(call, table);
  const single = isSingle(call, given);
  const rows = readRows(call, single ? [given] : given, cells);
  const width = encoders.reduce((sum, { names }) => sum + names.length, 0);
  const encoded = Array.from({ length: rows.length }, (_, i) => {
    const row = new Array<number>(width);
    let at = 0;
    for (const { names, write } of encoders) {
      write(call, rows, i, row, at);
      at += names.length;
    }
    return row;
  });
  return single ? (encoded[0] as number[]) : encoded;
}
