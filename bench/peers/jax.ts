import { accuracyOf } from '../data.js';
import { type LayerParameters, layersOf } from '../layers.js';
import type { Activation } from '../plain.js';
import { predictionAmount, trainingAmount } from '../workloads.js';
import { Batches } from './batches.js';
import { type Peer, transpose } from './peer.js';

/** As much of @jax-js/jax as is used here. An argument is used up by the call unless it is given as `.ref`. */
interface Tensor {
  readonly ref: Tensor;
  readonly shape: number[];
  add(x: Tensor | number): Tensor;
  sub(x: Tensor | number): Tensor;
  mul(x: Tensor | number): Tensor;
  div(x: Tensor | number): Tensor;
  sum(): Tensor;
  reshape(shape: readonly number[]): Tensor;
  dataSync(): Float32Array;
  dispose(): void;
}
export interface Jax {
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): string;
  blockUntilReady(arrays: Tensor[]): Promise<unknown>;
  jit<F>(f: F): F;
  valueAndGrad<F extends (parameters: Tensor[], ...rest: Tensor[]) => Tensor>(f: F): (...args: Parameters<F>) => [Tensor, Tensor[]];
  numpy: Record<'zeros' | 'ones', (shape: readonly number[]) => Tensor> &
    Record<'tanh' | 'sqrt' | 'square', (x: Tensor) => Tensor> &
    Record<'dot' | 'matmul', (a: Tensor, b: Tensor) => Tensor> & { array(values: Float32Array): Tensor };
  nn: Record<'relu' | 'sigmoid' | 'softmax' | 'logSoftmax' | 'softplus', (x: Tensor) => Tensor>;
}

/** Ops are only recorded until somebody waits; the queue must neither grow long nor be emptied after every step. */
const STEPS_TO_A_WAIT = 8;

/** jax-js with its wasm device, weights as `[in, out]`, every step one compiled function. It has no threads in Node; in an isolated page, one for each core. */
export async function jax({ numpy: np, nn, jit, valueAndGrad, init, defaultDevice, blockUntilReady }: Jax): Promise<Peer> {
  await init('wasm');
  defaultDevice('wasm');

  const tensors = (layers: readonly LayerParameters[]) =>
    layers.flatMap(({ weights, biases, inputs, outputs }) => [
      np.array(transpose(weights, outputs, inputs)).reshape([inputs, outputs]),
      np.array(biases.slice()),
    ]);
  const activate: Record<Activation, (z: Tensor) => Tensor> = { relu: nn.relu, tanh: np.tanh, sigmoid: nn.sigmoid, softmax: nn.softmax };
  const logits = (parameters: Tensor[], x: Tensor, activations: readonly Activation[]) =>
    activations.reduce((u, _, l) => {
      const z = np.dot(u, parameters[2 * l] as Tensor).add(parameters[2 * l + 1] as Tensor);
      return l + 1 < activations.length ? activate[activations[l] as Activation](z) : z;
    }, x);
  const forward = (activations: readonly Activation[]) =>
    jit((parameters: Tensor[], x: Tensor) => activate[activations.at(-1) as Activation](logits(parameters, x, activations)));
  const refs = (list: readonly Tensor[]) => list.map((tensor) => tensor.ref);

  return {
    train(work, { train, test }, initial) {
      const { sizes, activations, batch, optimizer, epochs } = work;
      const { learningRate } = optimizer;
      const inputs = sizes[0] as number;
      const classes = sizes.at(-1) as number;
      const loss = (parameters: Tensor[], x: Tensor, y: Tensor): Tensor => {
        const rows = x.shape[0] as number;
        const z = logits(parameters, x, activations);
        if (classes > 1)
          return nn
            .logSoftmax(z)
            .mul(y)
            .sum()
            .mul(-1 / rows);
        return nn
          .softplus(z.ref)
          .sub(z.mul(y))
          .sum()
          .mul(1 / rows);
      };
      const descend = jit((parameters: Tensor[], x: Tensor, y: Tensor): [Tensor[], Tensor] => {
        const [value, gradients] = valueAndGrad(loss)(refs(parameters), x, y);
        return [parameters.map((w, i) => w.sub((gradients[i] as Tensor).mul(learningRate))), value];
      });
      type Moments = { m: Tensor[]; v: Tensor[]; power1: Tensor; power2: Tensor };
      const adam = jit((parameters: Tensor[], { m, v, power1, power2 }: Moments, x: Tensor, y: Tensor): [Tensor[], Moments, Tensor] => {
        const [value, gradients] = valueAndGrad(loss)(refs(parameters), x, y);
        const p1 = power1.mul(0.9);
        const p2 = power2.mul(0.999);
        const m1 = m.map((mi, i) => mi.mul(0.9).add((gradients[i] as Tensor).ref.mul(0.1)));
        const v1 = v.map((vi, i) => vi.mul(0.999).add(np.square(gradients[i] as Tensor).mul(0.001)));
        const rate = np.array(Float32Array.of(learningRate)).div(np.array(Float32Array.of(1)).sub(p1.ref));
        const correction = np.array(Float32Array.of(1)).sub(p2.ref);
        const next = parameters.map((w, i) => {
          const root = np.sqrt((v1[i] as Tensor).ref.div(correction.ref)).add(1e-8);
          return w.sub((m1[i] as Tensor).ref.mul(rate.ref).div(root));
        });
        rate.dispose();
        correction.dispose();
        return [next, { m: m1, v: v1, power1: p1, power2: p2 }, value];
      });
      let parameters = tensors(layersOf(sizes, initial));
      const zeros = () => parameters.map(({ shape }) => np.zeros(shape));
      let moments: Moments | undefined;
      if (optimizer.kind === 'adam') moments = { m: zeros(), v: zeros(), power1: np.ones([1]), power2: np.ones([1]) };
      const batches = new Batches(train, batch, classes);
      const predict = forward(activations);
      return {
        system: 'jax-js',
        asynchronous: true,
        amount: trainingAmount(work, train.rows),
        async run() {
          let step = 0;
          for (let epoch = 0; epoch < epochs; epoch++) {
            for (const { x, y, rows } of batches.epoch()) {
              const xs = np.array(x).reshape([rows, inputs]);
              const ys = np.array(y).reshape([rows, classes]);
              let value: Tensor;
              if (moments) [parameters, moments, value] = adam(parameters, moments, xs, ys);
              else [parameters, value] = descend(parameters, xs, ys);
              value.dispose();
              if (++step % STEPS_TO_A_WAIT === 0) await blockUntilReady(parameters);
            }
          }
          await blockUntilReady(parameters);
        },
        accuracy: test && (() => accuracyOf(predict(refs(parameters), np.array(test.x).reshape([test.rows, inputs])).dataSync(), test.y)),
        free: () => {
          for (const tensor of parameters) tensor.dispose();
        },
      };
    },

    predict(work, initial, inputs) {
      const { sizes, activations, rows, calls } = work;
      const parameters = tensors(layersOf(sizes, initial));
      const compiled = forward(activations);
      const predict = (x: Float32Array) => compiled(refs(parameters), np.array(x).reshape([rows, sizes[0] as number])).dataSync();
      return {
        system: 'jax-js',
        amount: predictionAmount(work),
        run: () => {
          for (let i = 0; i < calls; i++) predict(inputs[i % inputs.length] as Float32Array);
        },
        outputs: () => predict(inputs[0] as Float32Array),
      };
    },

    multiply(n, a, b) {
      const left = np.array(a).reshape([n, n]);
      const right = np.array(b).reshape([n, n]);
      const product = jit((x: Tensor, y: Tensor) => np.matmul(x, y));
      return {
        system: 'jax-js',
        asynchronous: true,
        amount: 2e-9 * n ** 3,
        async run() {
          const c = product(left.ref, right.ref);
          await blockUntilReady([c]);
          c.dispose();
        },
        product: () => product(left.ref, right.ref).dataSync(),
      };
    },
  };
}
