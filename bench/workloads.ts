import { adam, binaryCrossEntropy, crossEntropy, dataset, dense, type Network, sequential, sgd } from 'neurite';
import { predictionAmount, trainingAmount } from './amounts.js';
import { moons, random, type Samples, type Split, uniformArray } from './data.js';
import type { Build, Contender, Effort, Unit } from './measure.js';
import { type Activation, type Optimizer, PlainNetwork } from './plain.js';

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

/** Every repetition of a training is one run: each system then has trained as long as the others when its accuracy is taken. */
export const trainingEffort = (repetitions: number): Effort => ({ repetitions, time: 0, warmup: 0 });
export const predictionEffort = (repetitions: number): Effort => ({ repetitions, time: 50, warmup: 300 });

/** Floating-point operations that training on one sample takes: two to a multiply-add, and no gradient on the input. */
export function trainingFlops(sizes: readonly number[]): number {
  return sizes.slice(1).reduce((sum, outputs, l) => sum + (l === 0 ? 4 : 6) * outputs * (sizes[l] as number), 0);
}

/** The network as a user of neurite writes it. */
export function network(
  { sizes, activations }: Pick<Training, 'sizes' | 'activations'>,
  options: { build: 'auto' | Build; optimizer?: Optimizer },
): Network {
  const layers = activations.map((activation, l) => dense(sizes[l + 1] as number, activation));
  const { build, optimizer } = options;
  if (!optimizer) return sequential(sizes[0] as number, layers, { build, seed: 1 });
  return sequential(sizes[0] as number, layers, {
    loss: activations.at(-1) === 'softmax' ? crossEntropy() : binaryCrossEntropy(),
    optimizer: (optimizer.kind === 'adam' ? adam : sgd)({ learningRate: optimizer.learningRate }),
    build,
    seed: 1,
  });
}

function asDataset({ x, y, bytes }: Samples) {
  return bytes ? dataset({ x: bytes, y, scale: 1 / 255 }) : dataset({ x, y });
}

export function trainWithNeurite(work: Training, { train, test }: Split, build: 'auto' | Build): Contender {
  const net = network(work, { build, optimizer: work.optimizer });
  const set = asDataset(train);
  return {
    system: 'neurite',
    build: net.build,
    run: () => net.fit(set, { epochs: work.epochs, batchSize: work.batch }),
    asynchronous: true,
    amount: trainingAmount(work, train.rows),
    accuracy: test && (() => net.evaluate(asDataset(test)).accuracy as number),
    free: () => {
      set.dispose();
      net.dispose();
    },
  };
}

export function trainWithLoops(work: Training, { train, test }: Split, parameters?: Float32Array): Contender {
  const { sizes, activations, batch, optimizer, epochs } = work;
  const net = new PlainNetwork(sizes, activations, batch, optimizer);
  if (parameters) net.parameters.set(parameters);
  return {
    system: 'plain-js',
    run: () => {
      for (let epoch = 0; epoch < epochs; epoch++) net.train(train);
    },
    amount: trainingAmount(work, train.rows),
    accuracy: test && (() => net.accuracy(test)),
  };
}

/** Different inputs for one call after the other. */
export function inputs({ sizes, rows }: Prediction): Float32Array[] {
  const width = sizes[0] as number;
  return Array.from({ length: rows === 1 ? 64 : 2 }, (_, i) => uniformArray(rows * width, i, 0, 1));
}

export function predictWithNeurite(work: Prediction, build: 'auto' | Build, given: 'out' | 'fresh'): Contender {
  const net = network(work, { build });
  const xs = inputs(work);
  const out = new Float32Array(work.rows * net.outFeatures);
  const mask = xs.length - 1;
  return {
    system: 'neurite',
    build: net.build,
    run:
      given === 'out'
        ? () => {
            for (let i = 0; i < work.calls; i++) net.predict(xs[i & mask] as Float32Array, out);
          }
        : () => {
            for (let i = 0; i < work.calls; i++) net.predict(xs[i & mask] as Float32Array);
          },
    amount: predictionAmount(work),
    free: () => net.dispose(),
  };
}

export function predictWithLoops(work: Prediction): Contender {
  const net = new PlainNetwork(work.sizes, work.activations, work.rows);
  const xs = inputs(work);
  const mask = xs.length - 1;
  const out = new Float32Array(work.rows * (work.sizes.at(-1) as number));
  return {
    system: 'plain-js',
    run: () => {
      for (let i = 0; i < work.calls; i++) {
        const u = net.predict(xs[i & mask] as Float32Array, work.rows);
        for (let j = 0; j < out.length; j++) out[j] = u[j] as number;
      }
    },
    amount: predictionAmount(work),
  };
}

/** A row of the report: what is measured, and who does it. */
export interface Row {
  readonly workload: string;
  readonly unit: Unit;
  readonly effort: (repetitions: number) => Effort;
  readonly contenders: () => Contender[];
}

/** The workloads that can be measured within one page or process. */
export function rows(mnist: () => Split, build: 'auto' | Build): Row[] {
  return [
    ...trainings.map((work) => ({
      workload: work.id,
      unit: work.unit,
      effort: trainingEffort,
      contenders: () => {
        const data = work.data(mnist);
        return [trainWithNeurite(work, data, build), trainWithLoops(work, data)];
      },
    })),
    ...predictions.flatMap((work) => {
      const row = { unit: work.unit, effort: predictionEffort };
      const out = { ...row, workload: work.id, contenders: () => [predictWithNeurite(work, build, 'out'), predictWithLoops(work)] };
      if (work.id !== 'I3') return [out];
      return [out, { ...row, workload: 'I3 fresh', contenders: () => [predictWithNeurite(work, build, 'fresh'), predictWithLoops(work)] }];
    }),
  ];
}
