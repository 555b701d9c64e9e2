/** neurite at the workloads, as a user writes it. */
import { adam, binaryCrossEntropy, crossEntropy, dataset, dense, type Network, sequential, sgd } from 'neurite';
import { int8 } from 'neurite/int8';
import { type Threads, threads } from 'neurite/threads';
import type { Samples, Split } from './data.js';
import type { Build, Contender } from './measure.js';
import type { PlainActivation } from './plain.js';
import { inputs, type Prediction, predictionAmount, type Training, trainingAmount, trainingFlops } from './workloads.js';

/** Layers, and how they are trained where they are. */
type Work = { readonly sizes: readonly number[]; readonly activations: readonly PlainActivation[] } & Partial<Pick<Training, 'optimizer'>>;

export function network(work: Work, build: 'auto' | Build, threads?: Threads): Network {
  const { sizes, activations, optimizer } = work;
  const layers = activations.map((activation, l) => dense(sizes[l + 1] as number, activation));
  if (!optimizer) return sequential(sizes[0] as number, layers, { build, seed: 1, ...(threads && { threads }) });
  const { kind, learningRate } = optimizer;
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
    // The limit is one core's.
    operations: threads ? undefined : 1e-9 * trainingFlops(work.sizes) * (work.unit === 'steps/s' ? work.batch : 1),
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

/** Batches of a training after which all bits are compared. */
const COMPARED = 6;

/** What the work comes to: the parameters after some batches, or the outputs. */
async function bitsOf(work: Training | Prediction, data: Split | undefined, build: 'auto' | Build, threads?: Threads): Promise<Float32Array> {
  const net = network(work, build, threads);
  try {
    if (!('optimizer' in work)) return net.predict(inputs(work)[0] as Float32Array);
    const { x, y, features } = (data as Split).train;
    const rows = Math.min(y.length, COMPARED * work.batch);
    await net.fit({ x: x.subarray(0, rows * features), y: y.subarray(0, rows) }, { epochs: 1, batchSize: work.batch });
    return net.parameters.slice();
  } finally {
    net.dispose();
  }
}

/** @throws where two arrays differ in a bit, for who comes to other numbers has no result */
function checkBits(what: string, found: Float32Array, expected: Float32Array): void {
  const [own, other] = [found, expected].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length)) as [
    Uint32Array,
    Uint32Array,
  ];
  const at = own.findIndex((bits, i) => bits !== other[i]);
  if (own.length !== other.length || at >= 0) throw new Error(`${what}: element ${at} is ${found[at]}, expected the bits of ${expected[at]}`);
}

/** The work of a row on several threads, beside as many as are given, one at least; checked to come to the same bits. All ends with the first's `free`. */
export async function onThreads(
  work: Training | Prediction,
  data: Split | undefined,
  build: 'auto' | Build,
  { threads: count, beside = 1 }: { readonly threads: number; readonly beside?: number | undefined },
): Promise<Contender[]> {
  const name = `${work.id} ${count} threads`;
  const team = await threads(count, { build });
  const other = beside > 1 ? await threads(beside, { build }) : undefined;
  checkBits(name, await bitsOf(work, data, build, team), await bitsOf(work, data, build));
  const contender = (given?: Threads) =>
    'optimizer' in work ? trainWithNeurite(work, data as Split, build, 'fit', given) : predictWithNeurite(work, build, 'out', given);
  const [several, fewer] = [contender(team), contender(other)];
  const free = () => {
    for (const one of [several, fewer]) one.free?.();
    for (const one of [team, other]) one?.dispose();
  };
  return [
    { ...several, free },
    { ...fewer, work: `${name}, by ${beside === 1 ? 'one' : beside}`, free: () => {} },
  ];
}
