/** neurite at the workloads, as a user writes it. */
import { adam, binaryCrossEntropy, crossEntropy, dataset, dense, type Network, sequential, sgd } from 'neurite';
import type { Samples, Split } from './data.js';
import type { Build, Contender } from './measure.js';
import type { Optimizer } from './plain.js';
import { inputs, type Prediction, predictionAmount, type Training, trainingAmount } from './workloads.js';

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

/** The same training by one call of `step` for each batch, on batches cut beforehand. */
export function stepWithNeurite(work: Training, { train, test }: Split, build: 'auto' | Build): Contender {
  const net = network(work, { build, optimizer: work.optimizer });
  const [width] = work.sizes as [number];
  const batches = Array.from({ length: train.rows / work.batch }, (_, i) => {
    const [from, to] = [i * work.batch, (i + 1) * work.batch];
    return { x: train.x.slice(from * width, to * width), y: Float32Array.from(train.y.slice(from, to)) };
  });
  return {
    system: 'neurite',
    build: net.build,
    run: () => {
      for (let epoch = 0; epoch < work.epochs; epoch++) for (const { x, y } of batches) net.step(x, y);
    },
    amount: trainingAmount(work, train.rows),
    accuracy: test && (() => net.evaluate(asDataset(test)).accuracy as number),
    free: () => net.dispose(),
  };
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
