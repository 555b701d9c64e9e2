/** Optimizers that neurite does not have, each defined from its public names alone. */
import { add, affine, defineOptimizer, div, heaviside, mul, scale, sqrt, square, sub } from 'neurite';

/** A factor by which something is kept. */
const factor = (usual: number) => ({ usual, from: 0, below: 1 });

/**
 * The sign of a mixture, as Lion has it (Chen et al. 2023, algorithm 2): u = sign(β₁m + (1 − β₁)g), θ ← θ − learningRate·(u + λθ), m ← β₂m + (1 − β₂)g.
 */
export const signDescent = defineOptimizer({
  name: 'signDescent',
  learningRate: 1e-4,
  decouplesDecay: true,
  options: { beta1: factor(0.9), beta2: factor(0.99) },
  slots: () => ['m'],
  update({ options: { beta1, beta2, weightDecay }, weights, gradient, descent, slots: { m } }) {
    const mix = (beta: number) => add(scale(m, beta), scale(gradient, 1 - beta));
    const sign = affine(heaviside(mix(beta1), 0.5), 2, -1);
    return { weights: add(weights, mul(add(sign, scale(weights, weightDecay)), descent)), slots: { m: mix(beta2) } };
  },
  // The sign is at most 1, the decay at most what L2 is bounded by, and m at most magnitude.
  bound: (_, magnitude) => 1 + magnitude,
});

/**
 * The gradient by its size (Hinton 2012, lecture 6e), with the correction of its average as Adam has it: v ← ρv + (1 − ρ)g², θ ← θ − learningRate·g / (√(v / (1 − ρᵗ)) + ε).
 * It keeps a power in float64, has scalars of each heaviside, and says no bound.
 */
export const correctedSquares = defineOptimizer({
  name: 'correctedSquares',
  learningRate: 1e-3,
  options: { rho: factor(0.9), epsilon: { usual: 1e-8, above: 0 }, centered: { usual: false } },
  slots: ({ centered }) => (centered ? ['v', 'mean'] : ['v']),
  powers: { start: [1], from: 0, upTo: 1 },
  scalars({ rho, epsilon }, learningRate, powers) {
    powers[0] = (powers[0] as number) * rho;
    const unbias = Math.sqrt(1 - powers[0]);
    return { descent: -learningRate * unbias, epsilon: epsilon * unbias };
  },
  update({ options: { rho, centered }, weights, gradient, slots: { v, mean }, scalars }) {
    const average = (old: typeof v, x: typeof v) => add(old, scale(sub(x, old), 1 - rho));
    const squares = average(v, square(gradient));
    const first = centered ? average(mean, gradient) : undefined;
    const variance = first ? sub(squares, square(first)) : squares;
    const weightsAfter = add(weights, mul(div(gradient, add(sqrt(variance), scalars.epsilon)), scalars.descent));
    return { weights: weightsAfter, slots: first ? { v: squares, mean: first } : { v: squares } };
  },
});
