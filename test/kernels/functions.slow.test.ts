import { afterAll, describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import type { Build } from '../../src/core/core.js';
import { erf, erfc, pow, unaryFunctions } from '../oracle/functions.js';
import { bits, builds, Machine } from './machine.js';
import { ulps } from './ulp.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

type Name = 'Exp' | 'Expm1' | 'Log' | 'Log1p' | 'Erf' | 'Erfc' | 'Sigmoid' | 'Tanh' | 'Softplus';

/**
 * Errors in ulp that the functions' files state: those of every float with 2⁻⁶ ≤ |x| < 2⁷ and every seventh of the others.
 * A multiply-add rounds twice in the baseline build; in the relaxed build once, on machines that fuse it.
 */
const bounds: Record<Name, { twice: number; once: number }> = {
  Exp: { twice: 0.92, once: 0.92 },
  Expm1: { twice: 1.61, once: 1.59 },
  Log: { twice: 0.96, once: 0.93 },
  Log1p: { twice: 1.55, once: 1.55 },
  Erf: { twice: 1.8, once: 1.69 },
  Erfc: { twice: 0.503, once: 0.503 },
  Sigmoid: { twice: 1.97, once: 1.97 },
  Tanh: { twice: 1.5, once: 1.5 },
  Softplus: { twice: 1.79, once: 1.79 },
};

/** ½ for the one rounding, and what double precision leaves: 2.7e-14 · 150 + 5e-11, relative. */
const POW_BOUND = 0.501;

const infinity = Number.POSITIVE_INFINITY;
/** Where something changes: specials, thresholds, the borders of reductions. Neighbours of each are tried too. */
const places = [
  0,
  2 ** -149,
  2 ** -126,
  2 ** -24,
  0.5,
  Math.SQRT1_2,
  1,
  Math.SQRT2,
  2,
  2 ** 24,
  2 ** 126.5,
  2 ** 127,
  3.4028235e38,
  0.5 * Math.LN2,
  1.5 * Math.LN2,
  0.5493061,
  0.8813736,
  1.1,
  3.92,
  4,
  9.0109,
  16.6355,
  17.3287,
  18,
  87.33655,
  88,
  88.37626,
  88.722839,
  89,
  103.27893,
  103.97208,
  104,
];

/** Whether a multiply-add of this build rounds once here: (1 + 2⁻¹²)² − 1 then keeps its 2⁻²⁴. */
function fuses(build: Build): boolean {
  const machine = machines.get(build) as Machine;
  machine.clear();
  const x = machine.tensor([1 + 2 ** -12]);
  machine.run([Opcode.Affine, x, x, 1, bits(1 + 2 ** -12), bits(-1)]);
  return machine.read(x, 1)[0] !== 2 ** -11;
}

const CHUNK = 1 << 16;

/** Bit patterns to try, a chunk at a time: every stride-th of all, every denseStride-th with 2⁻⁶ ≤ |x| < 2⁷, and 2¹² around each place. */
function* patterns(stride: number, denseStride: number): Generator<Uint32Array> {
  let chunk = new Uint32Array(CHUNK);
  let n = 0;
  const ranges: [from: number, to: number, step: number][] = [[0, 2 ** 32, stride]];
  for (const sign of [0, 0x80000000]) {
    ranges.push([sign + 0x3c800000, sign + 0x43000000, denseStride]);
    for (const place of places) ranges.push([sign + Math.max(0, bits(place) - 2048), sign + bits(place) + 2048, 1]);
    ranges.push([sign + 0x7f800000 - 2048, sign + 0x7f800000 + 2048, 1]);
  }
  for (const [from, to, step] of ranges) {
    for (let pattern = from; pattern < to; pattern += step) {
      chunk[n++] = pattern;
      if (n === CHUNK) {
        yield chunk;
        chunk = new Uint32Array(CHUNK);
        n = 0;
      }
    }
  }
  yield chunk.subarray(0, n);
}

/** The largest error in each build and the argument it is at. */
function sweep(opcode: Opcode, exactly: (x: number) => number, alpha = 0, stride = 512, denseStride = 127) {
  const worst = new Map(builds.map((build) => [build, { ulps: 0, at: 0, actual: 0, exact: 0 }]));
  for (const chunk of patterns(stride, denseStride)) {
    const x = new Float32Array(chunk.buffer, 0, chunk.length);
    const exact = Float64Array.from(x, exactly);
    for (const [build, machine] of machines) {
      machine.clear();
      const source = machine.tensor(x);
      const target = machine.tensor(x.length);
      machine.run([opcode, target, source, x.length, bits(alpha), 0]);
      const y = machine.read(target, x.length);
      const found = worst.get(build) as { ulps: number; at: number; actual: number; exact: number };
      for (let i = 0; i < x.length; i++) {
        // rounded correctly: off by ½ at most
        if (y[i] === Math.fround(exact[i] as number) && y[i] !== 0) continue;
        const off = ulps(y[i] as number, exact[i] as number);
        if (off > found.ulps) Object.assign(found, { ulps: off, at: x[i], actual: y[i], exact: exact[i] });
      }
    }
  }
  return worst;
}

describe('the oracle', () => {
  test.each([
    [0.1, 0.1124629160182849, 0.887537083981715],
    [0.5, 0.5204998778130465, 0.4795001221869535],
    [1, 0.8427007929497149, 0.15729920705028513],
    [2, 0.9953222650189527, 0.004677734981047266],
    [2.25, 0.9985372834133188, 0.0014627165866811518],
    [3, 0.9999779095030014, 2.209049699858544e-5],
    [5, 0.9999999999984626, 1.537459794428035e-12],
  ])('erf and erfc of %d', (x, expected, complement) => {
    expect(Math.abs(erf(x) / expected - 1)).toBeLessThan(1e-15);
    expect(erf(-x)).toBe(-erf(x));
    // below 2.2 erfc is 1 − erf, which keeps absolute accuracy
    expect(Math.abs(erfc(x) - complement)).toBeLessThan(x < 2.2 ? 1e-15 : complement * 1e-14);
  });
});

describe('over the floats', () => {
  test.each(Object.keys(bounds) as Name[])('%s stays within its bound', (name) => {
    for (const [build, found] of sweep(Opcode[name], unaryFunctions[name])) {
      expect(found.ulps, `${build}: ${found.actual} for ${found.exact} at ${found.at}`).toBeLessThanOrEqual(
        fuses(build) ? bounds[name].once : bounds[name].twice,
      );
    }
  });

  const powers = [2, 3, 0.5, -0.5, -1, -2, 1 / 3, 2.5, 1, 100, -17.25, 1e-3, 0, 16777217, 16777215, 1e10, infinity, -infinity, Number.NaN].map(
    Math.fround,
  );
  test.each(powers)('Pow with the exponent %d is rounded once', (alpha) => {
    for (const [build, found] of sweep(Opcode.Pow, (x) => pow(x, alpha), alpha, 1 << 15, 1 << 12)) {
      expect(found.ulps, `${build}: ${found.actual} for ${found.exact} at ${found.at}`).toBeLessThanOrEqual(POW_BOUND);
    }
  });
});

describe.each(builds)('exactly, %s', (build) => {
  const machine = machines.get(build) as Machine;

  function apply(opcode: Opcode, x: ArrayLike<number>, alpha = 0): number[] {
    machine.clear();
    const source = machine.tensor(x);
    const target = machine.tensor(x.length);
    machine.run([opcode, target, source, x.length, bits(alpha), 0]);
    return [...machine.read(target, x.length)];
  }

  const { NaN: nan } = Number;
  const tiny = 2 ** -149;

  test.each<[name: keyof typeof Opcode, x: number[], y: number[]]>([
    [
      'Exp',
      [0, -0, infinity, -infinity, nan, 88.72283935546875, -103.972077, -103.9721, -104, 1e30, -1e30],
      [1, 1, infinity, 0, nan, infinity, tiny, 0, 0, infinity, 0],
    ],
    [
      'Expm1',
      [0, -0, infinity, -infinity, nan, tiny, -tiny, 88.72283935546875, -30, 1e30, -1e30],
      [0, -0, infinity, -1, nan, tiny, -tiny, infinity, -1, infinity, -1],
    ],
    ['Log', [1, 0, -0, infinity, -infinity, nan, -1, -tiny, tiny], [0, -infinity, -infinity, infinity, nan, nan, nan, nan, -103.2789306640625]],
    ['Log1p', [0, -0, infinity, -infinity, nan, -1, -1.0000001, tiny, -tiny, -2], [0, -0, infinity, nan, nan, -infinity, nan, tiny, -tiny, nan]],
    ['Erf', [0, -0, infinity, -infinity, nan, tiny, -tiny, 4, -4], [0, -0, 1, -1, nan, tiny, -tiny, 1, -1]],
    ['Sigmoid', [0, -0, infinity, -infinity, nan, 17.4, -103.5, -103.97, -104, 1e30, -1e30], [0.5, 0.5, 1, 0, nan, 1, tiny, tiny, 0, 1, 0]],
    ['Tanh', [0, -0, infinity, -infinity, nan, tiny, -tiny, 9.1, -9.1, 1e30, -1e30], [0, -0, 1, -1, nan, tiny, -tiny, 1, -1, 1, -1]],
    ['Softplus', [infinity, -infinity, nan, 200, -103.5, -104, 1e30, -1e30], [infinity, 0, nan, 200, tiny, 0, Math.fround(1e30), 0]],
  ])('%s of special values', (name, x, y) => {
    apply(Opcode[name] as Opcode, x).forEach((value, i) => {
      expect(value, `at ${x[i]}`).toBe(y[i]);
    });
  });

  test('powers of special values', () => {
    const x = [0, -0, 1, -1, 2, -2, 0.5, -0.5, tiny, -tiny, 3.4028235e38, -3.4028235e38, infinity, -infinity, nan];
    for (const y of [0, -0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 2.5, tiny, -tiny, 16777215, 16777216, -33554432, 1e30, infinity, -infinity, nan]) {
      apply(Opcode.Pow, x, y).forEach((value, i) => {
        expect(value, `${x[i]} to the ${y}`).toBe(Math.fround(pow(Math.fround(x[i] as number), Math.fround(y))));
      });
    }
  });

  test('an odd function is odd to the bit', () => {
    const x = Float32Array.from({ length: 4096 }, (_, i) => ((i + 1) / 512) ** 3);
    for (const opcode of [Opcode.Tanh, Opcode.Erf]) {
      expect(
        apply(
          opcode,
          x.map((v) => -v),
        ),
      ).toEqual(apply(opcode, x).map((v) => -v));
    }
  });
});
