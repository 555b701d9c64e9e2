/** The bits of one thread, whatever their number. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { program, type Trained } from '../engines/program.js';
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
