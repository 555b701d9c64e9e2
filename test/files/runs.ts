/** Trainings that are interrupted and go on: each with all that a checkpoint must hold. */
import {
  type AnyNetwork,
  adam,
  batchNorm,
  cosine,
  crossEntropy,
  dense,
  dropout,
  type FitOptions,
  f1,
  gaussianNoise,
  lbfgs,
  meanSquaredError,
  type Network,
  reduceOnPlateau,
  type Stream,
  sequential,
  sgd,
  stream,
} from 'neurite';
import { norm } from '../own/norm.js';
import { randomRows } from './bits.js';

export const rows = 60;
export const x = randomRows(rows * 4, 1);
export const ids = Uint8Array.from({ length: rows }, (_, i) => Number((x[4 * i] as number) > 0) + Number((x[4 * i + 1] as number) > 0));
const y = randomRows(rows * 2, 2);

/** One way to train: each call makes its network, data and options afresh, as another process would. */
export interface Run {
  readonly name: string;
  make(): Network;
  data(): Parameters<AnyNetwork['fit']>[0] | Stream;
  options(): FitOptions;
}

const classifier =
  (layer = dense(6, 'tanh')) =>
  () =>
    sequential(4, [layer, dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 5 }) as Network;

export const runs: readonly Run[] = [
  {
    name: 'dropout and noise, which are drawn anew in each step',
    make: () =>
      sequential(4, [dense(8, 'relu'), dropout(0.3), gaussianNoise(0.1), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 4 }),
    data: () => ({ x, y: ids }),
    options: () => ({ epochs: 3, batchSize: 9 }),
  },
  {
    name: 'L-BFGS, on all rows at once',
    make: () =>
      sequential(4, [dense(5, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: lbfgs({ maxIterations: 3 }), seed: 6 }) as Network,
    data: () => ({ x, y: ids }),
    options: () => ({ epochs: 8 }),
  },
  {
    name: 'adam with a cosine, and batches that are shuffled',
    make: classifier(),
    data: () => ({ x, y: ids }),
    options: () => ({ epochs: 4, batchSize: 7, learningRate: cosine(0.1, { epochs: 4 }) }),
  },
  {
    name: 'batch norm, whose running statistics are states',
    make: () =>
      sequential(4, [norm(), batchNorm(), dense(3, 'softmax')], {
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
        seed: 2,
      }),
    data: () => ({ x, y: ids, budget: 0 }),
    options: () => ({ epochs: 3, batchSize: 8 }),
  },
  {
    name: 'early stopping and a rate that falls on a plateau',
    make: classifier(),
    data: () => ({ x, y: ids }),
    options: () => ({
      epochs: 12,
      batchSize: 16,
      validationSplit: 0.25,
      metrics: [f1] as never,
      learningRate: reduceOnPlateau(0.3, { patience: 0, factor: 0.5 }),
      earlyStopping: { patience: 3, monitor: 'f1' },
    }),
  },
  {
    name: 'rows of a stream, in an order that is drawn of those that are kept',
    make: classifier(),
    data: () =>
      stream(async function* () {
        for (let i = 0; i < rows; i++) yield i;
      })
        .map((i) => ({ x: x.slice(4 * i, 4 * i + 4), y: ids[i] as number }))
        .shuffle(20)
        .batch(7),
    options: () => ({ epochs: 3 }),
  },
  {
    name: 'gradients that are added up, with weights',
    make: () => sequential(4, [dense(5, 'gelu'), dense(2)], { loss: meanSquaredError(), optimizer: adam({ clipNorm: 0.1 }), seed: 3 }) as Network,
    data: () => ({ x, y, weight: Float32Array.from({ length: rows }, (_, i) => i % 3) }),
    options: () => ({ epochs: 3, batchSize: 4, accumulationSteps: 3 }),
  },
];
