/** Tables against scikit-learn: see metrics.slow.test.ts for when it is skipped. */
import { type Column, encode, tabular } from 'neurite';
import { beforeAll, describe, expect, test } from 'vitest';
import { numbers } from '../kernels/numbers.js';
import { answerOf, hasModule, isRequired } from '../python.js';

interface Row {
  readonly n: number | null;
  readonly c: string;
}

const cases = Array.from({ length: 200 }, (_, seed) => {
  const next = numbers(seed);
  const whole = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const level = 10 ** whole(5) * next();
  const row = (words: number): Row => ({ n: whole(4) === 0 ? null : level + (seed % 9 === 0 ? 0 : next()), c: `${'abcdefgh'[whole(words)]}` });
  // Of each column a row has something; the others have more words.
  const training = [{ n: level, c: 'a' }, ...Array.from({ length: whole(30) }, () => row(5))];
  return { training, others: Array.from({ length: 10 }, () => row(8)) };
});

const columns: readonly { readonly [name: string]: Column }[] = [
  { n: { as: 'number', impute: 'mean' } },
  { n: { as: 'number', impute: 'median' } },
  { n: { as: 'number', impute: 'mean', scale: 'minMax' } },
  { n: { as: 'number', impute: 'median', scale: 'minMax' } },
  { c: { as: 'oneHot', unknown: 'ignore' } },
  { c: { as: 'ordinal', unknown: 'own' } },
];

describe.runIf(isRequired('test:sklearn') || hasModule('sklearn'))('the tables of scikit-learn', () => {
  let answers: number[][][][] = [];

  beforeAll(() => {
    answers = answerOf(new URL('tabular.py', import.meta.url), cases) as number[][][][];
  }, 120_000);

  test.each(columns.map((column, i) => [JSON.stringify(column), column, i] as const))('%s', (_, column, i) => {
    cases.forEach(({ training, others }, at) => {
      const found = encode(tabular<Row>(training, column), others).flat();
      const expected = (answers[at]?.[i] ?? []).flat();
      expect(found.length).toBe(expected.length);
      found.forEach((value, k) => {
        const wanted = expected[k] as number;
        // Scaling divides the rounding of a number by the deviation, which is far smaller.
        const near = Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
        if (!near) expect.fail(`case ${at}, value ${k}: ${value}, scikit-learn has ${wanted}`);
      });
    });
  });
});
