import { add } from '../ops/add.js';
import { shift } from '../ops/affine.js';
import { div } from '../ops/div.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { flushed } from './averages.js';
import { composedOptimizer } from './composed.js';

/**
 * Adagrad (Duchi, Hazan & Singer 2011; in PyTorch's form): s ← s + g², θ ← θ − ρ·g / (√s + ε), where s starts at initialAccumulatorValue and
 * ρ = learningRate / (1 + (t − 1)·learningRateDecay) in step t. L2 comes first, clipping after it.
 * Defaults: learningRate 0.01, learningRateDecay 0, initialAccumulatorValue 0, epsilon 1e-10, weightDecay 0.
 */
export const adagrad = /* @__PURE__ */ composedOptimizer({
  name: 'adagrad',
  learningRate: 0.01,
  options: {
    learningRateDecay: { usual: 0, from: 0 },
    initialAccumulatorValue: { usual: 0, from: 0 },
    epsilon: { usual: 1e-10, above: 0 },
  },
  remedies: { lrdecay: 'use learningRateDecay' },
  // Of the gradients alone: slots start at 0.
  slots: () => ['sum'],
  squares: ['sum'],
  // The steps done.
  powers: { start: [0], from: 0 },
  scalars({ learningRateDecay }, learningRate, powers): Readonly<Record<string, number>> {
    if (learningRateDecay === 0) return {};
    const done = powers[0] as number;
    powers[0] = done + 1;
    return { rate: -learningRate / (1 + done * learningRateDecay) };
  },
  update({ options: { initialAccumulatorValue, epsilon }, weights, gradient, descent, slots, scalars }) {
    const sum = flushed(add(slots.sum, square(gradient)));
    const direction = div(gradient, shift(sqrt(shift(sum, initialAccumulatorValue)), epsilon));
    return { weights: add(weights, mul(direction, scalars.rate ?? descent)), slots: { sum } };
  },
  // √s is at least |g|, and the direction at most 1; where g² underflows, g / ε is below 2⁸⁶. A sum grows by magnitude² at most.
  bound: (_, magnitude) => Math.max(2 ** 86, magnitude * magnitude),
});
