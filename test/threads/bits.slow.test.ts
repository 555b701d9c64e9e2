/** The bits of one thread, whatever their number. */
import { readFileSync } from 'node:fs';
import { dense, sequential } from 'neurite';
import { int8 } from 'neurite/int8';
import { describe, expect, test } from 'vitest';
import { program, type Trained } from '../engines/program.js';
import { filled, numbers } from '../kernels/numbers.js';
import { onThreads } from './debugTeam.js';

const golden = JSON.parse(readFileSync(new URL('../engines/golden.json', import.meta.url), 'utf8')) as Trained;

describe('the fixed networks', () => {
  test.each([1, 2, 3, 4, 7])(
    'have the golden bits on %i threads',
    async (count) => {
      const few = [1, 10];
      const trained = await onThreads('simd', count, () => program(few));
      expect(trained).toEqual(
        Object.fromEntries(Object.entries(golden).map(([name, steps]) => [name, Object.fromEntries(few.map((step) => [step, steps[step]]))])),
      );
    },
    60_000,
  );
});

const rows = filled(64 * 37, numbers(1));

function quantizedPredictions(): number[][] {
  using net = sequential(37, [dense(50, 'tanh'), dense(33, 'relu'), dense(3, 'softmax')], { build: 'simd', seed: 1 });
  using fixed = net.freeze({ quantize: int8 });
  return [1, 3, 4, 5, 8, 9, 13, 64].map((count) => [...fixed.predict(rows.subarray(0, count * 37))]);
}

// Before the first test, which puts cores of threads in the place of the one for one thread.
const expected = quantizedPredictions();

test.each([1, 2, 3, 4, 7])('weights of eight bits have the bits of one thread on %i', async (count) => {
  expect(await onThreads('simd', count, quantizedPredictions)).toEqual(expected);
});
