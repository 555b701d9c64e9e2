/** A loss that neurite does not have, from this one file: as a function of nodes, as a definition, and in float64. */
import { affine, type Node, shift, sqrt, square, sub, sum, type Values } from 'neurite';
import { defineLoss, factorOption, type LossMaker, type Reduction, reductionOption } from '../../src/losses/loss.js';

/** Σ_k √(d² + δ²) − δ, d = u − t (Charbonnier et al. 1994), `[rows, 1]`. */
function rows(u: Node, t: Node, delta: number): Node {
  return sum(affine(sqrt(shift(square(sub(u, t)), delta * delta)), 1, -delta));
}

/** With δ = 1, as a user writes it. */
export function charbonnierLoss(u: Node, t: Node): Node {
  return rows(u, t, 1);
}

interface CharbonnierOptions {
  readonly delta?: number;
  readonly reduction?: Reduction;
}

/** The same as a definition. */
export const charbonnier: LossMaker<CharbonnierOptions, Values> = defineLoss<CharbonnierOptions>({
  name: 'charbonnier',
  options: { delta: factorOption(1), reduction: reductionOption },
  targets: 'values',
  meanOver: 'elements',
  rows: (u, t, { delta }) => rows(u, t, delta),
});

/** In float64, of a row. */
export function charbonnierRow(u: readonly number[], t: readonly number[], delta = 1): number {
  return u.reduce((total, v, k) => total + Math.sqrt((v - (t[k] as number)) ** 2 + delta * delta) - delta, 0);
}

/** ∂/∂u of a row in float64. */
export function charbonnierGradient(u: readonly number[], t: readonly number[], delta = 1): number[] {
  return u.map((v, k) => (v - (t[k] as number)) / Math.sqrt((v - (t[k] as number)) ** 2 + delta * delta));
}
