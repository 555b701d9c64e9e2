/** The scripts of examples/seeds: each prints its row, with nothing that differs from the notes. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { rows } from '../../examples/seeds/rows.js';
import { Table } from '../../examples/seeds/table.js';

const ids = Object.keys(rows);

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is printed by a call, and the status it leaves behind. */
async function printed(run: () => unknown): Promise<{ output: string; status: typeof process.exitCode }> {
  const before = process.exitCode;
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  process.exitCode = undefined;
  try {
    await run();
    return { output: log.mock.calls.map((call) => `${call.join(' ')}\n`).join(''), status: process.exitCode };
  } finally {
    process.exitCode = before;
  }
}

test.each(ids)('%s as a script: prints our numbers beside the notes’, none of them different', async (id) => {
  const { output, status } = await printed(() => rows[id]?.());
  const lines = output.split('\n');
  expect(lines[0]).toMatch(new RegExp(`^${id.replace('.', '\\.')} · `));
  expect(lines.filter((line) => line.endsWith('✓')).length).toBeGreaterThanOrEqual(3);
  expect(output).not.toContain('✗');
  expect(status).toBeUndefined();
});

describe('a table', () => {
  test('marks what differs and ends the process with status 1', async () => {
    const { output, status } = await printed(() =>
      new Table('S0.0', 'made up', 'y = x')
        .compare('same', [1, 2], [1, 2.00004])
        .compare('other', 1, 1.1)
        .compare('fewer', [1], [1, 2])
        .claim('said', 3, '> 4', false)
        .print(),
    );
    expect(output.split('\n').map((line) => line.trim().replaceAll(/ {3,}/g, ' | '))).toEqual([
      'S0.0 · made up',
      'y = x',
      'neurite | notes',
      'same | 1 2 | 1 2.00004 | ✓',
      'other | 1 | 1.1 | ✗ differs by 0.1',
      'fewer | 1 | 1 2 | ✗ differs by NaN',
      'said | 3 | > 4 | ✗ does not hold',
      '',
      '',
    ]);
    expect(status).toBe(1);
  });

  test('does not take NaN or nothing for a number', async () => {
    const { output, status } = await printed(() =>
      new Table('S0.0', 'made up').compare('NaN', Number.NaN, 1).compare('nothing', undefined, 1).print(),
    );
    expect(output.match(/✗/g)).toHaveLength(2);
    expect(status).toBe(1);
  });
});

describe('npm run seeds', () => {
  const program = fileURLToPath(new URL('../../build/examples/seeds/index.js', import.meta.url));
  const seeds = (...args: string[]) => {
    if (!existsSync(program)) throw new Error(`${program} is not built: npm run build`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  test('takes rows and documents', () => {
    const { status, stdout, stderr } = seeds('s1.3', 'S4');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^S\S+(?= · )/gm)).toEqual(['S1.3', 'S4.1']);
  });

  test('says which rows there are', () => {
    const { status, stdout, stderr } = seeds('S5.1');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('there is no row S5.1');
    expect(stderr).toContain(ids.join(', '));
  });
});
