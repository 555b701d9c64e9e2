import { accuracyOf } from '../data.js';
import { layersOf } from '../layers.js';
import { predictionAmount, trainingAmount } from '../workloads.js';
import { requirePeer } from './packages.js';
import type { Peer } from './peer.js';

interface Network {
  fromJSON(json: unknown): Network;
  train(
    data: readonly { input: Float32Array; output: Float32Array }[],
    how: { iterations: number; learningRate: number; momentum: number; errorThresh: number },
  ): unknown;
  run(x: Float32Array): Float32Array;
}
interface Brain {
  NeuralNetwork: new (options: { activation: Squash }) => Network;
}

/** What it has for all layers. */
type Squash = 'sigmoid' | 'tanh';

/** brain.js: one activation in all layers, for which the sigmoid is taken, and of agents tanh; squared error; an update after every sample. */
export function brain(): Peer {
  const { NeuralNetwork } = requirePeer('brain.js') as Brain;
  const network = (sizes: readonly number[], parameters: Float32Array, activation: Squash = 'sigmoid') => {
    const layers = layersOf(sizes, parameters).map(({ inputs, outputs, weights, biases }) =>
      Array.from({ length: outputs }, (_, j) => ({ bias: biases[j], weights: { ...weights.subarray(j * inputs, (j + 1) * inputs) } })),
    );
    const inputs = Array.from({ length: sizes[0] as number }, () => ({}));
    return new NeuralNetwork({ activation }).fromJSON({ activation, sizes: [...sizes], layers: [inputs, ...layers] });
  };
  return {
    /** A rate divided by the batch moves the parameters as far in an epoch as the mean gradients of batches do. */
    train(work, { train, test }, initial) {
      const { sizes, epochs, batch } = work;
      const net = network(sizes, initial);
      const { features } = train;
      const data = Array.from(train.y, (y, i) => ({ input: train.x.slice(i * features, (i + 1) * features), output: Float32Array.of(y) }));
      const learningRate = work.optimizer.learningRate / batch;
      return {
        system: 'brain.js',
        amount: trainingAmount(work, train.rows),
        // It refuses 0 for either of the last two.
        run: () => net.train(data, { iterations: epochs, learningRate, momentum: 1e-9, errorThresh: 1e-9 }),
        accuracy:
          test &&
          (() =>
            accuracyOf(
              Array.from(test.y, (_, i) => net.run(test.x.subarray(i * features, (i + 1) * features))[0] as number),
              test.y,
            )),
      };
    },
    /** A frame of all, one by one, each result copied out. */
    agents({ sizes, calls, parameters, rows }) {
      const nets = parameters.map((own) => network(sizes, own, 'tanh'));
      const outs = nets.map(() => new Float32Array(sizes.at(-1) as number));
      const frame = () => {
        for (let i = 0; i < nets.length; i++) outs[i]?.set((nets[i] as Network).run(rows[i] as Float32Array));
      };
      return {
        system: 'brain.js',
        amount: calls,
        run: () => {
          for (let call = 0; call < calls; call++) frame();
        },
        outputs: () => {
          frame();
          return outs.flatMap((out) => [...out]);
        },
      };
    },
    predict(work, initial, inputs) {
      const net = network(work.sizes, initial);
      return {
        system: 'brain.js',
        amount: predictionAmount(work),
        run: () => {
          for (let i = 0; i < work.calls; i++) net.run(inputs[i % inputs.length] as Float32Array);
        },
        outputs: () => net.run(inputs[0] as Float32Array),
      };
    },
  };
}
