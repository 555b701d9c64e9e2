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

/** The text of a file: UTF-8, UTF-16 where it says so, else the Windows-1252 of old spreadsheets. */
export function textOf(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** @param head the first line that is not blank; what stands in quotes does not count */
function delimiterOf(head: string): string {
  const line = head.replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).one;
}

/** @throws CsvError for what is no table, saying why */
export function readCsv(text: string): Csv {
  if (text.slice(0, 65536).includes('\0')) throw new CsvError('The file is no CSV: it has bytes of zero, as binary files have.');
  const [head = ''] = /^\s*("(?:[^"]|"")*"|[^"\r\n])+/.exec(text) ?? [];
  const delimiter = delimiterOf(head);
  let cells: string[][];
  try {
    cells = parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      bom: true,
      skip_empty_lines: true,
      relax_column_count: false,
      trim: true,
    });
  } catch (error) {
    throw new CsvError(`The file is no CSV: ${error instanceof Error ? error.message : error}`);
  }
  const names = (cells[0] ?? []).map((name, i) => name || `column ${i + 1}`);
  if (names.length < 2) throw new CsvError('The file is no table: its first line has one column, expected names with commas between.');
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new CsvError(`The file has two columns of the name “${twice}”.`);
  if (cells.length < 11) throw new CsvError(`The file has ${cells.length - 1} rows below its names, expected at least 10.`);
  for (const i of names.keys()) writePlainly(cells, i, delimiter);
  const rows = cells.slice(1).map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
  const columns = names.map((name) => columnOf(name, rows));
  if (!columns.some(({ kind }) => kind === 'number'))
    throw new CsvError(`The file has no numeric column among ${names.slice(0, 8).join(', ')}: nothing here could be computed with.`);
  return { rows, columns };
}

/** How numbers are grouped and where their fraction begins, by where a comma cannot stand between columns. */
const WRITTEN = {
  fraction: { whole: /^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$/, mark: ',', plain: (cell: Cell) => cell.replaceAll('.', '').replace(',', '.') },
  thousands: { whole: /^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$/, mark: ',', plain: (cell: Cell) => cell.replaceAll(',', '') },
};

/** Writes the numbers of a column as JavaScript does, where all of it are numbers with commas: of fractions (3,14) where columns end otherwise, else of thousands. */
function writePlainly(cells: string[][], column: number, delimiter: string): void {
  const { whole, mark, plain } = delimiter === ',' ? WRITTEN.thousands : WRITTEN.fraction;
  const below = cells.slice(1).filter((row) => !isGap(row[column] ?? ''));
  if (!below.some((row) => row[column]?.includes(mark)) || !below.every((row) => whole.test(row[column] as string))) return;
  for (const row of below) row[column] = plain(row[column] as string);
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
