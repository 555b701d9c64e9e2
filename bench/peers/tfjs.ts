import { accuracyOf } from '../data.js';
import { type LayerParameters, layersOf } from '../layers.js';
import type { Contender } from '../measure.js';
import type { Activation, Optimizer } from '../plain.js';
import type { Training } from '../workloads.js';
import { predictionAmount, trainingAmount } from '../workloads.js';
import { Batches } from './batches.js';
import { type Peer, transpose } from './peer.js';

/** As much of @tensorflow/tfjs-core as is used here. */
interface Tensor {
  readonly shape: number[];
  dataSync(): Float32Array;
  dispose(): void;
}
interface Step {
  minimize(loss: () => Tensor): void;
  dispose(): void;
}
type Save = (tensors: Tensor[]) => void;
type Differentiable = { value: Tensor; gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor[] };
export interface Tensorflow {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<T>(f: () => T): T;
  variable(x: Tensor): Tensor;
  tensor1d(values: Float32Array): Tensor;
  tensor2d(values: Float32Array, shape: readonly [number, number]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  transpose(x: Tensor): Tensor;
  sum(x: Tensor, axis: number): Tensor;
  customGrad<X extends Tensor[]>(f: (...x: [...X, Save]) => Differentiable): (...x: X) => Tensor;
  relu(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  softmax(x: Tensor): Tensor;
  fused: { matMul(of: { a: Tensor; b: Tensor; bias: Tensor; activation: 'linear' | 'relu' | 'sigmoid' }): Tensor };
  losses: Record<'softmaxCrossEntropy' | 'sigmoidCrossEntropy', (targets: Tensor, logits: Tensor) => Tensor>;
  train: { sgd(learningRate: number): Step; adam(learningRate: number): Step };
}

/** As much of @tensorflow/tfjs-layers. */
interface Model {
  add(layer: unknown): void;
  compile(how: { optimizer: Step; loss: string }): void;
  fit(x: Tensor, y: Tensor, how: { epochs: number; batchSize: number; verbose: 0; yieldEvery: 'never' }): Promise<unknown>;
  predict(x: Tensor): Tensor;
  dispose(): void;
}
interface Layers {
  sequential(): Model;
  layers: { dense(of: { units: number; activation: string; inputShape?: number[]; weights?: Tensor[] }): unknown };
}

/** The packages of which tfjs is made. */
export interface Packages {
  readonly core: Tensorflow;
  readonly wasm: { setThreadsCount(n: number): void; getThreadsCount(): number };
  /** The layers, and with them the gradients of all ops, which the core for Node leaves out: loaded where something is trained. */
  layers(): unknown;
}

/** @throws where it has fewer threads than asked for */
async function start({ core: tf, wasm }: Packages, threads: number): Promise<Tensorflow> {
  wasm.setThreadsCount(threads);
  await tf.setBackend('wasm');
  await tf.ready();
  if (threads > 1 && wasm.getThreadsCount() !== threads) throw new Error(`tfjs-wasm has ${wasm.getThreadsCount()} threads, expected ${threads}`);
  return tf;
}

type Linear = (x: Tensor, w: Tensor, b: Tensor) => Tensor;

/**
 * x·W + b twice: as the library differentiates it, whose products with a transposed factor take a slow path in the wasm backend, and with
 * gradients by hand, whose factors are transposed in memory first. The first layer's takes no gradient on x.
 */
function linears(tf: Tensorflow, tuned: boolean): { first: Linear; inner: Linear } {
  const linear: Linear = (a, b, bias) => tf.fused.matMul({ a, b, bias, activation: 'linear' });
  if (!tuned) return { first: linear, inner: linear };
  const dw = (x: Tensor, dy: Tensor) => tf.matMul(tf.transpose(x), dy);
  const inner = tf.customGrad((x: Tensor, w: Tensor, b: Tensor, save: Save) => {
    save([x, w]);
    return {
      value: linear(x, w, b),
      gradFunc: (dy, [u, v]) => [tf.matMul(dy, tf.transpose(v as Tensor)), dw(u as Tensor, dy), tf.sum(dy, 0)],
    };
  });
  const first: Linear = (x, ...parameters) =>
    tf.customGrad((w: Tensor, b: Tensor, _: Save) => ({ value: linear(x, w, b), gradFunc: (dy) => [dw(x, dy), tf.sum(dy, 0)] }))(...parameters);
  return { first, inner };
}

function variables(tf: Tensorflow, layers: readonly LayerParameters[]): Tensor[] {
  return layers.flatMap(({ inputs, outputs, weights, biases }) => [
    tf.variable(tf.tensor2d(transpose(weights, outputs, inputs), [inputs, outputs])),
    tf.variable(tf.tensor1d(biases)),
  ]);
}

function stepper(tf: Tensorflow, { kind, learningRate }: Optimizer): Step {
  return kind === 'adam' ? tf.train.adam(learningRate) : tf.train.sgd(learningRate);
}

function forward(tf: Tensorflow, parameters: readonly Tensor[], x: Tensor, activations: readonly Activation[]): Tensor {
  return activations.reduce((u, activation, l) => {
    const [b, bias] = parameters.slice(2 * l) as [Tensor, Tensor];
    if (activation === 'relu' || activation === 'sigmoid') return tf.fused.matMul({ a: u, b, bias, activation });
    return tf[activation](tf.fused.matMul({ a: u, b, bias, activation: 'linear' }));
  }, x);
}

/** tfjs-core on its wasm backend: `tuned` has the gradients by hand. */
export async function tfjs(packages: Packages, tuned: boolean, threads = 1): Promise<Peer> {
  const tf = await start(packages, threads);
  const system = tuned ? 'tfjs-wasm-tuned' : 'tfjs-wasm';
  const { first, inner } = linears(tf, tuned);
  const train: Peer['train'] = (work, { train: samples, test }, initial) => {
    packages.layers();
    const { sizes, activations, batch, optimizer, epochs } = work;
    const inputs = sizes[0] as number;
    const classes = sizes.at(-1) as number;
    const parameters = variables(tf, layersOf(sizes, initial));
    const step = stepper(tf, optimizer);
    const batches = new Batches(samples, batch, classes);
    const loss = classes === 1 ? tf.losses.sigmoidCrossEntropy : tf.losses.softmaxCrossEntropy;
    const logits = (x: Tensor) =>
      activations.reduce((u, activation, l) => {
        const z = (l ? inner : first)(u, parameters[2 * l] as Tensor, parameters[2 * l + 1] as Tensor);
        return l + 1 < activations.length ? tf[activation](z) : z;
      }, x);
    return {
      system,
      amount: trainingAmount(work, samples.rows),
      run() {
        for (let epoch = 0; epoch < epochs; epoch++) {
          for (const { x, y, rows } of batches.epoch()) {
            tf.tidy(() => {
              const xs = tf.tensor2d(x, [rows, inputs]);
              const ys = tf.tensor2d(y, [rows, classes]);
              step.minimize(() => loss(ys, logits(xs)));
            });
          }
        }
      },
      accuracy:
        test &&
        (() =>
          accuracyOf(
            tf.tidy(() => forward(tf, parameters, tf.tensor2d(test.x, [test.rows, inputs]), activations).dataSync()),
            test.y,
          )),
      free: () => {
        for (const tensor of parameters) tensor.dispose();
        step.dispose();
      },
    };
  };
  if (tuned) return { train };
  return {
    train,
    predict(work, initial, inputs) {
      const { sizes, activations, rows, calls } = work;
      const parameters = variables(tf, layersOf(sizes, initial));
      const predict = (x: Float32Array) => tf.tidy(() => forward(tf, parameters, tf.tensor2d(x, [rows, sizes[0] as number]), activations).dataSync());
      return {
        system,
        amount: predictionAmount(work),
        run: () => {
          for (let i = 0; i < calls; i++) predict(inputs[i % inputs.length] as Float32Array);
        },
        outputs: () => predict(inputs[0] as Float32Array),
      };
    },
    multiply(n, a, b) {
      const left = tf.tensor2d(a, [n, n]);
      const right = tf.tensor2d(b, [n, n]);
      return {
        system,
        amount: 2e-9 * n ** 3,
        run: () => tf.matMul(left, right).dispose(),
        product: () => tf.tidy(() => tf.matMul(left, right).dataSync()),
      };
    },
  };
}

/** What most who use tfjs write: a model of tfjs-layers, and its `fit`. */
export async function fitWithLayers(
  packages: Packages,
  work: Training,
  { train, test }: Parameters<NonNullable<Peer['train']>>[1],
  initial: Float32Array,
): Promise<Contender> {
  const tf = await start(packages, 1);
  const tfl = packages.layers() as Layers;
  const { sizes, activations, batch, optimizer, epochs } = work;
  const inputs = sizes[0] as number;
  const classes = sizes.at(-1) as number;
  const model = tfl.sequential();
  for (const [l, layer] of layersOf(sizes, initial).entries()) {
    const weights = variables(tf, [layer]);
    model.add(tfl.layers.dense({ units: layer.outputs, activation: activations[l] as string, inputShape: [layer.inputs], weights }));
  }
  model.compile({ optimizer: stepper(tf, optimizer), loss: 'categoricalCrossentropy' });
  const x = tf.tensor2d(train.x, [train.rows, inputs]);
  const oneHot = new Float32Array(train.rows * classes);
  for (let i = 0; i < train.rows; i++) oneHot[i * classes + (train.y[i] as number)] = 1;
  const y = tf.tensor2d(oneHot, [train.rows, classes]);
  return {
    system: 'tfjs-wasm',
    asynchronous: true,
    amount: trainingAmount(work, train.rows),
    run: () => model.fit(x, y, { epochs, batchSize: batch, verbose: 0, yieldEvery: 'never' }),
    accuracy:
      test &&
      (() =>
        accuracyOf(
          tf.tidy(() => model.predict(tf.tensor2d(test.x, [test.rows, inputs])).dataSync()),
          test.y,
        )),
    free: () => {
      model.dispose();
      x.dispose();
      y.dispose();
    },
  };
}
