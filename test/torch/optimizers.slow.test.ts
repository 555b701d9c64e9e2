/** Fifty steps of each optimizer against PyTorch in float64: see torch.slow.test.ts for when it is skipped. */
import { adagrad, adam, adamW, crossEntropy, decayMatrices, dense, nadam, type Optimizer, parameterGroups, rmsProp, sequential, sgd } from 'neurite';
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
  /** What is different for a parameter. */
  readonly groups?: readonly { readonly lr?: number; readonly weight_decay?: number }[];
}

const wordOf = (name: string) => optimizers.find((row) => row.name === name)?.torch as string;

const runs: readonly Run[] = [
  ...optimizers.flatMap(({ torch, variants }) =>
    typeof torch === 'string' ? variants.map(([title, optimizer]) => ({ title, optimizer, torch })) : [],
  ),
  { title: 'L2', optimizer: adagrad({ learningRate: 0.1, weightDecay: 0.1 }), torch: wordOf('adagrad') },
  { title: 'clipped by value', optimizer: rmsProp({ epsilon: 0.01, clipValue: 0.01 }), torch: wordOf('rmsProp') },
  { title: 'clipped by the norm of each parameter', optimizer: sgd({ learningRate: 0.1, clipParameterNorm: 0.5 }), torch: wordOf('sgd') },
  { title: 'clipped by the norm of all', optimizer: adamW({ epsilon: 0.01, clipNorm: 0.5 }), torch: wordOf('adamW') },
  {
    title: 'clipped by the norm of all, with L2',
    optimizer: sgd({ learningRate: 0.1, momentum: 0.5, weightDecay: 0.2, clipNorm: 0.1 }),
    torch: wordOf('sgd'),
  },
  {
    title: 'clipped by value and by the norm of each, with L2',
    optimizer: adam({ learningRate: 0.01, epsilon: 0.01, weightDecay: 0.2, clipValue: 0.02, clipParameterNorm: 0.05 }),
    torch: wordOf('adam'),
  },
  {
    title: 'a decay on matrices alone',
    optimizer: adamW({ learningRate: 0.01, weightDecay: 0.3, groups: decayMatrices() }),
    torch: wordOf('adamW'),
    groups: [{}, { weight_decay: 0 }, {}, { weight_decay: 0 }],
  },
  {
    title: 'L2 on matrices alone',
    optimizer: sgd({ learningRate: 0.1, momentum: 0.8, weightDecay: 0.1, groups: decayMatrices() }),
    torch: wordOf('sgd'),
    groups: [{}, { weight_decay: 0 }, {}, { weight_decay: 0 }],
  },
  ...[adam, nadam, rmsProp].map((make) => ({
    title: `groups, ${make.name}`,
    optimizer: make({
      learningRate: 0.01,
      epsilon: 0.01,
      weightDecay: 0.02,
      groups: parameterGroups([
        { parameters: 'dense1', learningRateFactor: 0.2 },
        { parameters: (name) => name.endsWith('biases'), weightDecay: 0.1 },
      ]),
    }),
    torch: wordOf(make.name),
    groups: [{ lr: 0.002 }, { lr: 0.002, weight_decay: 0.1 }, {}, { weight_decay: 0.1 }],
  })),
];

/** Infinity is nothing that JSON says: where nothing is clipped, the option is left out. */
const optionsOf = (optimizer: Optimizer) =>
  Object.fromEntries(Object.entries(optimizer).filter(([, value]) => value !== Number.POSITIVE_INFINITY && typeof value !== 'object'));

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
      runs: runs.map(({ optimizer, torch, groups = [] }) => ({ torch, options: optionsOf(optimizer), groups })),
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
