/** Every layer that PyTorch has, with its options, in training and in prediction, against PyTorch in float64. */
import { batchNorm, dense, type Layer, layerNorm, meanSquaredError, rmsNorm, sequential, sgd } from 'neurite';
import { inputGradient } from 'neurite/derivatives';
import { beforeAll, describe, expect, test } from 'vitest';
import { distance } from '../derivatives/compare.js';
import { builds } from '../kernels/machine.js';
import { numbers } from '../kernels/numbers.js';
import { layers } from '../vocabulary.js';
import { answerOfTorch, hasTorch, required } from './python.js';

const rows = 9;
const width = 3;
const learningRate = 0.1;
const steps = 4;

/** A layer as it is tried. */
interface Case {
  readonly title: string;
  readonly make: () => Layer;
  /** Of the number of features, as the rows of the vocabulary say it. */
  readonly torch: string;
  /** Where the input is ids: below which number. */
  readonly ids: number;
}

const cases: readonly Case[] = [
  ...layers.flatMap((row) => (typeof row.torch === 'string' ? [{ title: row.name, make: row.make, torch: row.torch, ids: row.ids ?? 0 }] : [])),
  ...(
    [
      ['layerNorm without gains', () => layerNorm({ affine: false, epsilon: 0.01 }), 'torch.nn.LayerNorm(n, eps=0.01, elementwise_affine=False)'],
      ['rmsNorm without gains', () => rmsNorm({ affine: false, epsilon: 0.01 }), 'RMSNorm(n, eps=0.01, elementwise_affine=False)'],
      ['batchNorm without gains', () => batchNorm({ affine: false, epsilon: 0.01 }), 'torch.nn.BatchNorm1d(n, eps=0.01, affine=False)'],
      ['batchNorm that keeps its statistics', () => batchNorm({ momentum: 0 }), 'torch.nn.BatchNorm1d(n, momentum=0)'],
      ['batchNorm that takes the last batch', () => batchNorm({ momentum: 1 }), 'torch.nn.BatchNorm1d(n, momentum=1)'],
    ] as const
  ).map(([title, make, word]) => ({ title, make, torch: `lambda n: ${word}`, ids: 0 })),
];

/** A network around a layer, drawn anew, and what it is trained on. */
function build({ make, ids }: Case, of: (typeof builds)[number]) {
  const list = ids > 0 ? [make(), dense(2)] : [dense(width), make(), dense(2)];
  const net = sequential(width, list, { loss: meanSquaredError(), optimizer: sgd({ learningRate }), seed: 4, build: of });
  const next = numbers(7);
  net.parameters.forEach((v, i, all) => {
    all[i] = v + 0.2 * next();
  });
  const wide = net.layers.at(-1)?.parameters.weights?.shape[1] as number;
  const stateNames = Object.keys(net.layers[ids > 0 ? 0 : 1]?.parameters ?? {}).filter((name) => name === 'mean' || name === 'variance');
  const states = () => stateNames.flatMap((name) => Array.from(net.layers[1]?.parameters[name]?.values ?? []));
  const x = Array.from({ length: steps }, (_, step) =>
    Float32Array.from({ length: rows * width }, () => (ids > 0 ? Math.floor(((next() + 1) / 2) * ids) : (step + 1) * next() + step / 2)),
  );
  const y = Float32Array.from({ length: rows * 2 }, () => next());
  return { net, wide, states, x, y };
}

interface Found {
  readonly losses: number[];
  readonly gradients: number[][];
  readonly parameters: number[];
  readonly states: number[];
  readonly prediction: number[];
  readonly inputGradient: number[];
}

describe.runIf(required || hasTorch())('layers in PyTorch', () => {
  let found: Found[] = [];

  beforeAll(() => {
    found = answerOfTorch(
      'layers.py',
      cases.map((one) => {
        const { net, wide, states, x, y } = build(one, 'simd');
        const { torch, ids } = one;
        return { torch, ids, wide, width, rows, learningRate, parameters: [...net.parameters], states: states(), x: x.map((b) => [...b]), y: [...y] };
      }),
    ) as Found[];
  }, 120_000);

  test.each(cases.flatMap(({ title }, i) => builds.map((build) => [title, build, i] as const)))('%s (%s)', (_, of, i) => {
    const one = cases[i] as Case;
    const expected = found[i] as Found;
    const { net, states, x, y } = build(one, of);
    const close = (what: string, a: ArrayLike<number>, b: ArrayLike<number>) => {
      expect(a.length, what).toBe(b.length);
      const { difference, size } = distance(a, b);
      expect(difference, what).toBeLessThanOrEqual(1e-5 * size);
    };
    x.forEach((batch, step) => {
      const loss = net.gradient(batch, y);
      close(`gradient ${step}`, net.gradients, expected.gradients[step] as number[]);
      close(`loss ${step}`, [loss, net.step(batch, y)], [expected.losses[step] as number, expected.losses[step] as number]);
    });
    close('parameters', net.parameters, expected.parameters);
    if (expected.states.length > 0) close('states', states(), expected.states);
    close('prediction', net.predict(x[0] as Float32Array), expected.prediction);
    if (one.ids === 0) close('gradient to the input', inputGradient(net, x[0] as Float32Array, y) as Float32Array, expected.inputGradient);
    net.dispose();
  });
});
