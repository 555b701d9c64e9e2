/** neurite at the workloads, as a user writes it. */
import { adam, binaryCrossEntropy, crossEntropy, dataset, dense, type Network, sequential, sgd } from 'neurite';
import { int8 } from 'neurite/int8';
import { type Threads, threads } from 'neurite/threads';
import type { Samples, Split } from './data.js';
import type { Build, Contender } from './measure.js';
import { inputs, type Prediction, predictionAmount, type Training, trainingAmount } from './workloads.js';

export function network(work: Training | Prediction, build: 'auto' | Build, threads?: Threads): Network {
  const { sizes, activations } = work;
  const layers = activations.map((activation, l) => dense(sizes[l + 1] as number, activation));
  if (!('optimizer' in work)) return sequential(sizes[0] as number, layers, { build, seed: 1, ...(threads && { threads }) });
  const { kind, learningRate } = work.optimizer;
  return sequential(sizes[0] as number, layers, {
    loss: activations.at(-1) === 'softmax' ? crossEntropy() : binaryCrossEntropy(),
    optimizer: (kind === 'adam' ? adam : sgd)({ learningRate }),
    build,
    seed: 1,
    ...(threads && { threads }),
  });
}

/** Bytes where there are some: floats are then not even made. */
export function asDataset(samples: Samples) {
  const { y, bytes } = samples;
  return bytes ? dataset({ x: bytes, y, scale: 1 / 255 }) : dataset({ x: samples.x, y });
}

/** Trains by `fit`, or by one call of `step` for each batch, on batches cut beforehand. */
export function trainWithNeurite(
  work: Training,
  { train, test }: Split,
  build: 'auto' | Build,
  by: 'fit' | 'step' = 'fit',
  threads?: Threads,
): Contender {
  const net = network(work, build, threads);
  const set = asDataset(train);
  const cut = <A extends Float32Array | Uint8Array>(from: A, i: number, width: number) => from.slice(i * width, (i + 1) * width) as A;
  const batches = Array.from({ length: by === 'step' ? train.rows / work.batch : 0 }, (_, i) => ({
    x: cut(train.x, i, work.batch * train.features),
    y: Float32Array.from(cut(train.y, i, work.batch)),
  }));
  const steps = () => {
    for (let epoch = 0; epoch < work.epochs; epoch++) for (const { x, y } of batches) net.step(x, y);
  };
  return {
    system: 'neurite',
    build: net.build,
    run: by === 'step' ? steps : () => net.fit(set, { epochs: work.epochs, batchSize: work.batch }),
    asynchronous: by === 'fit',
    amount: trainingAmount(work, train.rows),
    accuracy: test && (() => net.evaluate(asDataset(test)).accuracy as number),
    free: () => {
      set.dispose();
      net.dispose();
    },
  };
}

export function predictWithNeurite(
  work: Prediction,
  build: 'auto' | Build,
  given: 'out' | 'fresh' | 'frozen' | 'int8',
  threads?: Threads,
): Contender {
  const net = network(work, build, threads);
  const predictor = given === 'frozen' ? net.freeze() : given === 'int8' ? net.freeze({ quantize: int8 }) : net;
  const xs = inputs(work);
  const out = new Float32Array(work.rows * net.outFeatures);
  const mask = xs.length - 1;
  const fresh = () => {
    for (let i = 0; i < work.calls; i++) predictor.predict(xs[i & mask] as Float32Array);
  };
  const into = () => {
    for (let i = 0; i < work.calls; i++) predictor.predict(xs[i & mask] as Float32Array, out);
  };
  return {
    system: 'neurite',
    build: net.build,
    run: given === 'fresh' ? fresh : into,
    amount: predictionAmount(work),
    free: () => {
      predictor.dispose();
      net.dispose();
    },
  };
}

/** The work of a row on two threads, beside one. Both end with `free`. */
export async function onThreads(work: Training | Prediction, data: Split | undefined, build: 'auto' | Build, count: number): Promise<Contender[]> {
  const team = await threads(count, { build });
  const contender = (given?: Threads) =>
    'optimizer' in work ? trainWithNeurite(work, data as Split, build, 'fit', given) : predictWithNeurite(work, build, 'out', given);
  const several = contender(team);
  const free = () => {
    several.free?.();
    team.dispose();
  };
  return [
    { ...several, free },
    { ...contender(), work: `${work.id} one thread` },
  ];
}
