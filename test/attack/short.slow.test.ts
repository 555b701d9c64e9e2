/** The short form of `npm run attack`. */
import { afterAll, describe, expect, test } from 'vitest';
import { useCore } from '../../src/core/core.js';
import { attackFiles } from './files.js';
import { attackLimits } from './limits.js';
import { attackMemory } from './memory.js';
import { attackOtherFiles } from './otherFiles.js';
import { attackReentrancy } from './reentrancy.js';
import { attackTeams } from './teams.js';
import { attackValues } from './values.js';
import { type Report, useDebugCore } from './victims.js';

const found = ({ findings }: Report) => [...findings].map(([kind, { count, first }]) => `${count} × ${kind} — ${first}`);

test('20,000 calls with odd values: typed errors only, nothing else changes', async () => {
  const out = await attackValues(1, 20_000);
  expect(found(out)).toEqual([]);
  expect(out.calls).toBeGreaterThanOrEqual(20_000);
});
test('callbacks that misbehave', async () => expect(found(await attackReentrancy())).toEqual([]));
test('sizes around every fixed room', async () => expect(found(await attackLimits())).toEqual([]));
test('memory comes back, views of the dead change nobody, refused allocations leave nothing', async () => {
  expect(found(await attackMemory(0.05))).toEqual([]);
});
test('4,000 files, damaged or made: a working network or a FileError', async () => {
  const out = await attackFiles(1, { mutated: 3000, made: 1000 });
  expect(found(out)).toEqual([]);
  for (const what of ['loaded', 'refused', 'predicted', 'stepped', 'traced', 'saved']) expect(out.codes.get(what), what).toBeGreaterThan(30);
});

test('files of populations and of eight bits, each 101st byte of them and some damaged in other ways', async () => {
  const out = await attackOtherFiles(1, 101, 600);
  expect(found(out)).toEqual([]);
  for (const what of ['population: loaded', 'population: FILE', 'int8: loaded', 'int8: FILE']) expect(out.codes.get(what), what).toBeGreaterThan(10);
});
test('300 calls on threads that end, grow and are shared: the bits of one thread, or a typed error', async () => {
  const out = await attackTeams(1, 300);
  expect(found(out)).toEqual([]);
  expect(out.codes.get('DISPOSED')).toBeGreaterThan(5);
});

describe('on the core with guards behind its blocks', () => {
  const before = useDebugCore();
  useCore(before);
  test('callbacks that misbehave', async () => {
    useDebugCore();
    expect(found(await attackReentrancy())).toEqual([]);
  });
  test('sizes around every fixed room', async () => {
    useDebugCore();
    expect(found(await attackLimits())).toEqual([]);
  });
  afterAll(() => {
    useCore(before);
  });
});
