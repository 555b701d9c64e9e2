/** What evolution changes, and what it leaves. */
import { batchNorm, dense, sequential } from 'neurite';
import { population } from 'neurite/population';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';

/** Which numbers of two nets are the same. */
const same = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a, (value, i) => value === b[i]);

describe.each(builds)('%s', (build) => {
  test('mutate leaves what is frozen, and draws for the rest what it draws without', () => {
    const make = (trainable: boolean) => population(sequential(3, [dense(2, 'tanh', { trainable }), dense(2)], { build, seed: 2 }), 5);
    const [held, free] = [make(false), make(true)];
    const before = held.parameters(3);
    for (const herd of [held, free]) herd.mutate({ rate: 0.9, deviation: 0.3 });
    // 2 · 3 weights and 2 biases of the first layer.
    expect(same(held.parameters(3), before).slice(0, 8)).toEqual(new Array(8).fill(true));
    expect(same(free.parameters(3), before).slice(0, 8)).toContain(false);
    expect(held.parameters(3).slice(8)).toEqual(free.parameters(3).slice(8));
    expect(same(held.parameters(3), before).slice(8)).toContain(false);
    expect(held.parameterCount).toBe(14);
  });

  test('more frozen parameters than are drawn at once', () => {
    const herd = population(sequential(90, [dense(50, 'tanh', { trainable: false }), dense(1)], { build }), 2);
    const before = herd.parameters(1);
    herd.mutate();
    const kept = same(herd.parameters(1), before);
    expect([kept.indexOf(false), kept.lastIndexOf(true)]).toEqual([50 * 91, 50 * 91 - 1]);
  });

  test('without words mutate changes every number of every net, by a tenth or so', () => {
    const herd = population(sequential(9, [dense(9)], { build }), 6);
    const before = [0, 5].map((net) => herd.parameters(net));
    herd.mutate();
    const changes = [0, 5].flatMap((net, i) => [...herd.parameters(net)].map((value, j) => value - (before[i]?.[j] as number)));
    expect(changes).not.toContain(0);
    const deviation = Math.sqrt(changes.reduce((sum, change) => sum + change * change, 0) / changes.length);
    expect(Math.abs(deviation - 0.1)).toBeLessThan(0.02);
  });

  test('crossover takes about half of each parent, and the states of the first', () => {
    const herd = population(sequential(9, [dense(30), batchNorm(), dense(1)], { build }), 3);
    herd.crossover(2, 0, 1);
    const [a, b, child] = [0, 1, 2].map((net) => herd.parameters(net)) as [Float32Array, Float32Array, Float32Array];
    expect(Array.from(child, (value, i) => value === a[i] || value === b[i])).not.toContain(false);
    const ofSecond =
      Array.from(child).filter((value, i) => value === b[i] && a[i] !== b[i]).length / Array.from(a).filter((value, i) => value !== b[i]).length;
    expect(Math.abs(ofSecond - 0.5)).toBeLessThan(0.12);
  });
});

test('a net that there is not is named by what it is to be', () => {
  const herd = population(sequential(1, [dense(1)]), 3);
  expect(() => (herd.crossover as (into: number, a: number) => void)(0, 1)).toThrow('crossover: b is undefined, expected a whole number from 0 to 2');
  expect(() => herd.copy(0, 3)).toThrow('copy: to is 3, expected a whole number from 0 to 2');
});

test('as many nets as there may be', () => {
  const net = sequential(1, [dense(1)]);
  for (const count of [0, 1.5, 2 ** 20 + 1, '3', undefined])
    expect(() => population(net, count as number)).toThrow(/^population: count is .*, expected a whole number from 1 to 1048576$/);
});
