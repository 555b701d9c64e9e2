import { add } from '../ops/add.js';
import { div } from '../ops/div.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { SMALLEST_NORMAL, toward } from './averages.js';
import { composedOptimizer } from './composed.js';

/** log 0.96. */
const LOG_BASE = -0.040821994520255166;

/** 0.96ⁿ for n ≥ 0, to a few roundings: the Taylor series of exp up to 1/16, then squared. `Math.pow` differs from engine to engine. */
function powerOfBase(n: number): number {
  let x = n * LOG_BASE;
  if (x < -750) return 0;
  let squarings = 0;
  for (; x < -0.0625; x /= 2) squarings++;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 12; k++) {
    term *= x / k;
    sum += term;
  }
  for (; squarings > 0; squarings--) sum *= sum;
  return sum;
}

/**
 * NAdam, Adam with Nesterov's momentum (Dozat 2016; in PyTorch's form): m and v as Adam has them, and
 * θ ← θ − learningRate·((1 − μₜ)·g / (1 − Πₜ) + μₜ₊₁·m / (1 − Πₜ·μₜ₊₁)) / (√v̂ + ε), where μₜ = β₁(1 − ½·0.96^(t·momentumDecay)),
 * Πₜ = μ₁μ₂…μₜ and v̂ = v / (1 − β₂ᵗ). L2 comes first, clipping after it.
 * Defaults: learningRate 0.002, beta1 0.9, beta2 0.999, epsilon 1e-8, momentumDecay 0.004, weightDecay 0.
 */
export const nadam = /* @__PURE__ */ composedOptimizer({
  name: 'nadam',
  learningRate: 2e-3,
  options: {
    beta1: { usual: 0.9, from: 0, below: 1 },
    beta2: { usual: 0.999, from: 0, below: 1 },
    epsilon: { usual: 1e-8, above: 0 },
    momentumDecay: { usual: 4e-3, from: 0 },
  },
  slots: () => ['m', 'v'],
  squares: ['v'],
  // β₂ᵗ, Πₜ and 0.96^(t·momentumDecay)
  powers: { start: [1, 1, 1], from: 0, upTo: 1 },
  scalars({ beta1, beta2, epsilon, momentumDecay }, learningRate, powers) {
    const base = powerOfBase(momentumDecay);
    const second = (powers[0] as number) * beta2;
    const decayed = (powers[2] as number) * base;
    const momentum = beta1 * (1 - 0.5 * decayed);
    const next = beta1 * (1 - 0.5 * decayed * base);
    const product = (powers[1] as number) * momentum;
    powers.set([second, product, decayed]);
    const unbias = Math.sqrt(1 - second);
    return {
      gradient: (-learningRate * unbias * (1 - momentum)) / (1 - product),
      moment: (-learningRate * unbias * next) / (1 - product * next),
      epsilon: Math.max(epsilon * unbias, SMALLEST_NORMAL),
    };
  },
  update({ options: { beta1, beta2 }, weights, gradient, slots, scalars }) {
    const m = toward(slots.m, gradient, beta1);
    const v = toward(slots.v, square(gradient), beta2);
    const step = add(mul(gradient, scalars.gradient), mul(m, scalars.moment));
    return { weights: add(weights, div(step, add(sqrt(v), scalars.epsilon))), slots: { m, v } };
  },
  // The gradient's factor and the moment's are at most 1 / (1 − β₁) each; |m| is below magnitude, a change of v below magnitude².
  bound: ({ beta1, epsilon }, magnitude) => magnitude * magnitude + (2 * magnitude) / ((1 - beta1) * epsilon),
});
