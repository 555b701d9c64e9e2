import { describe, expect, test } from 'vitest';
import { CsvError, checkSize, couldBeClasses, readCsv, textOf } from '../../examples/playground/tabs/csv.js';

const rows = (line: (i: number) => string) => Array.from({ length: 12 }, (_, i) => line(i)).join('\n');

describe('a CSV file', () => {
  test('becomes columns of numbers and categories', () => {
    const { rows: read, columns } = readCsv(`size;kind;note\n${rows((i) => `${i};${i % 2 ? 'a' : 'b'};`)}\n`);
    expect(read[1]).toEqual({ size: '1', kind: 'a', note: '' });
    expect(columns.map(({ name, kind, gaps }) => [name, kind, gaps])).toEqual([
      ['size', 'number', 0],
      ['kind', 'category', 0],
      ['note', 'none', 12],
    ]);
    expect(columns.map(couldBeClasses)).toEqual([true, true, false]);
  });

  test.each([
    ['bytes of zero', 'a,b\0\n1,2'],
    ['one column', `a\n${rows(String)}`],
    ['a row too short', `a,b\n${rows((i) => (i === 4 ? '1' : '1,2'))}`],
    ['an open quote', `a,b\n"${rows(() => '1,2')}`],
    ['too few rows', 'a,b\n1,2'],
    ['one name twice', `a,a\n${rows(() => '1,2')}`],
    ['no numeric column', `a,b\n${rows(() => 'x,y')}`],
  ])('%s is an error that says so', (_, text) => {
    expect(() => readCsv(text)).toThrow(CsvError);
  });

  test.each<[string, string, readonly string[]]>([
    ['fractions with a comma, between semicolons', `a;b\n${rows((i) => `${i},5;x`)}`, ['0.5', '1.5']],
    ['thousands with a point and fractions with a comma', `a;b\n${rows((i) => `1.00${i % 10},25;x`)}`, ['1000.25', '1001.25']],
    ['thousands with a comma, in quotes', `a,b\n${rows((i) => `"1,00${i % 10}.5",x`)}`, ['1000.5', '1001.5']],
    ['negative ones between tabulators', `a\tb\n${rows((i) => `-${i},25\tx`)}`, ['-0.25', '-1.25']],
    ['a gap among them', `a;b\n${rows((i) => `${i === 1 ? 'NA' : '2,5'};x`)}`, ['2.5', 'NA']],
  ])('numbers as they are written elsewhere: %s', (_, text, expected) => {
    const { rows: read, columns } = readCsv(text);
    expect(columns[0]?.kind).toBe('number');
    expect(read.slice(0, 2).map(({ a }) => a)).toEqual(expected);
  });

  test('a column in which commas are no part of numbers stays as it is', () => {
    const { rows: read, columns } = readCsv(`a;b\n${rows((i) => `${i === 3 ? '1,2,3' : '1,2'};${i}`)}`);
    expect([read[0]?.a, columns[0]?.kind]).toEqual(['1,2', 'category']);
  });

  test('quotes may hold newlines, delimiters and quotes; blank lines and old line ends are no rows', () => {
    const { rows: read, columns } = readCsv(`\r\r"a;b\nc",n\r${Array.from({ length: 12 }, (_, i) => `"x\n""y"", ${i % 2}",${i}`).join('\r')}\r\r`);
    expect(columns.map(({ name }) => name)).toEqual(['a;b\nc', 'n']);
    expect(read).toHaveLength(12);
    expect(read[1]?.['a;b\nc']).toBe('x\n"y", 1');
  });

  test('500 columns', () => {
    const line = (of: (j: number) => unknown) => Array.from({ length: 500 }, (_, j) => of(j)).join(',');
    const { columns } = readCsv(`${line((j) => `c${j}`)}\n${rows((i) => line((j) => i * j))}`);
    expect(columns.filter(({ kind }) => kind === 'number')).toHaveLength(500);
  });

  test('text is read in UTF-8, with its mark, in UTF-16 and in Windows-1252', () => {
    const text = `größe,n\n${rows((i) => `ä,${i}`)}`;
    const latin = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const utf16 = Uint16Array.from(`\ufeff${text}`, (letter) => letter.charCodeAt(0));
    const swapped = utf16.map((unit) => ((unit & 0xff) << 8) | (unit >> 8));
    for (const bytes of [new TextEncoder().encode(text), new TextEncoder().encode(`\ufeff${text}`), latin, utf16, swapped]) {
      const { columns } = readCsv(textOf(bytes.slice().buffer));
      expect(columns.map(({ name, values }) => [name, values[0]])).toEqual([
        ['größe', 'ä'],
        ['n', '0'],
      ]);
    }
    expect(textOf(new ArrayBuffer(0))).toBe('');
  });

  test('a file too large or empty is refused by its size', () => {
    expect(() => checkSize(200 * 2 ** 20 + 1)).toThrow('200 MB');
    expect(() => checkSize(0)).toThrow('empty');
    expect(() => checkSize(200 * 2 ** 20)).not.toThrow();
  });
});
