/** The formulas of a step, as one writes them. */
import type { Activation, LossName, OptimizerName } from '../state/choices.js';

/** u of z, and g′(z) from what is known then. */
export const activationFormulas: Record<Activation, { readonly value: string; readonly slope: string }> = {
  tanh: { value: 'tanh(z)', slope: '1 − u²' },
  relu: { value: 'max(0, z)', slope: '1 where z > 0, else 0' },
  leakyRelu: { value: 'z where z > 0, else z/100', slope: '1 where z > 0, else 1/100' },
  elu: { value: 'z where z > 0, else eᶻ − 1', slope: '1 where z > 0, else u + 1' },
  gelu: { value: 'z·Φ(z)', slope: 'Φ(z) + z·φ(z)' },
  silu: { value: 'z·σ(z)', slope: 'σ(z)·(1 + z·(1 − σ(z)))' },
  sigmoid: { value: 'σ(z) = 1/(1 + e⁻ᶻ)', slope: 'u·(1 − u)' },
  softsign: { value: 'z/(1 + |z|)', slope: '1/(1 + |z|)²' },
  identity: { value: 'z', slope: '1' },
};

/** L of the output u and the target t, and the last δ. */
export const lossFormulas: Record<LossName, { readonly value: string; readonly delta: (last: 'sigmoid' | 'identity') => string }> = {
  binaryCrossEntropy: { value: '−t·log u − (1 − t)·log(1 − u)', delta: () => 'u − t' },
  focal: { value: '−α·(1 − p)²·log p, p what the target’s class gets', delta: () => '∂L/∂u · u·(1 − u)' },
  meanSquaredError: { value: '(u − t)²', delta: (last) => (last === 'sigmoid' ? '2·(u − t) · u·(1 − u)' : '2·(u − t)') },
  meanAbsoluteError: { value: '|u − t|', delta: () => 'the sign of u − t' },
  huber: { value: '½(u − t)² where |u − t| ≤ 1, else |u − t| − ½', delta: () => 'u − t, held between −1 and 1' },
  logCosh: { value: 'log cosh(u − t)', delta: () => 'tanh(u − t)' },
};

/** How weights follow their gradient g. */
export const updateFormulas: Record<OptimizerName, string> = {
  sgd: 'v ← μ·v + g, w ← w − η·v',
  adam: 'm ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η·m̂/(√v̂ + ε)',
  adamW: 'as Adam, and w ← w − η·λ·w besides',
  nadam: 'as Adam, with Nesterov’s momentum',
  rmsProp: 'v ← α·v + (1 − α)g², w ← w − η·g/(√v + ε)',
  adagrad: 'v ← v + g², w ← w − η·g/(√v + ε)',
  lion: 'w ← w − η·(sign(β₁m + (1 − β₁)g) + λ·w), m ← β₂m + (1 − β₂)g',
};
