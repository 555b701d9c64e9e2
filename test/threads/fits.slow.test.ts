/** Random trainings on threads: the bits of one thread, call by call, whatever their number. */
import { readFileSync } from 'node:fs';
import type { Threads } from 'neurite/threads';
import { afterAll, describe, expect, test } from 'vitest';
import { type Build, supportsRelaxed } from '../../src/core/core.js';
import { team } from '../../src/threads/threads.js';
import { debugTeam, jobsOf } from './debugTeam.js';
import { randomFit } from './randomFits.js';

/** A case runs on two of these. */
const COUNTS = [1, 2, 3, 7, 8];

/** A team of a binary of the package, whose parts may be as small as can be. */
function packaged(build: Build, count: number): Promise<Threads> {
  const file = `build/core.threads${build === 'relaxed' ? '.relaxed' : ''}.wasm`;
  return team(new WebAssembly.Module(readFileSync(file)), build, count, 1e-6);
}

const teams: Threads[] = [];
afterAll(() => {
  for (const each of teams) each.dispose();
});

describe.each<[string, Build, typeof packaged, from: number, cases: number]>([
  ['simd, with guards behind blocks', 'simd', debugTeam, 1, 20],
  ['simd', 'simd', packaged, 1001, 24],
  ...(supportsRelaxed() ? ([['relaxed', 'relaxed', packaged, 2001, 24]] as [string, Build, typeof packaged, number, number][]) : []),
])('%s', (_, build, start, from, cases) => {
  test(`${cases} networks with their data: fits, streams, steps and what happens in callbacks`, async () => {
    const all = await Promise.all(COUNTS.map((count) => start(build, count)));
    teams.push(...all);
    const failures: string[] = [];
    for (let seed = from; seed < from + cases; seed++) {
      const { says, run } = randomFit(seed);
      const expected = await run({ build });
      for (const threads of new Set([all[1 + (seed % 4)], all[seed % 5]]) as Set<Threads>) {
        const found = await run({ build, threads });
        const at = expected.findIndex((line, i) => line !== found[i]);
        if (at >= 0 || found.length !== expected.length) failures.push(`${threads.count} threads, ${says}: ${found[at]} instead of ${expected[at]}`);
      }
    }
    expect(failures).toEqual([]);
    for (const threads of all) {
      const core = threads.coreFor('test');
      expect(core.exports.damaged?.() ?? 0).toBe(0);
      if (threads.count > 1) expect(jobsOf(core)).toBeGreaterThan(1000);
    }
  }, 600_000);
});
