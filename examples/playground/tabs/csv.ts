/** A CSV file as a table of cells, and what each of its columns seems to be. */
import { parse } from 'csv-parse/sync';

export const MOST_BYTES = 200 * 2 ** 20;

export type Cell = string;
export type Row = Readonly<Record<string, Cell>>;
export type Kind = 'number' | 'category' | 'none';

export interface CsvColumn {
  readonly name: string;
  readonly kind: Kind;
  /** Different values, those of categories in their order. */
  readonly values: readonly string[];
  readonly gaps: number;
}

export interface Csv {
  readonly rows: readonly Row[];
  readonly columns: readonly CsvColumn[];
}

export class CsvError extends Error {}

/** As many values a category has at most. */
const MOST_CATEGORIES = 40;
const GAPS = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?']);

export function isGap(cell: Cell): boolean {
  return GAPS.has(cell.trim().toLowerCase());
}

/** The size of a file, before it is read. @throws CsvError for one too large */
export function checkSize(bytes: number): void {
  if (bytes > MOST_BYTES)
    throw new CsvError(`The file has ${Math.round(bytes / 2 ** 20)} MB, and 200 MB is the most that this page reads. Take a part of its rows.`);
  if (bytes === 0) throw new CsvError('The file is empty.');
}

function delimiterOf(line: string): string {
  const counts = [',', ';', '\t', '|'].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).one;
}

/** @throws CsvError for what is no table, saying why */
export function readCsv(text: string): Csv {
  if (text.slice(0, 65536).includes('\0')) throw new CsvError('The file is no CSV: it has bytes of zero, as binary files have.');
  if (text.slice(0, 65536).includes('\ufffd')) throw new CsvError('The file is no CSV in UTF-8: it has bytes that are no text.');
  const first = text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1);
  let cells: string[][];
  try {
    cells = parse(text, { delimiter: delimiterOf(first), bom: true, skip_empty_lines: true, relax_column_count: false, trim: true });
  } catch (error) {
    throw new CsvError(`The file is no CSV: ${error instanceof Error ? error.message : error}`);
  }
  const names = (cells[0] ?? []).map((name, i) => name || `column ${i + 1}`);
  if (names.length < 2) throw new CsvError('The file is no table: its first line has one column, expected names with commas between.');
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new CsvError(`The file has two columns of the name “${twice}”.`);
  if (cells.length < 11) throw new CsvError(`The file has ${cells.length - 1} rows below its names, expected at least 10.`);
  const rows = cells.slice(1).map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
  const columns = names.map((name) => columnOf(name, rows));
  if (!columns.some(({ kind }) => kind === 'number'))
    throw new CsvError(`The file has no numeric column among ${names.slice(0, 8).join(', ')}: nothing here could be computed with.`);
  return { rows, columns };
}

function columnOf(name: string, rows: readonly Row[]): CsvColumn {
  const present = rows.map((row) => row[name] as string).filter((cell) => !isGap(cell));
  const values = [...new Set(present)].sort();
  const numeric = present.filter((cell) => Number.isFinite(Number(cell))).length;
  const gaps = rows.length - present.length;
  const kind =
    present.length > 0 && numeric === present.length ? 'number' : values.length <= MOST_CATEGORIES && values.length > 0 ? 'category' : 'none';
  return { name, kind, values: kind === 'number' ? values.slice(0, MOST_CATEGORIES + 1) : values.slice(0, 1000), gaps };
}

/** Whether a column of numbers could be classes. */
export function couldBeClasses({ kind, values }: CsvColumn): boolean {
  return kind === 'category' || (kind === 'number' && values.length <= 12);
}
