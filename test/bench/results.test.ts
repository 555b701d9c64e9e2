import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { goals, lowestRatios } from '../../bench/floors.js';
import { history, type Line, root } from '../../bench/history.js';
import { productName, products } from '../../bench/kernels.js';
import { judged } from '../../bench/results/judged.js';
import { made } from '../../bench/results/made.js';
import { Measured } from '../../bench/results/measured.js';
import { page } from '../../bench/results/page.js';
import { tables } from '../../bench/results/tables.js';
import { rows } from '../../bench/rows.js';
import { described, predictions, trainings } from '../../bench/workloads.js';

const read = (file: string) => readFileSync(root + file, 'utf8');
const lines = history();
const machine = 'Some CPU, 4 cores';
const line = (own: Partial<Line>): Line => ({
  ...{ date: '2026-01-01', commit: 'abc1234', machine, command: 'bench:peers', workload: 'T1', unit: 'samples/s', engine: 'Node 24.1.0' },
  ...{ system: 'neurite', value: 1000, min: 900, max: 1100 },
  ...own,
});

/** The cells of the row of that name. */
function row(text: string, name: string): string[] | undefined {
  const found = text.split('\n').find((candidate) => candidate.startsWith(`| ${name} |`));
  return found?.split('|').map((cell) => cell.trim());
}

describe('what npm run bench:results makes of bench/history', () => {
  const measured = new Measured(lines);

  test.each(Object.entries(made))('%s is that', (file, make) => {
    expect(read(file)).toBe(make(measured, read(file)));
  });

  test('RESULTS.md is one page, and as wide', () => {
    const text = read('bench/RESULTS.md').split('\n');
    expect(text.length).toBeLessThanOrEqual(120);
    for (const row of text.filter((each) => each.startsWith('|'))) expect(row.length, row).toBeLessThanOrEqual(130);
  });

  test('the README has six rows of speed', () => {
    expect(/^## Speed\n([\s\S]*?)^## /m.exec(read('README.md'))?.[1]?.match(/^\| [a-z].*$/gm)).toHaveLength(6);
  });

  test.each([
    ...['T1', 'T2', 'T3', 'T4', 'T5', 'T1 2 threads', 'T5 2 threads', 'I2 2 threads', 'P1', 'P2', 'I1', 'I2', 'I3', 'C', 'M'],
    ...['T4 step', 'I3 fresh', 'G 256x256x256 nn'],
  ])('there is a row of %s', (id) => {
    expect(read('bench/TABLES.md')).toContain(`**${id}**`);
  });

  test('what is below its floor is on the page, with the reason', () => {
    const short = judged(measured).filter(({ verdict }) => verdict === 'short');
    for (const { what, figure, limitedBy = '' } of short) {
      expect(read('bench/RESULTS.md')).toContain(`**${what}**: ${figure}`);
      expect(read('bench/RESULTS.md')).toContain(limitedBy.slice(1));
    }
  });
});

test('the charts of the site know every training and prediction, in the words of the README', () => {
  const [, table] = /^const WORKS = \{\n([\s\S]*?)^\};/m.exec(read('site/figures.mjs')) ?? [];
  expect(table).toBe([...trainings, ...predictions].map((work) => `  ${work.id}: '${described(work)}',\n`).join(''));
});

describe('a line of the history', () => {
  test('says what was measured, where and when', () => {
    for (const { date, commit, machine, command, workload, system, unit, engine, value, ratio, share, limit } of lines) {
      expect([date, commit]).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d$/), expect.stringMatching(/^[0-9a-f]{7,}$/)]);
      expect(['bench', 'bench:peers', 'bench:browser']).toContain(command);
      for (const text of [machine, workload, system, unit]) expect(text).toMatch(/./);
      expect(engine).toMatch(/^\w+ \d+(\.\d+)+$/);
      expect(value ?? ratio).toBeGreaterThan(0);
      // Of rounded figures: 56.8 of 58.9 was 97 %.
      if (limit) expect(Math.abs((value as number) / limit - (share as number))).toBeLessThan(0.01);
    }
  });

  test('counts until the row is measured again, with whoever was measured beside it', () => {
    const old = [line({}), line({ system: 'jax-js', value: 500, ratio: 2 }), line({ system: 'brain.js', value: 100, ratio: 10 })];
    const anew = { date: '2026-02-01', commit: 'def5678', engine: 'Node 24.2.0' };
    const text = tables(new Measured([...old, line({ ...anew, value: 3000 }), line({ ...anew, system: 'jax-js', value: 750, ratio: 4 })]));
    expect(row(text, '**T1**, samples/s')).toEqual(['', '**T1**, samples/s', '3,000', '4.00 ×', '']);
    expect(row(text, 'T1 ÷ the fastest JavaScript peer')?.slice(4, 6)).toEqual(['4.00 (jax-js)', 'reached, and the aim']);
    expect(text).toContain('Some CPU, 4 cores; Node 24.2.0.');
    expect(text).toContain('- 2026-02-01, commit def5678: Node 24\n');
    expect(text).not.toContain('brain.js 1');
  });

  test('gives its share of the limit where it was measured alone, the ratio to others beside them', () => {
    const own = { date: '2026-01-01', limit: 100, unit: 'samples/s' as const };
    const beside = [line({ ...own, value: 113, share: 1.13 }), line({ system: 'jax-js', value: 50, ratio: 2.26 })];
    const text = tables(new Measured([line({ ...own, command: 'bench', value: 89, share: 0.89 }), ...beside]));
    expect(row(text, 'T1, the whole step on one thread, of the limit')?.slice(4, 6)).toEqual(['89 %', 'reached']);
    expect(row(text, 'T1 ÷ the fastest JavaScript peer')?.[4]).toBe('2.26 (jax-js)');
  });

  test('falls short below its floor', () => {
    const measured = new Measured([line({}), line({ system: 'jax-js', value: 500, ratio: 2 })]);
    const text = tables(measured);
    expect(row(text, 'T1 ÷ the fastest JavaScript peer')?.slice(2, 6)).toEqual(['3', '3.8', '2.00 (jax-js)', '**short**']);
    expect(row(text, 'T2 ÷ the fastest JavaScript peer')?.slice(4, 6)).toEqual(['–', 'not measured']);
    expect(page(measured)).toContain('0 of 1 floors are reached');
    expect(page(measured)).toContain('- **T1 ÷ the fastest JavaScript peer**: 2.00 (jax-js), floor 3. The step executes at');
  });

  test('of a system that does other work is no nearest one', () => {
    const t4 = { workload: 'T4', unit: 'steps/s' as const };
    const others = [line({ ...t4, system: 'brain.js', value: 900, ratio: 1.1 }), line({ ...t4, system: 'plain-js', value: 400, ratio: 2.5 })];
    expect(row(page(new Measured([line(t4), ...others])), '**T4**')?.slice(3, 5)).toEqual(['1,000 steps/s', '2.50 × plain-js']);
  });
});

test('every floor is of a row that is measured, and every row has one', () => {
  const own = rows(() => {
    throw new Error('no row reads its data before it is measured');
  }, 'auto').map(({ workload }) => workload);
  const measured = [...products.map(productName), ...own];
  expect(Object.keys(lowestRatios).filter((workload) => !measured.includes(workload))).toEqual([]);
  // A row without a floor would never be a regression.
  expect(measured.filter((workload) => !(workload in lowestRatios))).toEqual([]);
  const beside = [
    ...['T1', 'T2', 'T3', 'T5', 'I2'].map((id) => `${id} 2 threads, by one`),
    'T3 8 threads, by 2',
    'P1 one by one',
    'P2 as T4, one net',
  ];
  const compared = [...measured, ...beside, 'C', 'M', 'D 4 × predict 10 rows', 'D 5 × gradient', 'O 3 × adam'];
  expect(goals.flatMap(({ workloads }) => workloads).filter((workload) => !compared.includes(workload))).toEqual([]);
});
