import { adamLike } from './adamLike.js';

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2): θ ← θ − learningRate·weightDecay·θ before each update of Adam.
 * Default weightDecay 0.01. Clipping bounds the gradient alone, which the decay takes no part in.
 */
export const adamW = /* @__PURE__ */ adamLike('adamW', { weightDecay: 0.01, decouplesDecay: true });
