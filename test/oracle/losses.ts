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
