/** The main job, run as `npm start` runs it: build/examples/mnist.js, which `npm test` builds first, on the built package. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../build/examples/mnist.js', import.meta.url));

beforeAll(() => {
  if (!existsSync(program)) throw new Error(`${program} is not built: npm run build`);
});

interface Outcome {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

function mnist(...args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args]);
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output, errors }));
  });
}

interface Result {
  readonly testAccuracy: number;
  readonly trainSeconds: number;
  readonly weightsSha256: string;
}

/** The last of the lines, all of them JSON, that a run prints. */
async function result(...args: string[]): Promise<Result> {
  const { status, output, errors } = await mnist('--json', ...args);
  expect({ status, errors }).toEqual({ status: 0, errors: '' });
  const lines = output.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).at(-1);
}

describe('options', () => {
  test.each([
    [['--epochs', '0'], '--epochs must be a whole number from 1 to 10000, not "0"'],
    [['--epochs', '1.5'], '--epochs must be a whole number from 1 to 10000, not "1.5"'],
    [['--batch', 'many'], '--batch must be a whole number from 1 to 60000, not "many"'],
    [['--batch', '60001'], '--batch must be a whole number from 1 to 60000, not "60001"'],
    [['--seed', '4294967296'], '--seed must be a whole number from 0 to 4294967295, not "4294967296"'],
    [['--seed=-1'], '--seed must be a whole number from 0 to 4294967295, not "-1"'],
    [['--hidden', ''], '--hidden must be a whole number from 1 to 65536, not ""'],
    [['--hidden', '128,'], '--hidden must be a whole number from 1 to 65536, not ""'],
    [['--hidden', '128;64'], '--hidden must be a whole number from 1 to 65536, not "128;64"'],
    [['--epoch', '5'], "Unknown option '--epoch'"],
    [['--epochs'], "'--epochs <value>' argument missing"],
    [['5'], "Unexpected argument '5'"],
  ])('%j is refused', async (args, message) => {
    const { status, output, errors } = await mnist(...args);
    expect({ status, output }).toEqual({ status: 2, output: '' });
    expect(errors).toMatch(/^mnist: /);
    expect(errors).toContain(message);
    expect(errors).toContain('npm start -- [options]');
  });

  test('--help prints them', async () => {
    const { status, output } = await mnist('--help');
    expect(status).toBe(0);
    expect(output).toMatch(/--epochs[\s\S]*--batch[\s\S]*--seed[\s\S]*--hidden[\s\S]*--json/);
  });
});

test('seeds 1, 2, 3 reach a median of 97.5 % on the test images, each in 30 s of training', async () => {
  const results = [await result('--seed', '1'), await result('--seed', '2'), await result('--seed', '3')];
  const [, median] = results.map(({ testAccuracy }) => testAccuracy).sort();
  expect(median).toBeGreaterThanOrEqual(0.975);
  expect(Math.max(...results.map(({ trainSeconds }) => trainSeconds))).toBeLessThanOrEqual(30);
});

test('the same seed gives the same weights, another seed others', async () => {
  const options = ['--epochs', '1', '--batch', '250'];
  const [first, again, other] = [await result(...options), await result(...options), await result(...options, '--seed', '2')];
  expect(again).toEqual({ ...first, trainSeconds: again.trainSeconds, samplesPerSecond: expect.any(Number) });
  expect(first.weightsSha256).toMatch(/^[0-9a-f]{64}$/);
  expect(other.weightsSha256).not.toBe(first.weightsSha256);
});

test('the last line says what was done', async () => {
  expect(await result('--epochs', '2', '--batch', '1000', '--seed', '7', '--hidden', '32,16')).toEqual({
    job: 'mnist',
    testAccuracy: expect.any(Number),
    epochs: 2,
    trainSeconds: expect.any(Number),
    samplesPerSecond: expect.any(Number),
    parameters: 784 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10,
    build: expect.stringMatching(/^(simd|relaxed)$/),
    node: process.versions.node,
    seed: 7,
    weightsSha256: expect.any(String),
  });
});

test('without --json it draws', async () => {
  const { status, output, errors } = await mnist('--epochs', '2', '--batch', '1000', '--hidden', '16');
  expect({ status, errors }).toEqual({ status: 0, errors: '' });
  for (const epoch of ['epoch 1/2', 'epoch 2/2']) expect(output).toContain(epoch);
  expect(output).toMatch(/test accuracy \d+\.\d\d % on 10000 images/);
  expect(output).toMatch(/loss, 2 epochs\n +[\d.]+ [┼┤]/);
  expect(output).toMatch(/actual │ +0 +1 +2 .*recall\n─+┼─+\n +0 │/);
  expect(output).toMatch(/a \d, read as \d \(\d+ %\)/);
  expect(output).toMatch(/[▀▄█]/);
});
