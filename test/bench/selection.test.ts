import { expect, test } from 'vitest';
import { selection } from '../../bench/selection.js';

test('a row is asked for by its name or its family', () => {
  const wanted = selection('T4,G 256x256x256 nn');
  expect(['T4', 'T4 step', 'T1', 'G 256x256x256 nn', 'G 64x64x64 nn'].map((row) => wanted(row))).toEqual([true, true, false, true, false]);
  expect(() => wanted.done()).not.toThrow();
});

test('a name that no row has is known as such once all rows were asked about', () => {
  const wanted = selection('T1,T9,t1');
  for (const row of ['T1', 'T2 2 threads']) wanted(row);
  expect(() => wanted.done()).toThrow('--only: no row is called T9, t1');
});

test('everything is asked for where nothing is', () => {
  const wanted = selection(undefined);
  expect(wanted('T1')).toBe(true);
  expect(() => wanted.done()).not.toThrow();
});
