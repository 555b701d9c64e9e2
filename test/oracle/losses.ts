/** Losses of a row of logits or values in float64, and their gradients with respect to it. */
import { largest, softmax } from './rows.js';

/** A row of target values, or the id of its class. */
export type Target = number[] | number;

/** The row of values that a target stands for. */
export function targetRow(t: Target, features: number): number[] {
  if (typeof t !== 'number') return t;
  return Array.from({ length: features }, (_, j) => (j === t ? 1 : 0));
}

/**
 * log Σ e^z − Σ t·z (notes 18) for targets whose sum is 1, where a target of 0 takes no part whatever its logit: as
 * log Σ e^{z − max} + Σ t·(max − z), in which the rounding of targets meets no large logit.
 */
export function crossEntropy(z: number[], t: Target): number {
  const max = largest(z);
  const targets = targetRow(t, z.length);
  const spread = z.reduce((sum, v, j) => (targets[j] === 0 ? sum : sum + (targets[j] as number) * (max - v)), 0);
  return Math.log(z.reduce((sum, v) => sum + Math.exp(v - max), 0)) + spread;
}

/** ∂/∂z of crossEntropy: softmax(z) − t. */
export function crossEntropyGradient(z: number[], t: Target): number[] {
  const targets = targetRow(t, z.length);
  return softmax(z).map((u, j) => u - (targets[j] as number));
}

export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** ln(1 + e^z) − t·z (notes 17), as log1p(e^−|z|) + ([z > 0] − t)·z with 0·∞ = 0. */
export function binaryTerm(z: number, t: number): number {
  const factor = (z > 0 ? 1 : 0) - t;
  return Math.log1p(Math.exp(-Math.abs(z))) + (factor === 0 ? 0 : factor * z);
}

/** Σ_j of the binary terms. */
export function binaryCrossEntropy(z: number[], t: number[]): number {
  return z.reduce((sum, v, j) => sum + binaryTerm(v, t[j] as number), 0);
}

/** ∂/∂z of binaryCrossEntropy: σ(z) − t. */
export function binaryCrossEntropyGradient(z: number[], t: number[]): number[] {
  return z.map((v, j) => sigmoid(v) - (t[j] as number));
}

/** Σ_j (u_j − t_j)². */
export function squaredError(u: number[], t: number[]): number {
  return u.reduce((sum, v, j) => sum + (v - (t[j] as number)) ** 2, 0);
}

/** ∂/∂u of squaredError: 2(u − t). */
export function squaredErrorGradient(u: number[], t: number[]): number[] {
  return u.map((v, j) => 2 * (v - (t[j] as number)));
}

/** A loss of a row that is a sum over its elements, from that of one element and its slope. */
interface Summed {
  row(u: number[], t: number[]): number;
  gradient(u: number[], t: number[]): number[];
}

function summed(element: (u: number, t: number) => number, slope: (u: number, t: number) => number): Summed {
  return {
    row: (u, t) => u.reduce((sum, v, j) => sum + element(v, t[j] as number), 0),
    gradient: (u, t) => u.map((v, j) => slope(v, t[j] as number)),
  };
}

/** |u − t|. */
export const absoluteError = summed(
  (u, t) => Math.abs(u - t),
  (u, t) => Math.sign(u - t),
);

/** ½d² up to δ, else δ(d − ½δ), d = |u − t|. */
export const huber = (delta: number): Summed =>
  summed(
    (u, t) => (Math.abs(u - t) <= delta ? (u - t) ** 2 / 2 : delta * (Math.abs(u - t) - delta / 2)),
    (u, t) => Math.max(-delta, Math.min(delta, u - t)),
  );

/** log cosh d, as |d| + log((1 + e^{−2|d|})/2). */
export const logCosh = summed(
  (u, t) => Math.abs(u - t) + Math.log1p(Math.expm1(-2 * Math.abs(u - t)) / 2),
  (u, t) => Math.tanh(u - t),
);

/** α_t (1 − p_t)^γ times the cross-entropy of a logit. */
export const focal = (gamma: number, alpha: number): Summed => {
  const parts = (z: number, t: number) => {
    const p = sigmoid(z);
    const missing = p * (1 - t) + sigmoid(-z) * t;
    return { p, missing, weight: alpha * t + (1 - alpha) * (1 - t), slope: p * (1 - p) * (1 - 2 * t) };
  };
  return summed(
    (z, t) => parts(z, t).weight * parts(z, t).missing ** gamma * binaryTerm(z, t),
    (z, t) => {
      const { p, missing, weight, slope } = parts(z, t);
      // In the limit of nothing missing both parts are 0.
      return missing === 0 ? 0 : weight * (missing ** gamma * (p - t) + gamma * missing ** (gamma - 1) * slope * binaryTerm(z, t));
    },
  );
};

/** −α Σ t_k (1 − p_k)^γ log p_k, p_k by its logarithm. */
export const categoricalFocal = (gamma: number, alpha: number) => {
  const logs = (z: number[]) => z.map((_, k) => -crossEntropy(z, k));
  return {
    row: (z: number[], t: number[]) => -alpha * logs(z).reduce((sum, l, k) => sum + (t[k] as number) * (-Math.expm1(l)) ** gamma * l, 0),
    gradient(z: number[], t: number[]) {
      const p = softmax(z);
      // ∂/∂ log p_k.
      const d = logs(z).map((l, k) => {
        const missing = -Math.expm1(l);
        return alpha * (t[k] as number) * (gamma * missing ** (gamma - 1) * (p[k] as number) * l - missing ** gamma);
      });
      const total = d.reduce((sum, one) => sum + one, 0);
      return p.map((one, k) => (d[k] as number) - one * total);
    },
  };
};

/** max(0, 1 − (2t − 1)u). */
export const hinge = summed(
  (u, t) => Math.max(0, 1 - (2 * t - 1) * u),
  (u, t) => (1 - (2 * t - 1) * u > 0 ? 1 - 2 * t : 0),
);

/** Σ t log t + crossEntropy. */
export function klDivergence(z: number[], t: number[]): number {
  return crossEntropy(z, t) + t.reduce((sum, v) => sum + (v === 0 ? 0 : v * Math.log(v)), 0);
}

/** e^u − t·u. */
export const poisson = summed(
  (u, t) => Math.exp(u) - t * u,
  (u, t) => Math.exp(u) - t,
);

/** max(τd, (τ − 1)d), d = t − u. */
export const quantile = (tau: number): Summed =>
  summed(
    (u, t) => Math.max(tau * (t - u), (tau - 1) * (t - u)),
    (u, t) => (t > u ? -tau : 1 - tau),
  );

const softplus = (v: number) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

/** The least variance. */
const epsilon = 1e-6;

/** ½(log v + (m − t)²/v) of means and variances, which softplus makes of what comes. */
export const gaussianNll = {
  row(x: number[], t: number[]): number {
    const u = x.map(softplus);
    return t.reduce((sum, target, j) => {
      const v = Math.max(u[t.length + j] as number, epsilon);
      return sum + (Math.log(v) + ((u[j] as number) - target) ** 2 / v) / 2;
    }, 0);
  },
  gradient(x: number[], t: number[]): number[] {
    const u = x.map(softplus);
    const slopes = u.map((_, i) => {
      const [j, k] = [i % t.length, t.length];
      const [m, v] = [u[j] as number, Math.max(u[j + k] as number, epsilon)];
      const d = m - (t[j] as number);
      if (i < k) return d / v;
      return u[i] === v ? (1 / v - (d / v) ** 2) / 2 : 0;
    });
    return slopes.map((slope, i) => slope * sigmoid(x[i] as number));
  },
};

/** 1 − cos of the angle between output and target. */
export const cosineSimilarity = {
  row(u: number[], t: number[]): number {
    return 1 - dot(u, t) / (norm(u) * norm(t));
  },
  gradient(u: number[], t: number[]): number[] {
    const size = norm(u) * norm(t);
    const cosine = dot(u, t) / size;
    return u.map((v, j) => (norm(u) > LEAST_NORM ? (cosine * v) / dot(u, u) : 0) - (t[j] as number) / size);
  },
};

const LEAST_NORM = 1e-8;

function norm(x: number[]): number {
  return Math.max(Math.hypot(...x), LEAST_NORM);
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, v, j) => sum + v * (b[j] as number), 0);
}
