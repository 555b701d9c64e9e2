import { accuracyOf } from '../data.js';
import { layersOf } from '../layers.js';
import type { Activation } from '../plain.js';
import { predictionAmount, trainingAmount } from '../workloads.js';
import { requirePeer } from './packages.js';
import type { Peer } from './peer.js';

interface Network {
  activate(x: ArrayLike<number>): number[];
  propagate(rate: number, target: readonly number[]): void;
}
interface Synaptic {
  Network: { fromJSON(json: unknown): Network };
}

const squash: Partial<Record<Activation, string>> = { sigmoid: 'LOGISTIC', tanh: 'TANH', relu: 'RELU' };

/** synaptic: neurons and connections, turned into one function of straight-line code; an update after every sample. */
export function synaptic(): Peer {
  const { Network } = requirePeer('synaptic') as Synaptic;
  const network = (sizes: readonly number[], activations: readonly Activation[], parameters: Float32Array) => {
    const neuron = (layer: string | number, bias: number, activation: string | undefined) => ({
      layer,
      bias,
      squash: activation,
      state: 0,
      old: 0,
      activation: 0,
    });
    const neurons = Array.from({ length: sizes[0] as number }, () => neuron('input', 0, 'IDENTITY'));
    const connections: { from: number; to: number; weight: number }[] = [];
    let below = 0;
    layersOf(sizes, parameters).forEach(({ inputs, outputs, weights, biases }, l) => {
      const first = neurons.length;
      for (let j = 0; j < outputs; j++) {
        neurons.push(neuron(l + 2 === sizes.length ? 'output' : l, biases[j] as number, squash[activations[l] as Activation]));
        for (let p = 0; p < inputs; p++) connections.push({ from: below + p, to: first + j, weight: weights[j * inputs + p] as number });
      }
      below = first;
    });
    return Network.fromJSON({ neurons: neurons.map((config) => ({ ...config, trace: {} })), connections });
  };
  return {
    /** A rate divided by the batch moves the parameters as far in an epoch as the mean gradients of batches do. */
    train(work, { train, test }, initial) {
      const { sizes, activations, epochs, batch, optimizer } = work;
      const net = network(sizes, activations, initial);
      const { features } = train;
      const row = (x: Float32Array, i: number) => Array.from(x.subarray(i * features, (i + 1) * features));
      const data = Array.from(train.y, (y, i) => ({ input: row(train.x, i), output: [y] }));
      const rate = optimizer.learningRate / batch;
      return {
        system: 'synaptic',
        amount: trainingAmount(work, train.rows),
        run: () => {
          for (let epoch = 0; epoch < epochs; epoch++) {
            for (const { input, output } of data) {
              net.activate(input);
              net.propagate(rate, output);
            }
          }
        },
        accuracy:
          test &&
          (() =>
            accuracyOf(
              Array.from(test.y, (_, i) => net.activate(row(test.x, i))[0] as number),
              test.y,
            )),
      };
    },
    predict(work, initial, inputs) {
      const net = network(work.sizes, work.activations, initial);
      return {
        system: 'synaptic',
        amount: predictionAmount(work),
        run: () => {
          for (let i = 0; i < work.calls; i++) net.activate(inputs[i % inputs.length] as Float32Array);
        },
        outputs: () => net.activate(inputs[0] as Float32Array),
      };
    },
  };
}
