import { add } from '../ops/add.js';
import { scale, shift } from '../ops/affine.js';
import { div } from '../ops/div.js';
import { mul } from '../ops/mul.js';
import { relu } from '../ops/relu.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { sub } from '../ops/sub.js';
import { flushed, toward } from './averages.js';
import { composedOptimizer } from './composed.js';

/**
 * RMSProp (Hinton 2012, lecture 6e; in PyTorch's form): v ← αv + (1 − α)g², θ ← θ − learningRate·g / (√v + ε).
 *
 * With momentum μ, b ← μb + g / (√v + ε) and θ ← θ − learningRate·b. `centered` divides by the deviation √(v − a²), where a ← αa + (1 − α)g is
 * the gradient's own average (Graves 2013, equation 40). L2 comes first, clipping after it.
 * Defaults: learningRate 0.01, alpha 0.99, epsilon 1e-8, momentum 0, centered false, weightDecay 0.
 */
export const rmsProp = /* @__PURE__ */ composedOptimizer({
  name: 'rmsProp',
  learningRate: 0.01,
  options: {
    alpha: { usual: 0.99, from: 0, below: 1 },
    epsilon: { usual: 1e-8, above: 0 },
    momentum: { usual: 0, from: 0, below: 1 },
    centered: { usual: false },
  },
  remedies: { rho: 'use alpha' },
  slots: ({ momentum, centered }) => ['squares', ...(centered ? (['average'] as const) : []), ...(momentum > 0 ? (['velocity'] as const) : [])],
  squares: ['squares'],
  update({ options: { alpha, epsilon, momentum, centered }, weights, gradient, descent, slots }) {
    const squares = toward(slots.squares, square(gradient), alpha);
    const average = centered ? toward(slots.average, gradient, alpha) : undefined;
    // Rounding may take the difference below 0.
    const variance = average ? relu(sub(squares, square(average))) : squares;
    const direction = div(gradient, shift(sqrt(variance), epsilon));
    const velocity = momentum > 0 ? flushed(add(scale(slots.velocity, momentum), direction)) : undefined;
    return {
      weights: add(weights, mul(velocity ?? direction, descent)),
      slots: { squares, ...(average && { average }), ...(velocity && { velocity }) },
    };
  },
  // |direction| is below magnitude / ε, and a change of `squares` below magnitude².
  bound: ({ epsilon, momentum }, magnitude) => magnitude * magnitude + magnitude / (epsilon * (1 - momentum)),
});
