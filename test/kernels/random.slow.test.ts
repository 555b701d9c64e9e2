import { afterAll, describe, expect, test } from 'vitest';
import type { Build } from '../../src/core/core.js';
import { distribution, firstWords, normalOf, permutation, philox, uniformOf } from '../oracle/random.js';
import { builds, Machine } from './machine.js';
import { spacing } from './ulp.js';

const machines = new Map<Build, Machine>(builds.map((build) => [build, new Machine(build)]));
afterAll(() => {
  for (const machine of machines.values()) machine.free();
});

const streams: [seed: number, stream: number][] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [42, 7],
  [0xffffffff, 0xffffffff],
  [0x80000000, 3],
];

describe('the oracle has the known answers of Random123', () => {
  const all = 0xffffffff;
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [all, all, all, all],
      [all, all],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('for the counter %j and the key %j', (counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

describe.each(builds)('random numbers, %s', (build) => {
  const machine = machines.get(build) as Machine;
  const { exports } = machine.core;

  /** What a generator leaves in n elements, its guards checked. */
  function drawn(n: number, fill: (address: number) => void, shift = 0): Float32Array {
    machine.clear();
    const y = machine.tensor(n, shift);
    fill(machine.address(y));
    machine.run([]);
    return machine.read(y, n);
  }

  const uniform = (n: number, seed: number, stream: number, low = 0, high = 1, shift = 0) =>
    drawn(n, (y) => exports.uniform(y, n, seed, stream, low, high), shift);
  const normal = (n: number, seed: number, stream: number, mean = 0, deviation = 1, shift = 0) =>
    drawn(n, (y) => exports.normal(y, n, seed, stream, mean, deviation), shift);
  const permuted = (n: number, seed: number, stream: number) => {
    const y = drawn(n, (address) => exports.permutation(address, n, seed, stream));
    return new Uint32Array(y.buffer, 0, n);
  };

  test.each(streams)('the words of seed %d, stream %d are those of the oracle', (seed, stream) => {
    const words = firstWords(1003, seed, stream);
    const scaled = uniform(1003, seed, stream, 0, 2 ** 32);
    words.forEach((word, i) => {
      expect(scaled[i]).toBe(uniformOf(word, 0, 2 ** 32));
    });
  });

  test.each([
    [0, 1],
    [-1, 1],
    [-0.05, 0.05],
    [1, 1 + 2 ** -23],
    [-(2 ** -149), 0],
    [-(2 ** -149), 2 ** -149],
    [5, 5],
    [-3.4028234663852886e38, 3.4028234663852886e38],
  ])('uniform numbers in [%d, %d)', (lowest, highest) => {
    const low = Math.fround(lowest);
    const high = Math.fround(highest);
    const y = uniform(4099, 9, 2, low, high);
    firstWords(4099, 9, 2).forEach((word, i) => {
      expect(y[i]).toBe(uniformOf(word, low, high));
    });
    expect(y.every((value) => value >= low && (value < high || low === high))).toBe(true);
  });

  test('normal deviates are the quantiles of their words', () => {
    const words = firstWords(20011, 5, 11);
    const y = normal(20011, 5, 11);
    words.forEach((word, i) => {
      const exact = normalOf(word);
      // rounded to float32 from f64 quantiles of 1e-15, Newton's own error in the far tail 1e-13
      expect(Math.abs((y[i] as number) - exact), `word ${word}`).toBeLessThanOrEqual(spacing(exact) / 2 + 1e-12 * Math.abs(exact));
    });
    const scaled = normal(20011, 5, 11, 3, 0.25);
    words.forEach((word, i) => {
      const exact = 3 + 0.25 * normalOf(word);
      expect(Math.abs((scaled[i] as number) - exact)).toBeLessThanOrEqual(spacing(exact) / 2 + 1e-12);
    });
  });

  test('an element depends on seed, stream and its place alone', () => {
    const whole = uniform(67, 3, 4);
    const deviates = normal(67, 3, 4);
    for (let n = 0; n <= 67; n++) {
      expect(uniform(n, 3, 4, 0, 1, n & 3)).toEqual(whole.slice(0, n));
      expect(normal(n, 3, 4, 0, 1, n & 3)).toEqual(deviates.slice(0, n));
    }
  });

  /** The largest distance of the empirical distribution of y from a distribution function, times √n (Kolmogorov–Smirnov). */
  function distance(y: Float32Array, cumulative: (x: number) => number): number {
    const n = y.length;
    const largest = y
      .slice()
      .sort()
      .reduce((most, value, i) => {
        const p = cumulative(value);
        return Math.max(most, p - i / n, (i + 1) / n - p);
      }, 0);
    return largest * Math.sqrt(n);
  }

  /** Mean of f over y. */
  function mean(y: Float32Array, f: (x: number) => number): number {
    return y.reduce((sum, value) => sum + f(value), 0) / y.length;
  }

  // Each statistic below has a known spread; 5 standard deviations are passed by chance once in two million.
  const n = 1 << 18;
  const spread = 5 / Math.sqrt(n);
  /** P(√n·D > 2.2) ≈ 2e^−9.68 = 1.2e-4 */
  const KOLMOGOROV = 2.2;

  test.each(streams)('seed %d, stream %d: uniform in distribution', (seed, stream) => {
    const y = uniform(n, seed, stream);
    expect(Math.abs(mean(y, (x) => x) - 1 / 2)).toBeLessThan(spread * Math.sqrt(1 / 12));
    expect(Math.abs(mean(y, (x) => x * x) - 1 / 3)).toBeLessThan(spread * Math.sqrt(4 / 45));
    expect(distance(y, (x) => x)).toBeLessThan(KOLMOGOROV);
  });

  test.each(streams)('seed %d, stream %d: normal in distribution', (seed, stream) => {
    const y = normal(n, seed, stream);
    expect(Math.abs(mean(y, (x) => x))).toBeLessThan(spread);
    expect(Math.abs(mean(y, (x) => x ** 2) - 1)).toBeLessThan(spread * Math.sqrt(2));
    expect(Math.abs(mean(y, (x) => x ** 3))).toBeLessThan(spread * Math.sqrt(15));
    expect(Math.abs(mean(y, (x) => x ** 4) - 3)).toBeLessThan(spread * Math.sqrt(96));
    expect(distance(y, distribution)).toBeLessThan(KOLMOGOROV);
  });

  test('streams, seeds and neighbours are uncorrelated', () => {
    const deviates = streams.map(([seed, stream]) => normal(n, seed, stream));
    const correlation = (a: Float32Array, b: Float32Array, lag: number) =>
      a.reduce((sum, value, i) => sum + value * (b[(i + lag) % n] as number), 0) / n;
    deviates.forEach((a, i) => {
      for (let lag = 1; lag <= 8; lag++) expect(Math.abs(correlation(a, a, lag))).toBeLessThan(spread);
      for (const b of deviates.slice(i + 1)) for (let lag = 0; lag < 4; lag++) expect(Math.abs(correlation(a, b, lag))).toBeLessThan(spread);
    });
  });

  test.each([0, 1, 2, 3, 5, 67, 1000, 60000])('a permutation of %d holds each number once and is that of the oracle', (count) => {
    const order = permuted(count, 1, 6);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect([...order]).toEqual(permutation(count, 1, 6));
    if (count > 5) expect([...permuted(count, 1, 7)]).not.toEqual([...order]);
  });

  test('every permutation is as likely as any other', () => {
    const rounds = 48000;
    const counts = new Map<string, number>();
    for (let stream = 0; stream < rounds; stream++) {
      const key = permuted(4, 77, stream).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const share = rounds / 24;
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - share) ** 2 / share, 0);
    // 23 degrees of freedom: above 58 once in 10,000
    expect(chiSquared).toBeLessThan(58);
  });

  test('every element of a long permutation is as likely at the front as at the back', () => {
    const length = 10007;
    const rounds = 64;
    let sum = 0;
    for (let stream = 0; stream < rounds; stream++) permuted(length, 78, stream).forEach((value, place) => (sum += value * place));
    const centre = (length - 1) / 2;
    const variance = (length ** 2 - 1) / 12;
    // Σ value·place over a random permutation: mean n·centre², variance n²(n + 1)²(n − 1)/144
    const deviation = Math.sqrt(rounds * variance * variance * (length ** 2 / (length - 1)));
    expect(Math.abs(sum - rounds * length * centre * centre)).toBeLessThan(5 * deviation);
  });
});

test.runIf(builds.length > 1)('both builds give the same bits', () => {
  const [first, second] = builds.map((build) => {
    const machine = machines.get(build) as Machine;
    machine.clear();
    const y = machine.tensor(3 * 5001);
    const at = machine.address(y);
    machine.core.exports.uniform(at, 5001, 8, 1, -0.3, 0.7);
    machine.core.exports.normal(at + 4 * 5001, 5001, 8, 2, 0.1, 0.05);
    machine.core.exports.permutation(at + 8 * 5001, 5001, 8, 3);
    return new Uint32Array(machine.read(y, 3 * 5001).buffer);
  });
  expect(first).toEqual(second);
});
