/**
 * Fifty steps of L-BFGS against PyTorch in float64: see torch.slow.test.ts for when it is skipped.
 *
 * Here losses and gradients are float32: after k iterations the path is off by their rounding times what the search makes of it. Where the minimum is the
 * only one (softmax regression with a penalty on all parameters), both arrive at it and every step agrees to 1e-5; with three pairs alone to 1e-4 on
 * the way. A network has long, flat valleys: ten iterations agree to 1e-5; the valley and its loss are the same after fifty.
 */
import { crossEntropy, dense, type Layer, lbfgs, optimizerState, scale, sequential, square } from 'neurite';
import { beforeAll, describe, expect, test } from 'vitest';
import { distance } from '../derivatives/compare.js';
import { builds } from '../kernels/machine.js';
import { filled, numbers } from '../kernels/numbers.js';
import { answerOfTorch, hasTorch, required } from './python.js';

const rows = 24;
const steps = 50;
const x = filled(rows * 5, numbers(11));
const y = Uint8Array.from({ length: rows }, (_, i) => (i * i) % 3);
const regression = () => [dense(3, 'softmax')];
const hidden = () => [dense(7, 'tanh'), dense(3, 'softmax')];

interface Run {
  readonly title: string;
  readonly layers: () => Layer[];
  readonly decay: number;
  readonly optimizer: ReturnType<typeof lbfgs>;
  /** Bounds of ‖a − b‖∞ / ‖b‖∞, for the parameters after so many steps. */
  readonly bounds: readonly (readonly [steps: number, bound: number])[];
  /** Of the loss before the last step, and how many evaluations more or less it may take. */
  readonly loss: number;
  readonly evaluations: number;
}

const one = { maxIterations: 1 };
const runs: readonly Run[] = [
  { title: 'regression', layers: regression, decay: 0.01, optimizer: lbfgs(one), bounds: [[50, 1e-5]], loss: 1e-7, evaluations: 5 },
  {
    title: 'regression, three pairs',
    layers: regression,
    decay: 0.01,
    optimizer: lbfgs({ ...one, historySize: 3 }),
    bounds: [
      [10, 1e-5],
      [50, 1e-4],
    ],
    loss: 1e-7,
    evaluations: 5,
  },
  {
    title: 'regression, without a line search',
    layers: regression,
    decay: 0.01,
    optimizer: lbfgs({ ...one, lineSearch: 'none', learningRate: 0.5 }),
    bounds: [[50, 1e-5]],
    loss: 1e-7,
    evaluations: 0,
  },
  { title: 'regression, as it comes', layers: regression, decay: 0.01, optimizer: lbfgs(), bounds: [[50, 1e-5]], loss: 1e-7, evaluations: 30 },
  {
    title: 'network',
    layers: hidden,
    decay: 0.01,
    optimizer: lbfgs(one),
    bounds: [
      [10, 1e-5],
      [50, 5e-2],
    ],
    loss: 1e-5,
    evaluations: 5,
  },
  { title: 'network, as it comes', layers: hidden, decay: 0.01, optimizer: lbfgs(), bounds: [[1, 1e-3]], loss: 1e-6, evaluations: 60 },
];

const made = ({ layers, decay, optimizer }: Run, build: 'simd' | 'relaxed' = 'simd') =>
  sequential(5, layers(), {
    loss: crossEntropy(),
    optimizer,
    build,
    seed: 8,
    penalty: (all) => all.flatMap(({ parameters }) => Object.values(parameters).map((node) => scale(square(node), decay))),
  });

interface Answer {
  readonly path: readonly number[][];
  readonly losses: readonly number[];
  readonly iterations: number;
  readonly evaluations: number;
}

describe.runIf(required || hasTorch())('fifty steps as PyTorch takes them', () => {
  let found: Answer[] = [];

  beforeAll(() => {
    found = answerOfTorch('lbfgs.py', {
      rows,
      x: [...x],
      y: [...y],
      runs: runs.map((run) => {
        using net = made(run);
        const parameters = net.parameterNames.map((name) => net.parameter(name));
        return {
          values: parameters.map(({ values }) => [...values]),
          shapes: parameters.map(({ shape }) => shape),
          options: run.optimizer,
          decay: run.decay,
          steps,
        };
      }),
    }) as Answer[];
  }, 120_000);

  describe.each(builds)('%s', (build) => {
    test.each(runs.map((run, i) => [run.title, run, i] as const))('%s', (_, run, i) => {
      using net = made(run, build);
      const { path, losses, evaluations } = found[i] as Answer;
      let loss = 0;
      for (let step = 0; step < steps; step++) {
        loss = net.step(x, y);
        const [, bound] = run.bounds.find(([upTo]) => step < upTo) ?? [0, Number.POSITIVE_INFINITY];
        const { difference, size } = distance(net.parameters, path[step] as number[]);
        expect(difference, `step ${step + 1}`).toBeLessThanOrEqual(bound * size);
      }
      expect(Math.abs(loss - (losses.at(-1) as number))).toBeLessThanOrEqual(run.loss);
      expect(Math.abs((optimizerState(net).powers[1] as number) - evaluations)).toBeLessThanOrEqual(run.evaluations);
    });
  });
});
