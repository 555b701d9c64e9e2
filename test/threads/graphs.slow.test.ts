/** Random graphs and the fixed networks at their full length: the bits of one thread, whatever their number. */
import { readFileSync } from 'node:fs';
import { adam } from 'neurite';
import { hvp, inputGradient, jacobian, jvp } from 'neurite/derivatives';
import type { Threads } from 'neurite/threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Core, coreOf, useCore } from '../../src/core/core.js';
import { randomGraph } from '../derivatives/randomGraphs.js';
import { program, type Trained } from '../engines/program.js';
import { numbers } from '../kernels/numbers.js';
import { debugTeam, jobsOf, onThreads } from './debugTeam.js';

const COUNTS = [1, 2, 3, 4, 7];

const isSame = (a: readonly Uint32Array[], b: readonly Uint32Array[]) =>
  a.length === b.length && a.every((words, i) => words.length === b[i]?.length && words.every((word, j) => word === b[i]?.[j]));

/** Features of the graphs' layers, and their rows: several tiles of a product and lines of a vector. */
const MOST = 40;

describe('random graphs', () => {
  let alone: Core;
  let teams: Threads[];
  beforeAll(async () => {
    alone = coreOf('simd');
    teams = await Promise.all(COUNTS.map((count) => debugTeam('simd', count)));
  });
  afterAll(() => {
    useCore(alone);
    for (const each of teams) each.dispose();
  });

  /** All that a network computes, as bits: values, derivatives, a step, and a short training. */
  async function bitsOn(core: Core, seed: number): Promise<Record<string, Uint32Array[]>> {
    useCore(core);
    const { net, inputs, graph, rows, targets = [] } = randomGraph(seed, 'simd', MOST);
    try {
      const xs = inputs.map((i) => Float32Array.from((graph[i] as { values: ArrayLike<number> }).values));
      const x = (xs.length === 1 ? xs[0] : xs) as never;
      const y = (targets.length === 1 ? targets[0] : targets) as never;
      const next = numbers(seed);
      const along = Float32Array.from({ length: net.parameters.length }, next);
      const hasParameters = along.length > 0;
      const bits: Record<string, Uint32Array[]> = {};
      const keep = (name: string, values: unknown) => {
        bits[name] = (Array.isArray(values) ? values : [values]).map((v) => new Uint32Array(Float32Array.from(v as Float32Array).buffer));
      };
      const predicted = net.predict(x);
      keep('predict', predicted);
      keep('inputGradient', inputGradient(net, x, y));
      keep('jacobian', jacobian(net, x, { output: 0, input: 0 }));
      if (hasParameters) {
        net.gradient(x, y);
        keep('gradient', net.gradients.slice());
        keep('jvp', jvp(net, x, { parameters: along }, { output: 0 }).tangent);
        keep('hvp', hvp(net, x, y, along));
        net.configure({ optimizer: adam() });
        keep('loss', [[net.step(x, y)]]);
        keep('step', net.parameters.slice());
        // What it predicted before the step: within the range of every activation, as data have to be.
        await net.fit({ x, y: predicted } as never, { epochs: 2, batchSize: Math.max(1, Math.ceil(rows / 3)) });
        keep('fit', net.parameters.slice());
      }
      return bits;
    } finally {
      net.dispose();
    }
  }

  test('200 graphs: values, derivatives, steps and fits are those of one thread', async () => {
    const failures: string[] = [];
    for (let seed = 1; seed <= 200; seed++) {
      const expected = await bitsOn(alone, seed);
      for (const team of teams) {
        const found = await bitsOn(team.coreFor('test'), seed);
        for (const [name, bits] of Object.entries(expected))
          if (!isSame(bits, found[name] as Uint32Array[])) failures.push(`graph ${seed}: ${name} on ${team.count} threads`);
      }
    }
    expect(failures).toEqual([]);
    for (const team of teams) {
      const core = team.coreFor('test');
      expect(core.exports.damaged()).toBe(0);
      if (team.count > 1) expect(jobsOf(core)).toBeGreaterThan(10_000);
    }
  }, 600_000);
});

describe('the fixed networks', () => {
  const golden = JSON.parse(readFileSync(new URL('../engines/golden.json', import.meta.url), 'utf8')) as Trained;
  test.each(COUNTS)(
    'have the golden bits after 100 and 1000 steps on %i threads',
    async (count) => {
      const steps = [100, 1000];
      const trained = await onThreads('simd', count, () => program(steps));
      expect(trained).toEqual(
        Object.fromEntries(Object.entries(golden).map(([name, all]) => [name, Object.fromEntries(steps.map((step) => [step, all[step]]))])),
      );
    },
    600_000,
  );
});
