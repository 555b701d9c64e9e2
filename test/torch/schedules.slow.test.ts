/** The rates of every schedule, step by step, against PyTorch in float64: see torch.slow.test.ts for when it is skipped. */
import type { EpochEnd, Schedule } from 'neurite';
import { beforeAll, describe, expect, test } from 'vitest';
import { numbers } from '../kernels/numbers.js';
import { schedules } from '../vocabulary.js';
import { answerOfTorch, hasTorch, required } from './python.js';

const epochs = 8;
const steps = 5;

/** Values to observe: some that fall, some that rise, and some that stay. */
const observations = [
  [1, 0.9, 0.9, 0.9, 0.9, 0.5, 0.6, 0.6],
  [0.2, 0.22, 0.3, 0.3, 0.31, 0.29, 0.31, 0.4],
  [-1, -0.9, -0.5, -0.6, -0.1, 0.1, 0.11, 0.2],
  ...[1, 2, 3, 4].map((seed) => {
    const next = numbers(seed);
    return Array.from({ length: epochs }, () => Math.round(next() * 20) / 20);
  }),
];

const runs = schedules.flatMap(({ each, variants }) =>
  variants.flatMap(([title, make, torch]) =>
    (each === 'observed epoch' ? observations : [[]]).map((observed, i) => ({ title: `${title}, ${i}`, make, torch, each, observed })),
  ),
);

function ratesOf(schedule: Schedule, observed: readonly number[]): number[] {
  return Array.from({ length: epochs }, (_, epoch) => {
    const rates = Array.from({ length: steps }, (_, step) => schedule(epoch + 1, step, steps));
    schedule.observe?.({ validation: { loss: observed[epoch] } } as EpochEnd);
    return rates;
  }).flat();
}

describe.runIf(required || hasTorch())('the rates of PyTorch', () => {
  let found: number[][] = [];

  beforeAll(() => {
    found = answerOfTorch('schedules.py', {
      epochs,
      steps,
      runs: runs.map(({ torch, each, observed }) => ({ torch, each, observed })),
    }) as number[][];
  }, 120_000);

  test.each(runs.map((run, i) => [run.title, run, i] as const))('%s', (_, { make, observed }, i) => {
    // PyTorch multiplies by the ratio of two cosines, step by step.
    expect(ratesOf(make(), observed)).toEqual((found[i] as number[]).map((rate) => expect.closeTo(rate, 13)));
  });
});
