import { describe, expect, test } from 'vitest';
import { CsvError, checkSize, couldBeClasses, readCsv } from '../../examples/playground/tabs/csv.js';

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
    ['no text', 'a,b\n\ufffd\ufffd,2'],
    ['one column', `a\n${rows(String)}`],
    ['a row too short', `a,b\n${rows((i) => (i === 4 ? '1' : '1,2'))}`],
    ['an open quote', `a,b\n"${rows(() => '1,2')}`],
    ['too few rows', 'a,b\n1,2'],
    ['one name twice', `a,a\n${rows(() => '1,2')}`],
    ['no numeric column', `a,b\n${rows(() => 'x,y')}`],
  ])('%s is an error that says so', (_, text) => {
    expect(() => readCsv(text)).toThrow(CsvError);
  });

  test('a file too large or empty is refused by its size', () => {
    expect(() => checkSize(200 * 2 ** 20 + 1)).toThrow('200 MB');
    expect(() => checkSize(0)).toThrow('empty');
    expect(() => checkSize(200 * 2 ** 20)).not.toThrow();
  });
});
