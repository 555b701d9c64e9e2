import { describe, expect, test } from 'vitest';
import { coreOf } from '../../src/core/core.js';
import { sweep } from '../sweep.js';
import { builds } from './machine.js';
import { DENORMAL } from './numbers.js';

describe.each(builds)('%s: the first float that is no finite number', (build) => {
  const core = coreOf(build);
  const base = core.allocate(4 * 256, 'test');

  const lengths = sweep(
    Array.from({ length: 71 }, (_, n) => n),
    [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 70],
  );

  test('is found at each place of each length, wherever the array begins, and not behind its end', () => {
    for (const shift of [0, 1, 2, 3]) {
      const address = base + shift * 4;
      const at = address >>> 2;
      for (const n of lengths) {
        core.f32.fill(Number.NaN, base >>> 2, (base >>> 2) + 256);
        core.f32.fill(3.4e38, at, at + n);
        expect(core.exports.firstNonFinite(address, n)).toBe(-1);
        for (let i = 0; i < n; i++) {
          const value = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][i % 3] as number;
          core.f32[at + i] = value;
          expect(core.exports.firstNonFinite(address, n), `${value} at ${i} of ${n}`).toBe(i);
          // The first of several.
          if (i + 5 < n) core.f32[at + i + 5] = Number.NaN;
          expect(core.exports.firstNonFinite(address, n)).toBe(i);
          if (i + 5 < n) core.f32[at + i + 5] = 1;
          core.f32[at + i] = -1;
        }
      }
    }
  });

  test('zeros, denormals and the largest floats are finite', () => {
    const values = [0, -0, DENORMAL, -DENORMAL, 2 ** -126, 3.4028234663852886e38, -3.4028234663852886e38, 1];
    const at = base >>> 2;
    for (let n = 1; n <= 32; n++) {
      for (let i = 0; i < n; i++) core.f32[at + i] = values[i % values.length] as number;
      expect(core.exports.firstNonFinite(base, n)).toBe(-1);
    }
  });

  test('every NaN is one, whatever its sign and payload', () => {
    for (const bits of [0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff]) {
      core.f32.fill(0, base >>> 2, (base >>> 2) + 20);
      core.u32[(base >>> 2) + 13] = bits;
      expect(core.exports.firstNonFinite(base, 20)).toBe(13);
    }
  });
});
