/** A call near the end of the stack is refused as a whole: it leaves nothing to helpers, and the next is shared out as ever. */
import { dense, sequential } from 'neurite';
import { threads } from 'neurite/threads';
import { expect, test } from 'vitest';
import { debugTeam, jobsOf } from './debugTeam.js';

const ROUNDS = 48;
/** Calls of each round: the first is the deepest. */
const CALLS = 120;

/** Functions of so many parameters have frames of so many sizes, so that the stack ends at many places of a call. */
function descents(one: () => void): (() => void)[] {
  return Array.from({ length: 24 }, (_, n) => {
    const names = Array.from({ length: n }, (_, i) => `a${i}`).join();
    return new Function(
      'one',
      `let left = ${CALLS}; return function deep(${names}) { try { deep(${names}); } catch {} if (left-- > 0) try { one(); } catch {} };`,
    )(one) as () => void;
  });
}

test.each(['debug', 'release'])('a stack that ends within a call, %s', async (kind) => {
  const team = kind === 'debug' ? await debugTeam('simd', 3) : await threads(3, { build: 'simd' });
  const make = (options: object) => sequential(64, [dense(64, 'relu'), dense(64, 'tanh'), dense(10)], { seed: 1, build: 'simd', ...options });
  const x = Float32Array.from({ length: 256 * 64 }, (_, i) => ((i * 37) % 101) / 101);
  const net = make({ threads: team });
  const twin = make({});
  const want = twin.predict(x);
  const core = team.coreFor('test');
  const shared = () => {
    const before = jobsOf(core);
    const found = net.predict(x);
    return { found, jobs: jobsOf(core) - before };
  };
  const { jobs } = shared();
  expect(jobs).toBeGreaterThan(0);
  const refused: { error: unknown; jobs: number }[] = [];
  const all = descents(() => {
    const before = jobsOf(core);
    try {
      net.predict(x);
    } catch (error) {
      refused.push({ error, jobs: jobsOf(core) - before });
    }
  });
  for (let round = 0; round < ROUNDS; round++) {
    try {
      (all[round % all.length] as () => void)();
    } catch {}
    const after = shared();
    expect(after.jobs).toBe(jobs);
    expect(after.found).toEqual(want);
  }
  // Before anything was shared out, or after all was.
  expect(refused.length).toBeGreaterThan(0);
  for (const { error, jobs: done } of refused) {
    expect(error).toBeInstanceOf(RangeError);
    expect([0, jobs]).toContain(done);
  }
  for (const one of [net, twin]) one.dispose();
  team.dispose();
});
