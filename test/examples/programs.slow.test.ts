/** The small examples, run as `npm run example` runs them: build/examples/*.js, which `npm test` builds first. Each holds its figure for each of these seeds. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** The last line that an example prints. */
async function lastLine(name: string, ...args: string[]): Promise<string> {
  const program = fileURLToPath(new URL(`../../build/examples/${name}.js`, import.meta.url));
  if (!existsSync(program)) throw new Error(`${program} is not built: npm run build`);
  const { stdout, stderr } = await run(process.execPath, [program, ...args]);
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n').at(-1) as string;
}

const seeds = ['1', '2', '3', '4', '5'];

test.each([
  ['iris', /accuracy ([\d.]+) %/, 95],
  ['penguins', /accuracy ([\d.]+) %/, 97],
  ['gaps', /accuracy ([\d.]+) %/, 97],
  ['cars', /R² ([\d.]+)/, 0.83],
  ['spirals', /: ([\d.]+) %/, 99],
])(
  '%s',
  async (name, figure, least) => {
    for (const seed of seeds) expect(Number(figure.exec(await lastLine(name, seed))?.[1]), `seed ${seed}`).toBeGreaterThanOrEqual(least);
  },
  20_000,
);

test('sine', async () => {
  for (const seed of seeds) expect(Number(/most ([\d.]+) off/.exec(await lastLine('sine', seed))?.[1]), `seed ${seed}`).toBeLessThan(0.02);
}, 20_000);

test('lbfgs', async () => {
  for (const seed of seeds) {
    const [, worst, evaluations] = /most ([\d.e-]+) off .* after (\d+) evaluations/.exec(await lastLine('lbfgs', seed)) ?? [];
    expect(Number(worst), `seed ${seed}`).toBeLessThanOrEqual(seed === '1' ? 1e-4 : 1e-3);
    expect(Number(evaluations), `seed ${seed}`).toBeLessThan(500);
  }
}, 20_000);

test('xor', async () => {
  expect(await lastLine('xor')).toBe('XOR: right on all four rows for 20 of 20 seeds');
}, 20_000);

test('csv', async () => {
  for (const seed of seeds) {
    const [, error, asToday] = /: ([\d.]+) °C off .* is ([\d.]+) °C/.exec(await lastLine('csv', seed)) ?? [];
    expect(Number(error), `seed ${seed}`).toBeLessThan(Number(asToday));
  }
}, 20_000);

test('corridor', async () => {
  for (const seed of seeds) expect(await lastLine('corridor', seed), `seed ${seed}`).toBe('corridor: to the right from 9 of 9 places');
}, 20_000);

test('online', async () => {
  for (const seed of seeds) {
    const [, before, after, end] = /by ([\d.]+) before .* ([\d.]+) after it, ([\d.]+)/.exec(await lastLine('online', seed)) ?? [];
    expect(Number(before), `seed ${seed}`).toBeLessThan(0.05);
    expect(Number(after), `seed ${seed}`).toBeGreaterThan(0.15);
    expect(Number(end), `seed ${seed}`).toBeLessThan(0.05);
  }
}, 20_000);

test('worker', async () => {
  for (const seed of seeds.slice(0, 2)) {
    const [, error, bits] = /: off by ([\d.]+) in the end, with ([^;]*); looked at [1-9]/.exec(await lastLine('worker', seed)) ?? [];
    expect(Number(error), `seed ${seed}`).toBeLessThan(0.05);
    expect(bits).toBe('the bits of the same training here');
  }
}, 60_000);

test('birdstrikes', async () => {
  for (const seed of seeds.slice(0, 2)) {
    const [, balanced, above] = /accuracy ([\d.]+) %, ([\d.]+) points above/.exec(await lastLine('birdstrikes', seed)) ?? [];
    expect(Number(balanced), `seed ${seed}`).toBeGreaterThan(64);
    expect(Number(above), `seed ${seed}`).toBeGreaterThanOrEqual(5);
  }
}, 120_000);

test('cartpole', async () => {
  expect(await lastLine('cartpole', '1')).toMatch(/^cartpole: solved after \d+ episodes/);
}, 300_000);

test('ensemble', async () => {
  for (const seed of seeds) {
    const [, together, alone] = /: ([\d.]+) % right, its 16 nets ([\d.]+) %/.exec(await lastLine('ensemble', seed)) ?? [];
    expect(Number(together), `seed ${seed}`).toBeGreaterThan(Number(alone));
  }
}, 60_000);

test('folds', async () => {
  for (const seed of seeds) expect(Number(/accuracy ([\d.]+) %/.exec(await lastLine('folds', seed))?.[1]), `seed ${seed}`).toBeGreaterThanOrEqual(94);
}, 60_000);

test('sweep', async () => {
  for (const seed of seeds) {
    const [, loss, diverged] = /loss ([\d.]+); (\d+) of 16 diverged/.exec(await lastLine('sweep', seed)) ?? [];
    expect(Number(loss), `seed ${seed}`).toBeLessThan(0.01);
    expect(Number(diverged), `seed ${seed}`).toBeGreaterThan(0);
  }
}, 60_000);

test('evolution', async () => {
  for (const seed of seeds) expect(await lastLine('evolution', seed), `seed ${seed}`).toMatch(/^evolution: up for 500 of 500 steps/);
}, 120_000);

test('sparse', async () => {
  const [, active, plain, right] = /: ([\d.]+) active units of 128 in place of ([\d.]+); .* ([\d.]+) %/.exec(await lastLine('sparse')) ?? [];
  expect(Number(active)).toBeLessThan(Number(plain) / 2);
  expect(Number(right)).toBeGreaterThan(88);
}, 300_000);

test('int8', async () => {
  const figures = /MNIST ([\d.]+) % right in place of ([\d.]+) %, .* R² ([\d.]+) in place of ([\d.]+)/.exec(await lastLine('int8')) ?? [];
  const [right, rightOfFloats, r2, r2OfFloats] = figures.slice(1).map(Number) as [number, number, number, number];
  expect(Math.abs(right - rightOfFloats)).toBeLessThan(0.15);
  expect(Math.abs(r2 - r2OfFloats)).toBeLessThan(0.005);
}, 300_000);

test('dropout, two of its epochs', async () => {
  expect(Number(/: ([\d.]+) %/.exec(await lastLine('dropout', '1', '2'))?.[1])).toBeGreaterThan(96.5);
}, 300_000);
