/** Every loss, in both reductions, with weights and with its options, against PyTorch in float64. */
import * as neurite from 'neurite';
import {
  binaryCrossEntropy,
  constant,
  crossEntropy,
  gaussianNll,
  huber,
  input,
  type Loss,
  mul,
  type Node,
  network,
  poisson,
  quantile,
  sigmoid,
  softmax,
  softplus,
} from 'neurite';
import { inputGradient } from 'neurite/derivatives';
import { beforeAll, describe, expect, test } from 'vitest';
import { distance } from '../derivatives/compare.js';
import { builds } from '../kernels/machine.js';
import { numbers } from '../kernels/numbers.js';
import { type LossRow, losses } from '../vocabulary.js';
import { answerOfTorch, hasTorch, required } from './python.js';

const rows = 7;
const width = 4;

/** A loss as it is tried. */
interface Case {
  readonly title: string;
  readonly loss: Loss;
  readonly torch: string;
  readonly output: LossRow['output'];
  readonly ids: boolean;
  readonly targets: readonly number[];
  readonly outputs: readonly number[];
  readonly weights: readonly number[];
  readonly divisor: number;
}

const weights = { none: [1, 1, 1, 1, 1, 1, 1], rows: [0, 1, 2, 0.5, 3, 1, 0.25] };

/** Losses of the vocabulary by their names, with options that have PyTorch's words of their own. */
const options: readonly {
  readonly name: string;
  readonly make: (reduction: 'mean' | 'sum') => Loss;
  readonly torch: string;
  /** Targets are any numbers. */
  readonly values?: true;
  /** Targets are rows of probabilities, where they might be class ids. */
  readonly soft?: true;
  /** How many quantiles there are: targets are as much narrower. */
  readonly quantiles?: number;
}[] = [
  ...losses
    .filter(({ torch }) => typeof torch === 'string')
    .map(({ name, torch }) => ({
      name,
      // The rows of the vocabulary have these options.
      make: (reduction: 'mean' | 'sum') =>
        name === 'squaredError'
          ? neurite.squaredError()
          : ((neurite as unknown as Record<string, (options: object) => Loss>)[name]?.({
              reduction,
              ...(name === 'huber' && { delta: 0.75 }),
              ...(name === 'quantile' && { tau: 0.9 }),
            }) as Loss),
      torch: torch as string,
    })),
  {
    name: 'crossEntropy',
    make: (reduction) => crossEntropy({ reduction, labelSmoothing: 0.1 }),
    torch: 'lambda z, t: F.cross_entropy(z, t, label_smoothing=0.1)',
  },
  {
    name: 'crossEntropy',
    make: (reduction) => crossEntropy({ reduction, classWeights: [1, 2, 0, 0.5] }),
    torch: 'lambda z, t: F.cross_entropy(z, t, weight=torch.tensor([1, 2, 0, 0.5]), reduction="sum") / len(z)',
  },
  {
    name: 'crossEntropy',
    make: (reduction) => crossEntropy({ reduction, labelSmoothing: 0.2, classWeights: [1, 2, 3, 0.5] }),
    torch: 'lambda z, t: F.cross_entropy(z, t, weight=torch.tensor([1, 2, 3, 0.5]), label_smoothing=0.2, reduction="sum") / len(z)',
  },
  {
    name: 'crossEntropy',
    make: (reduction) => crossEntropy({ reduction, probabilities: false }),
    torch: 'lambda z, t: -torch.sum(t * F.log_softmax(z, 1)) / len(z)',
    values: true,
  },
  {
    name: 'binaryCrossEntropy',
    make: (reduction) => binaryCrossEntropy({ reduction, labelSmoothing: 0.1 }),
    torch: 'lambda z, t: F.binary_cross_entropy_with_logits(z, 0.9 * t + 0.05)',
  },
  {
    name: 'binaryCrossEntropy',
    make: (reduction) => binaryCrossEntropy({ reduction, classWeights: [1, 3] }),
    torch: 'lambda z, t: F.binary_cross_entropy_with_logits(z, t, pos_weight=torch.tensor(3.0))',
  },
  {
    name: 'binaryCrossEntropy',
    make: (reduction) => binaryCrossEntropy({ reduction, probabilities: false }),
    torch: 'lambda z, t: F.binary_cross_entropy_with_logits(z, t)',
    values: true,
  },
  { name: 'huber', make: (reduction) => huber({ reduction, delta: 2 }), torch: 'lambda u, t: F.huber_loss(u, t, delta=2)' },
  { name: 'quantile', make: (reduction) => quantile({ reduction }), torch: 'lambda u, t: torch.mean(torch.abs(t - u)) / 2' },
  {
    name: 'focal',
    make: (reduction) => neurite.focal({ reduction, gamma: 0, alpha: 0.5 }),
    torch: 'lambda z, t: F.binary_cross_entropy_with_logits(z, t) / 2',
  },
  {
    name: 'poisson',
    make: (reduction) => poisson({ reduction, logInput: false }),
    torch: 'lambda u, t: F.poisson_nll_loss(u, t, log_input=False, eps=1e-8)',
  },
  ...[0.5, 1.5, 3].map((gamma) => ({
    name: 'focal',
    make: (reduction: 'mean' | 'sum') => neurite.focal({ reduction, gamma, alpha: 0.6 }),
    torch: `lambda z, t: torch.mean(F.binary_cross_entropy_with_logits(z, t, reduction="none") * (0.6 * t + 0.4 * (1 - t)) * torch.sigmoid((1 - 2 * t) * z) ** ${gamma})`,
  })),
  ...[0, 0.5, 3].map((gamma) => ({
    name: 'categoricalFocal',
    make: (reduction: 'mean' | 'sum') => neurite.categoricalFocal({ reduction, gamma, alpha: 1 }),
    torch: `lambda z, t: torch.mean((1 - torch.softmax(z, 1).gather(1, t[:, None])[:, 0]) ** ${gamma} * F.cross_entropy(z, t, reduction="none"))`,
  })),
  {
    name: 'categoricalFocal',
    make: (reduction) => neurite.categoricalFocal({ reduction }),
    torch: 'lambda z, t: -0.25 * torch.sum(t * (1 - torch.softmax(z, 1)) ** 2 * F.log_softmax(z, 1)) / len(z)',
    soft: true,
  },
  {
    name: 'klDivergence',
    make: (reduction) => neurite.klDivergence({ reduction }),
    torch: 'lambda z, t: F.kl_div(F.log_softmax(z, 1), t, reduction="batchmean")',
    soft: true,
  },
  {
    name: 'crossEntropy',
    make: (reduction) => crossEntropy({ reduction, labelSmoothing: 0.2 }),
    torch: 'lambda z, t: F.cross_entropy(z, t, label_smoothing=0.2)',
    soft: true,
  },
  {
    name: 'quantile',
    make: (reduction) => quantile({ reduction, tau: [0.1, 0.75] }),
    torch:
      'lambda u, t: sum(torch.mean(torch.maximum(q * (t - v), (q - 1) * (t - v))) for q, v in ((0.1, u[:, : t.shape[1]]), (0.75, u[:, t.shape[1] :]))) / 2',
    quantiles: 2,
  },
  {
    name: 'poisson',
    make: (reduction) => poisson({ reduction, full: true }),
    torch: 'lambda u, t: F.poisson_nll_loss(u, t, full=True)',
  },
  {
    name: 'poisson',
    make: (reduction) => poisson({ reduction, logInput: false, full: true, epsilon: 0.25 }),
    torch: 'lambda u, t: F.poisson_nll_loss(u, t, log_input=False, full=True, eps=0.25)',
  },
  {
    name: 'gaussianNll',
    make: (reduction) => gaussianNll({ reduction, full: true, epsilon: 0.5 }),
    torch: 'lambda u, t: F.gaussian_nll_loss(u[:, : t.shape[1]], t, u[:, t.shape[1] :], full=True, eps=0.5)',
  },
];

/** Whether it is a sum over the elements of one width: PyTorch then takes an element by itself. */
const isSeparable = ({ whole, divisor }: LossRow) => !whole && divisor === 'outputs';

const cases: readonly Case[] = options.flatMap(({ name, make, torch, values, soft, quantiles = 1 }, i) => {
  const row = losses.find((one) => one.name === name) as LossRow;
  return (['mean', 'sum'] as const).flatMap((reduction) => {
    const loss = make(reduction);
    if (loss.reduction !== reduction) return [];
    const next = numbers(i + 1, 0, 1);
    // A variance below epsilon has no slope here, and in PyTorch that of epsilon.
    const outputs = Array.from({ length: rows * width }, () =>
      Math.fround(name === 'gaussianNll' || torch.includes('log_input=False') ? 1 + 3 * next() : 8 * next() - 4),
    );
    const drawn = Array.from({ length: rows }, () => row.targets(Array.from({ length: width }, () => 0.05 + 0.9 * next()))).map((one) =>
      one.slice(0, width / quantiles).map(Math.fround),
    );
    const ids = row.output === 'softmax' && !values && !soft;
    const targets = values ? outputs.map(() => Math.fround(6 * next() - 3)) : ids ? drawn.map((_, r) => (r * 5) % width) : drawn.flat();
    const perRow = values ? width : (drawn[0] as number[]).length;
    const divisor = row.divisor === 'one' ? 1 : perRow * quantiles;
    const common = { loss, torch, output: row.output, ids, targets, outputs, divisor };
    const title = `${torch.startsWith('lambda') ? torch.slice(0, 60) : torch}: ${name}, ${reduction}`;
    const wide = targets.map(() => Math.fround(2 * next()));
    return [
      { ...common, title, weights: weights.none },
      { ...common, title: `${title}, a weight for each row`, weights: weights.rows },
      ...(isSeparable(row) && quantiles === 1 ? [{ ...common, title: `${title}, a weight for each element`, weights: wide }] : []),
    ];
  });
});

describe.runIf(required || hasTorch())('losses in PyTorch', () => {
  let found: { loss: number; gradient: number[] }[] = [];

  beforeAll(() => {
    found = answerOfTorch(
      'losses.py',
      cases.map(({ loss, torch, output, ids, targets, outputs, weights, divisor }) => ({
        torch,
        output,
        ids,
        targets,
        outputs,
        weights,
        rows,
        reduction: loss.reduction,
        // What the word of a sum gives of a row is a sum already.
        divisor: loss.name === 'squaredError' ? 1 : divisor,
      })),
    ) as typeof found;
  }, 120_000);

  test.each(cases.map(({ title }, i) => [title, i] as const))('%s', (_, i) => {
    const { loss, output, targets, outputs, weights, ids } = cases[i] as Case;
    const expected = found[i] as (typeof found)[number];
    for (const build of builds) {
      const x = input(width);
      const activation = { softmax, sigmoid, softplus, identity: (v: Node) => v }[output];
      const net = network({ inputs: x, outputs: activation(mul(x, constant(1))), loss, build });
      const x0 = Float32Array.from(outputs);
      const y = ids ? Uint32Array.from(targets) : Float32Array.from(targets);
      const weight = Float32Array.from(weights);
      const rowsIn = loss.reduction === 'sum' ? rows : 1;
      const close = (a: ArrayLike<number>, b: ArrayLike<number>) => {
        const { difference, size } = distance(a, b);
        expect(difference).toBeLessThanOrEqual(1e-5 * size);
      };
      close([net.gradient(x0, y as never, { weight }) * rowsIn], [expected.loss]);
      close(inputGradient(net, x0, y as never, { weight }) as Float32Array, expected.gradient);
      net.dispose();
    }
  });
});
