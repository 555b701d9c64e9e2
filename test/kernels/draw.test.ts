/** Numbers that are drawn anew in each step: of the key, the step and the place alone, as the oracle's Philox says them. */
import { afterAll, describe, expect, test } from 'vitest';
import { Context } from '../../assembly/context.js';
import { Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { normalOf, philox } from '../oracle/random.js';
import { bits, builds, Machine } from './machine.js';
import { spacing } from './ulp.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const MASK = 0;
const NORMAL = 1;

/** How an instruction is drawn. */
interface Draw {
  readonly rows: number;
  readonly features: number;
  readonly key: readonly [number, number];
  /** Steps before this call, and of it. */
  readonly firstStep?: number;
  readonly step?: number;
  readonly firstRow?: number;
  readonly kind?: number;
  readonly alpha?: number;
  readonly rate?: number;
  readonly shift?: number;
}

/** What an instruction leaves. */
function drawn(build: Build, draw: Draw): Float32Array {
  const { rows, features, key, firstStep = 0, step = 0, firstRow = 0, kind = MASK, alpha = 2, rate = 0.5, shift = 0 } = draw;
  const machine = machines.get(build) as Machine;
  machine.clear();
  const u32 = machine.core.u32;
  for (const [field, value] of [
    [Context.FirstStep, firstStep],
    [Context.Step, step],
    [Context.FirstRow, firstRow],
  ] as const)
    u32[(machine.context + field) >> 2] = value;
  const y = machine.tensor(rows * features, shift);
  const words = machine.ids(key);
  machine.run([Opcode.Random, y, words, rows, features, kind, bits(alpha), bits(rate)]);
  return machine.read(y, rows * features);
}

/** Words `first` to `first + n` of a step, by the oracle. */
function wordsOf(n: number, key: readonly [number, number], step: number, first = 0): number[] {
  return Array.from({ length: n }, (_, i) => philox([Math.floor((first + i) / 4), step, 0, 0], key)[(first + i) % 4] as number);
}

const keys = [
  [0, 0],
  [0x3f000000, 0x3e99999a],
  [0xffffffff, 0x80000000],
] as const;

describe.each(builds)('%s', (build) => {
  test.each([0, 2 ** -33, 0.1, 0.25, 0.5, 0.9, 1 - 2 ** -24])('a mask of the rate %d', (given) => {
    const rate = Math.fround(given);
    for (const key of keys) {
      const y = drawn(build, { rows: 61, features: 7, key, firstStep: 40, step: 2, alpha: 1.25, rate });
      wordsOf(61 * 7, key, 42).forEach((word, i) => {
        expect(y[i]).toBe((word + 0.5) / 2 ** 32 >= rate ? 1.25 : 0);
      });
    }
  });

  test('normal deviates', () => {
    for (const key of keys) {
      const y = drawn(build, { rows: 61, features: 7, key, firstStep: 1, kind: NORMAL, alpha: 0.25 });
      wordsOf(61 * 7, key, 1).forEach((word, i) => {
        const exact = 0.25 * normalOf(word);
        // As `normal` of initializers: rounded once, of quantiles in f64.
        expect(Math.abs((y[i] as number) - exact)).toBeLessThanOrEqual(spacing(exact) / 2 + 1e-12 * Math.abs(exact));
      });
    }
  });

  test('an element follows from its place, wherever a part begins and however wide a row is', () => {
    const key = keys[1];
    for (const kind of [MASK, NORMAL]) {
      for (const features of [1, 2, 3, 4, 5, 7, 16]) {
        const whole = drawn(build, { rows: 19, features, key, firstStep: 3, kind });
        for (const firstRow of [1, 2, 3, 5, 18]) {
          const part = drawn(build, { rows: 19 - firstRow, features, key, firstStep: 3, kind, firstRow, shift: firstRow & 3 });
          expect(part).toEqual(whole.slice(firstRow * features));
        }
      }
    }
  });

  test('steps add up, to 2³² of them', () => {
    const key = keys[2];
    const common = { rows: 9, features: 3, key };
    expect(drawn(build, { ...common, firstStep: 5, step: 7 })).toEqual(drawn(build, { ...common, firstStep: 12 }));
    expect(drawn(build, { ...common, firstStep: 5 })).not.toEqual(drawn(build, { ...common, firstStep: 6 }));
    const late = drawn(build, { ...common, firstStep: 0xfffffffe, step: 1 });
    wordsOf(27, key, 0xffffffff).forEach((word, i) => {
      expect(late[i]).toBe(word + 0.5 >= 2 ** 31 ? 2 : 0);
    });
  });
});

test.runIf(builds.length > 1)('both builds give the same bits', () => {
  for (const kind of [MASK, NORMAL]) {
    const [first, second] = builds.map((build) => drawn(build, { rows: 500, features: 7, key: keys[1], firstStep: 9, kind, alpha: 0.3 }));
    expect(new Uint32Array((first as Float32Array).buffer)).toEqual(new Uint32Array((second as Float32Array).buffer));
  }
});
