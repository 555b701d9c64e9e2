/** Fifty steps of each optimizer against PyTorch in float64: see torch.slow.test.ts for when it is skipped. */
import { crossEntropy, dense, type Optimizer, sequential } from 'neurite';
import { beforeAll, describe, expect, test } from 'vitest';
import { distance } from '../derivatives/compare.js';
import { builds } from '../kernels/machine.js';
import { filled, numbers } from '../kernels/numbers.js';
import { optimizers } from '../vocabulary.js';
import { answerOfTorch, hasTorch, required } from './python.js';

const rows = 24;
const steps = 50;
const x = filled(rows * 5, numbers(11));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * i) % 3);
const made = (optimizer?: Optimizer, build: 'simd' | 'relaxed' = 'simd') =>
  sequential(5, [dense(7, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), build, seed: 8, ...(optimizer && { optimizer }) });

/** A way to train, here and in PyTorch. */
interface Run {
  readonly title: string;
  readonly optimizer: Optimizer;
  readonly torch: string;
}

const runs: readonly Run[] = optimizers.flatMap(({ torch, variants }) =>
  typeof torch === 'string' ? variants.map(([title, optimizer]) => ({ title, optimizer, torch })) : [],
);

/** Infinity is nothing that JSON says: where nothing is clipped, the option is left out. */
const optionsOf = (optimizer: Optimizer) => Object.fromEntries(Object.entries(optimizer).filter(([, value]) => value !== Number.POSITIVE_INFINITY));

describe.runIf(required || hasTorch())('fifty steps as PyTorch takes them', () => {
  let found: number[][] = [];

  beforeAll(() => {
    using net = made();
    const parameters = net.parameterNames.map((name) => net.parameter(name));
    found = answerOfTorch('optimizers.py', {
      rows,
      steps,
      x: [...x],
      y: [...y],
      values: parameters.map(({ values }) => [...values]),
      shapes: parameters.map(({ shape }) => shape),
      runs: runs.map(({ optimizer, torch }) => ({ torch, options: optionsOf(optimizer) })),
    }) as number[][];
  }, 120_000);

  describe.each(builds)('%s', (build) => {
    test.each(runs.map((run, i) => [run.title, run, i] as const))('%s', (_, { optimizer }, i) => {
      using net = made(optimizer, build);
      for (let step = 0; step < steps; step++) net.step(x, y);
      const { difference, size } = distance(net.parameters, found[i] as number[]);
      expect(difference).toBeLessThanOrEqual(1e-5 * size);
    });
  });
});
