/** What optimizers with a kernel would be as compositions: what their kernels must come to. */
import { add, div, mul, type OptimizerDefinition, scale, sqrt, square, sub } from 'neurite';
import { SMALLEST_NORMAL } from '../../src/optimizers/averages.js';

/** The parts that a definition has in place of a kernel. */
type Composition = Pick<OptimizerDefinition, 'scalars' | 'update'>;

const adamLike = (decouplesDecay: boolean): Composition => ({
  scalars(options, learningRate, powers) {
    const { beta1, beta2, epsilon, weightDecay } = options as typeof options & Record<'beta1' | 'beta2' | 'epsilon', number>;
    const first = (powers[0] as number) * beta1;
    const second = (powers[1] as number) * beta2;
    powers[0] = first;
    powers[1] = second;
    const unbias = Math.sqrt(1 - second);
    return {
      descent: (-learningRate * unbias) / (1 - first),
      epsilon: Math.max(epsilon * unbias, SMALLEST_NORMAL),
      decay: -learningRate * weightDecay,
    };
  },
  update({ options, weights, gradient, slots, scalars }) {
    const { beta1, beta2, weightDecay } = options as typeof options & Record<'beta1' | 'beta2', number>;
    const { m, v } = slots as Record<'m' | 'v', typeof weights>;
    const { descent, epsilon, decay } = scalars as Record<'descent' | 'epsilon' | 'decay', typeof weights>;
    const first = add(m, scale(sub(gradient, m), 1 - beta1));
    const second = add(v, scale(sub(square(gradient), v), 1 - beta2));
    const direction = div(first, add(sqrt(second), epsilon));
    const kept = decouplesDecay && weightDecay > 0 ? add(weights, mul(weights, decay)) : weights;
    return { weights: add(kept, mul(direction, descent)), slots: { m: first, v: second } };
  },
});

/** By the names of their optimizers. */
export const compositions: Readonly<Record<string, Composition>> = {
  adam: adamLike(false),
  adamW: adamLike(true),
  sgd: {
    update({ options, weights, gradient, descent, slots }) {
      const { momentum, nesterov } = options as typeof options & { momentum: number; nesterov: boolean };
      if (momentum === 0) return { weights: add(weights, mul(gradient, descent)) };
      const velocity = add(scale(slots.velocity as typeof weights, momentum), gradient);
      const direction = nesterov ? add(scale(velocity, momentum), gradient) : velocity;
      return { weights: add(weights, mul(direction, descent)), slots: { velocity } };
    },
  },
};
