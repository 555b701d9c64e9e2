/** Every initializer has its row in the vocabulary, and its numbers are spread as that row says. */
import { dense, sequential } from 'neurite';
import { describe, expect, test } from 'vitest';
import * as table from '../../src/layers/initializers.js';
import { expectExport, expectInReadme, expectRows } from '../rows.js';
import { initializers } from '../vocabulary.js';

test('each has a row, its export and its word in the README', () => {
  expectRows(
    'initializers',
    initializers.map(({ name }) => name),
    Object.keys(table),
  );
  for (const { name } of initializers) {
    expectExport(name, 'src/layers/initializers.ts exports it under its name');
    expectInReadme(name, 'initialisers');
  }
});

/** Wide and narrow: a law that took one fan for the other would show. */
describe.each([
  [400, 100],
  [50, 800],
])('%i inputs, %i outputs', (fanIn, fanOut) => {
  test.each(initializers.map((row) => [row.name, row] as const))('%s', (_, { init, law }) => {
    using net = sequential(fanIn, [dense(fanOut, { init })], { seed: 3 });
    const values = [...net.parameter('dense1.weights').values];
    const n = values.length;
    const expected = law(fanIn, fanOut);
    if (expected.kind === 'constant') {
      expect(new Set(values)).toEqual(new Set([expected.value]));
      return;
    }
    const { kind, deviation } = expected;
    const moment = (power: number) => values.reduce((sum, v) => sum + (v / deviation) ** power, 0) / n;
    // Moments of deviates of variance 1, each within five standard errors: 0, 1, 0, and 1.8 of a uniform, 3 of a normal law.
    const isUniform = kind === 'uniform';
    const moments = isUniform ? [1, 0, 1, 0, 1.8, 0, 27 / 7, 0, 9] : [1, 0, 1, 0, 3, 0, 15, 0, 105];
    for (const power of [1, 2, 3, 4]) {
      const mean = moments[power] as number;
      const error = Math.sqrt(((moments[2 * power] as number) - mean * mean) / n);
      expect(Math.abs(moment(power) - mean), `moment ${power}`).toBeLessThan(5 * error);
    }
    if (isUniform) expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(deviation * Math.sqrt(3)));
  });
});
