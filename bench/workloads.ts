/** What is trained and predicted, for every system alike: nothing here loads one. */
import { moons, random, type Split, uniformArray } from './data.js';
import type { Activation, Optimizer } from './plain.js';

interface Dense {
  readonly id: string;
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[];
}

/** A network to train, described so that every system can build it. */
export interface Training extends Dense {
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly unit: 'samples/s' | 'steps/s';
  /** Epochs to one repetition, so many that the fastest system takes a fifth of a second or more: it begins with what the one before left in the caches. */
  readonly epochs: number;
  readonly data: (mnist: () => Split) => Split;
}

/** A network that predicts. */
export interface Prediction extends Dense {
  /** Rows in one call. */
  readonly rows: number;
  readonly unit: 'samples/s' | 'ms' | 'µs' | 'ns';
  /** Calls to one measured run, so that it is long against the clock's grain. */
  readonly calls: number;
}

const shallow = { sizes: [784, 128, 10], activations: ['relu', 'softmax'] } as const;
const deep = { sizes: [784, 512, 256, 10], activations: ['relu', 'relu', 'softmax'] } as const;
const wide = { sizes: [64, 1024, 1024, 10], activations: ['relu', 'relu', 'softmax'] } as const;
const tiny = { sizes: [2, 8, 1], activations: ['tanh', 'sigmoid'] } as const;
const sgd = (learningRate: number): Optimizer => ({ kind: 'sgd', learningRate });
const adam: Optimizer = { kind: 'adam', learningRate: 0.001 };
const images = (mnist: () => Split) => mnist();
const twoMoons = (rows: number) => () => ({ train: moons(rows, 3), test: moons(1000, 4) });

export const trainings: readonly Training[] = [
  { id: 'T1', ...shallow, batch: 32, optimizer: sgd(0.1), unit: 'samples/s', epochs: 3, data: images },
  { id: 'T2', ...shallow, batch: 128, optimizer: adam, unit: 'samples/s', epochs: 3, data: images },
  { id: 'T3', ...deep, batch: 128, optimizer: adam, unit: 'samples/s', epochs: 1, data: images },
  { id: 'T4', ...tiny, batch: 4, optimizer: sgd(0.1), unit: 'steps/s', epochs: 20, data: twoMoons(4000) },
  { id: 'T5', ...wide, batch: 256, optimizer: sgd(0.01), unit: 'samples/s', epochs: 2, data: () => ({ train: random(1024, 64, 10, 5) }) },
];

/** T4 by one call of `step` for each batch, on 250 batches cut beforehand. */
export const stepping: Training = { ...(trainings[3] as Training), id: 'T4 step', epochs: 80, data: twoMoons(1000) };

/** Sigmoids in I3 because every peer has them; what is measured there is the call. */
export const predictions: readonly Prediction[] = [
  { id: 'I1', ...shallow, rows: 1, unit: 'µs', calls: 64 },
  { id: 'I2', ...deep, rows: 256, unit: 'samples/s', calls: 1 },
  { id: 'I3', sizes: [4, 16, 3], activations: ['sigmoid', 'sigmoid'], rows: 1, unit: 'ns', calls: 4096 },
];

/** What is measured on several threads, beside one. Eight, beside two, are more than most machines have cores for: that must cost little. */
export const shared: readonly { readonly work: Training | Prediction; readonly threads: number; readonly beside?: number }[] = [
  ...[...trainings, ...predictions].filter(({ id }) => ['T1', 'T2', 'T3', 'T5', 'I2'].includes(id)).map((work) => ({ work, threads: 2 })),
  { work: trainings[2] as Training, threads: 8, beside: 2 },
];

/** What frozen predictors of I2's network are measured on: rows around what fills a tile, and a batch. */
export const frozen: readonly Prediction[] = [2, 4, 12, 256].map((rows) => ({
  ...{ id: `F ${rows} rows`, ...deep, rows, unit: 'samples/s' },
  calls: rows === 256 ? 1 : 64,
}));

/** Systems that take seconds for what the fastest does in a fifth of one: they train fewer epochs in a repetition, and their accuracy is of as many fewer. */
const slow: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'plain-js': { T1: 1, T2: 1, T5: 1 },
  'tfjs-wasm': { T1: 1, T2: 1, T4: 4, T5: 1 },
  'tfjs-wasm-tuned': { T4: 4 },
  'jax-js': { T4: 4 },
  pytorch: { T4: 4 },
};

/** A training as a system does it in a repetition. */
export function paced(work: Training, system: string): Training {
  return { ...work, epochs: slow[system]?.[work.id] ?? work.epochs };
}

/** A workload in words. */
export function described(work: Training | Prediction): string {
  const network = work.sizes.join('-');
  if ('optimizer' in work) return `trains ${network}, batches of ${work.batch}, ${{ sgd: 'SGD', adam: 'Adam' }[work.optimizer.kind]}`;
  return `predicts ${work.rows === 1 ? 'a row' : `${work.rows} rows`} by ${network}`;
}

/** Floating-point operations that training on one sample takes: two to a multiply-add, and no gradient on the input. */
export function trainingFlops(sizes: readonly number[]): number {
  return sizes.slice(1).reduce((sum, outputs, l) => sum + (l === 0 ? 4 : 6) * outputs * (sizes[l] as number), 0);
}

/** How much work one run of a training is. */
export function trainingAmount({ unit, batch, epochs }: Training, rows: number): number {
  return epochs * (unit === 'steps/s' ? Math.ceil(rows / batch) : rows);
}

/** How much work one run of a prediction is. */
export function predictionAmount({ unit, calls, rows }: Prediction): number {
  return calls * (unit === 'samples/s' ? rows : 1);
}

/** Different inputs for one call after the other, a power of 2 of them. */
export function inputs({ sizes, rows }: Prediction): Float32Array[] {
  const width = sizes[0] as number;
  return Array.from({ length: rows === 1 ? 64 : 2 }, (_, i) => uniformArray(rows * width, i, 0, 1));
}
