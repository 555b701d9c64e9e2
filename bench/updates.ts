/** An optimizer that is composed of ops, as one of a user's own is, beside the kernel of Adam. */
import { adam, add, crossEntropy, defineOptimizer, dense, div, mul, type Optimizer, scale, sequential, sqrt, square } from 'neurite';
import { uniformArray } from './data.js';
import type { Build, Contender } from './measure.js';

/** Updates to one measured run. */
const UPDATES = 8;

/** Adam (Kingma & Ba 2015, algorithm 1), its bias corrections in the learning rate, as `adam` has them. */
const composedAdam = defineOptimizer({
  name: 'composedAdam',
  learningRate: 1e-3,
  options: { beta1: { usual: 0.9, from: 0, below: 1 }, beta2: { usual: 0.999, from: 0, below: 1 }, epsilon: { usual: 1e-8, above: 0 } },
  slots: () => ['m', 'v'],
  squares: ['v'],
  powers: { start: [1, 1], from: 0, upTo: 1 },
  scalars({ beta1, beta2, epsilon }, learningRate, powers) {
    const [first, second] = [(powers[0] as number) * beta1, (powers[1] as number) * beta2];
    powers.set([first, second]);
    const unbias = Math.sqrt(1 - second);
    return { step: (-learningRate * unbias) / (1 - first), epsilon: epsilon * unbias };
  },
  update({ options: { beta1, beta2 }, weights, gradient, slots, scalars }) {
    const m = add(scale(slots.m, beta1), scale(gradient, 1 - beta1));
    const v = add(scale(slots.v, beta2), scale(square(gradient), 1 - beta2));
    return { weights: add(weights, mul(scalars.step, div(m, add(sqrt(v), scalars.epsilon)))), slots: { m, v } };
  },
  // |m̂| is below magnitude / (1 − β₁), and a change of v below magnitude².
  bound: ({ beta1, epsilon }, magnitude) => magnitude * magnitude + magnitude / ((1 - beta1) * epsilon),
});

/** One update of 784-512-256-10 by the composed Adam, beside as many by its kernel as it may cost. */
export function updates(work: string, times: number, build: 'auto' | Build): Contender[] {
  const x = uniformArray(32 * 784, 1, 0, 1);
  const y = Uint8Array.from({ length: 32 }, (_, i) => i % 10);
  const contender = (optimizer: Optimizer, turns: number) => {
    const net = sequential(784, [dense(512, 'relu'), dense(256, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer, build, seed: 1 });
    net.gradient(x, y);
    const run = () => {
      for (let i = 0; i < turns * UPDATES; i++) net.applyGradients();
    };
    return { system: 'neurite', build: net.build, amount: UPDATES, run, free: () => net.dispose() };
  };
  return [contender(composedAdam(), 1), { ...contender(adam(), times), work }];
}
