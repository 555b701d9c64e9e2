import { expect, test } from 'vitest';
import { EXCITING, excitingDigits, mostExcited, usualOf } from '../../examples/playground/tabs/exciting.js';

const PIXELS = 784;

test('the rows that excite a unit most come first, without those that do not', () => {
  // Two units; the first is excited by row i as i·7 mod 50, the second by row 3 alone.
  const activations = Float32Array.from({ length: 2 * 50 }, (_, i) => (i % 2 === 0 ? ((i / 2) * 7) % 50 : Number(i === 7)));
  const found = mostExcited(activations, 2, 0);
  expect(found).toHaveLength(EXCITING);
  expect(found.map((row) => (row * 7) % 50)).toEqual(Array.from({ length: EXCITING }, (_, i) => 49 - i));
  expect(mostExcited(activations, 2, 1)).toEqual([3]);
  expect(mostExcited(new Float32Array(100), 2, 0)).toEqual([]);
});

test('a picture is the mean of those rows less the mean of all, and 0 where no row excites', () => {
  const rows = Float32Array.from({ length: 4 * PIXELS }, (_, i) => (Math.floor(i / PIXELS) + (i % PIXELS)) / 1024);
  const usual = usualOf(rows);
  // Of 0, 1, 2, 3 beyond the pixel's own: mean 1.5, variance 1.25.
  expect(usual.mean[5]).toBeCloseTo((5 + 1.5) / 1024, 6);
  expect(usual.spread[5]).toBeCloseTo(Math.sqrt(1.25) / 1024, 6);
  const pictures = excitingDigits(rows, Float32Array.of(0, 0, 0, 0, 1, 0, 2, 0), usual);
  expect(pictures).toHaveLength(2 * PIXELS);
  for (const at of [0, 783]) expect(pictures[at]).toBeCloseTo(1 / 1024, 6);
  expect(pictures.subarray(PIXELS).every((v) => v === 0)).toBe(true);
});
