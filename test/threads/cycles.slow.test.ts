/** What threads leave behind: nothing. Needs dist/. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--expose-gc', 'test/threads/cycles.mjs', ...args], { encoding: 'utf8', timeout: 240_000 });

test.each([
  ['1000', '1'],
  ['60', '2'],
  ['30', '4'],
])(
  '%s cycles of %s threads leave no memory, thread or file',
  (cycles, count) => {
    const { status, stdout, stderr } = run(cycles, count);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/before \{"memories":0,/);
  },
  300_000,
);

test('threads that are not ended are noticed', () => {
  const { status, stdout } = run('10', '2', 'keep');
  expect(status).toBe(1);
  expect(stdout).toMatch(/\n10 memories are left\n10 threads are left\n/);
}, 300_000);
