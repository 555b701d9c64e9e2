/** What is trained and predicted, for every system alike: nothing here loads one. */
import { moons, random, type Split, uniformArray } from './data.js';
import type { Activation, Optimizer } from './plain.js';

/** A network to train, described so that every system can build it. */
export interface Training {
  readonly id: string;
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[];
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly unit: 'samples/s' | 'steps/s';
  /** Epochs to one repetition, so many that the fastest system takes a fifth of a second or more: it begins with what the one before left in the caches. */
  readonly epochs: number;
  readonly data: (mnist: () => Split) => Split;
}

/** A network that predicts. */
export interface Prediction {
  readonly id: string;
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[];
  /** Rows in one call. */
  readonly rows: number;
  readonly unit: 'samples/s' | 'ms' | 'µs' | 'ns';
  /** Calls to one measured run, so that it is long against the clock's grain. */
  readonly calls: number;
}

export const trainings: readonly Training[] = [
  {
    id: 'T1',
    sizes: [784, 128, 10],
    activations: ['relu', 'softmax'],
    batch: 32,
    optimizer: { kind: 'sgd', learningRate: 0.1 },
    unit: 'samples/s',
    epochs: 3,
    data: (mnist) => mnist(),
  },
  {
    id: 'T2',
    sizes: [784, 128, 10],
    activations: ['relu', 'softmax'],
    batch: 128,
    optimizer: { kind: 'adam', learningRate: 0.001 },
    unit: 'samples/s',
    epochs: 3,
    data: (mnist) => mnist(),
  },
  {
    id: 'T3',
    sizes: [784, 512, 256, 10],
    activations: ['relu', 'relu', 'softmax'],
    batch: 128,
    optimizer: { kind: 'adam', learningRate: 0.001 },
    unit: 'samples/s',
    epochs: 1,
    data: (mnist) => mnist(),
  },
  {
    id: 'T4',
    sizes: [2, 8, 1],
    activations: ['tanh', 'sigmoid'],
    batch: 4,
    optimizer: { kind: 'sgd', learningRate: 0.1 },
    unit: 'steps/s',
    epochs: 20,
    data: () => ({ train: moons(4000, 3), test: moons(1000, 4) }),
  },
  {
    id: 'T5',
    sizes: [64, 1024, 1024, 10],
    activations: ['relu', 'relu', 'softmax'],
    batch: 256,
    optimizer: { kind: 'sgd', learningRate: 0.01 },
    unit: 'samples/s',
    epochs: 2,
    data: () => ({ train: random(1024, 64, 10, 5) }),
  },
];

/** Sigmoids in I3 because every peer has them; what is measured there is the call. */
export const predictions: readonly Prediction[] = [
  { id: 'I1', sizes: [784, 128, 10], activations: ['relu', 'softmax'], rows: 1, unit: 'µs', calls: 64 },
  { id: 'I2', sizes: [784, 512, 256, 10], activations: ['relu', 'relu', 'softmax'], rows: 256, unit: 'samples/s', calls: 1 },
  { id: 'I3', sizes: [4, 16, 3], activations: ['sigmoid', 'sigmoid'], rows: 1, unit: 'ns', calls: 4096 },
];

/** What frozen predictors of I2 are measured on: rows around what fills a tile, and a batch. */
export const frozenCalls = [2, 4, 12, 256].map((rows) => ({ rows, workload: `F ${rows} rows` }));

/** Floating-point operations that training on one sample takes: two to a multiply-add, and no gradient on the input. */
export function trainingFlops(sizes: readonly number[]): number {
  return sizes.slice(1).reduce((sum, outputs, l) => sum + (l === 0 ? 4 : 6) * outputs * (sizes[l] as number), 0);
}

/** How much work one run of a training is. */
export function trainingAmount({ unit, batch, epochs }: Pick<Training, 'unit' | 'batch' | 'epochs'>, rows: number): number {
  return epochs * (unit === 'steps/s' ? Math.ceil(rows / batch) : rows);
}

/** How much work one run of a prediction is. */
export function predictionAmount({ unit, calls, rows }: Pick<Prediction, 'unit' | 'calls' | 'rows'>): number {
  return calls * (unit === 'samples/s' ? rows : 1);
}

/** Different inputs for one call after the other. */
export function inputs({ sizes, rows }: Prediction): Float32Array[] {
  const width = sizes[0] as number;
  return Array.from({ length: rows === 1 ? 64 : 2 }, (_, i) => uniformArray(rows * width, i, 0, 1));
}
