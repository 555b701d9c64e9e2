/** Plain loops at the workloads. */
import type { Split } from './data.js';
import type { Contender } from './measure.js';
import { PlainNetwork } from './plain.js';
import { inputs, type Prediction, predictionAmount, type Training, trainingAmount } from './workloads.js';

export function trainWithLoops(work: Training, { train, test }: Split, parameters?: Float32Array): Contender {
  const net = new PlainNetwork(work.sizes, work.activations, work.batch, work.optimizer);
  if (parameters) net.parameters.set(parameters);
  return {
    system: 'plain-js',
    run: () => {
      for (let epoch = 0; epoch < work.epochs; epoch++) net.train(train);
    },
    amount: trainingAmount(work, train.rows),
    accuracy: test && (() => net.accuracy(test)),
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
