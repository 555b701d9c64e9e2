/** What a claim of the docs accepts, and what it does not. */
import { describe, expect, test } from 'vitest';
import { checked, fits } from './claims.js';

describe('fits', () => {
  test.each([
    ['0.98', '≥ 0.9'],
    ['[0.0012, 0.9988]', '[< 0.01, > 0.99]'],
    ['0.0904', '0.090'],
    ['-0.0380981', '−0.038098'],
    ['1e-7', '< 0.001'],
    ['ShapeError: predict: x has 3 values', 'ShapeError: predict:…'],
    ['a\nb 3', 'a b 3'],
  ])('%j is as %j says', (found, expected) => expect(fits(found, expected)).toBe(true));

  test.each([
    ['0.89', '≥ 0.9'],
    ['0.0912', '0.090'],
    ['[1, 2, 3]', '[1, 2]'],
    ['12', '2'],
    ['NaN', '< 1'],
    ['true', 'false'],
    ['', '1'],
  ])('%j is not as %j says', (found, expected) => expect(fits(found, expected)).toBe(false));
});

test('a claim behind no statement is an error', () => {
  expect(checked('console.log(1); // → 1', 1).claims).toBe(1);
  expect(() => checked('if (x) { // → 1', 1)).toThrow('line 1');
});
