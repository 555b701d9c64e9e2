/** docs/compatibility.md is what a whole run made: its rows are those that exist, and each passed. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rowMakers } from './rows.mjs';
import { compatibility, parse } from './table.mjs';

const document = parse(readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8'));

test('each row of the table is one that the command runs, and each of these is in the table', async () => {
  const rows = (await rowMakers()).flatMap((make) => make({}));
  expect(document.rows.map(({ host, way }) => `${host}: ${way}`)).toEqual(rows.map(({ host, way }) => `${host}: ${way}`));
});

test('every row passed', () => {
  expect(document.rows.filter(({ result }) => result !== 'passed')).toEqual([]);
});

test('it is of this version', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(document.version).toBe(version);
});

test('a document that was changed by hand is told', () => {
  const rows = [{ host: 'a', way: 'b | c', version: '1', result: 'passed' }];
  const text = compatibility({ date: '2026-01-01', version: '1.0.0', rows });
  expect(parse(text).rows).toEqual(rows);
  expect(() => parse(text.replace('1 of 1', '2 of 2'))).toThrow('run npm run test:everywhere');
});
