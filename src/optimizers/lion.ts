import { add } from '../ops/add.js';
import { affine, scale } from '../ops/affine.js';
import { heaviside } from '../ops/heaviside.js';
import { mul } from '../ops/mul.js';
import { sub } from '../ops/sub.js';
import { toward } from './averages.js';
import { composedOptimizer } from './composed.js';

/**
 * Lion (Chen et al. 2023, algorithm 2): θ ← θ − learningRate·(sign(β₁m + (1 − β₁)g) + weightDecay·θ), m ← β₂m + (1 − β₂)g, with sign 0 = 0.
 * The decay is decoupled; clipping bounds the gradient alone. Its learning rate is three to ten times smaller than Adam's, its decay as many
 * times larger. Defaults: learningRate 1e-4, beta1 0.9, beta2 0.99, weightDecay 0.
 */
export const lion = /* @__PURE__ */ composedOptimizer({
  name: 'lion',
  learningRate: 1e-4,
  decouplesDecay: true,
  options: { beta1: { usual: 0.9, from: 0, below: 1 }, beta2: { usual: 0.99, from: 0, below: 1 } },
  slots: () => ['m'],
  update({ options: { beta1, beta2, weightDecay }, weights, gradient, descent, slots: { m } }) {
    const mixed = add(m, scale(sub(gradient, m), 1 - beta1));
    const sign = affine(heaviside(mixed, 0.5), 2, -1);
    const direction = weightDecay > 0 ? add(sign, scale(weights, weightDecay)) : sign;
    return { weights: add(weights, mul(direction, descent)), slots: { m: toward(m, gradient, beta2) } };
  },
  // The sign is at most 1, weightDecay·θ below magnitude, and m below twice that.
  bound: (_, magnitude) => 1 + 2 * magnitude,
});
