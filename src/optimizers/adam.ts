export type { Adam } from './adamLike.js';

import { adamLike } from './adamLike.js';

/**
 * Adam (Kingma & Ba 2015, algorithm 1): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − learningRate·m̂ / (√v̂ + ε), where
 * m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 * L2 comes first, clipping after it: the norm that clipNorm bounds is that of g + weightDecay·θ.
 * Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0 (L2), no clipping.
 */
export const adam = /* @__PURE__ */ adamLike('adam', { weightDecay: 0, decouplesDecay: false });

/** Options of adam and adamW. */
export type AdamOptions = NonNullable<Parameters<typeof adam>[0]>;
