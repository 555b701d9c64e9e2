/** The file of a population need not be trusted: whatever its bytes are, they give a population that works, or a FileError. */
import { adam, batchNorm, dense, FileError, meanSquaredError, sequential } from 'neurite';
import { loadPopulation, population, savePopulation } from 'neurite/population';
import { describe, expect, test } from 'vitest';

const x = Float32Array.from({ length: 24 }, (_, i) => Math.fround(Math.sin(i)));
const y = Float32Array.from({ length: 24 }, (_, i) => Math.fround(Math.cos(i)));

const template = sequential(2, [dense(3, 'tanh'), batchNorm(), dense(2)], { build: 'simd', loss: meanSquaredError(), optimizer: adam() });
const herd = population(template, 3);
herd.step(x, y);
const bytes = savePopulation(herd);

describe('a file with a byte changed', () => {
  test.each([0xff, 0x01, 0x80, 0x20])('by %i', (flip) => {
    let read = 0;
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ flip;
      try {
        const again = loadPopulation(changed);
        for (let net = 0; net < again.count; net++) expect(again.parameters(net).every(Number.isFinite)).toBe(true);
        again.step(x, y);
        again.dispose();
        read++;
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(FileError);
      }
    }
    expect(read).toBeGreaterThan(0);
  });
});

test('a file that is cut anywhere', () => {
  for (let length = 0; length < bytes.length; length++) expect(() => loadPopulation(bytes.subarray(0, length))).toThrow(FileError);
});
