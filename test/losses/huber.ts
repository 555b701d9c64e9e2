/** A loss that neurite does not have, from this one file: as a function of nodes, as a definition, and in float64. */
import { abs, constant, minimum, mul, type Node, scale, sub, sum, type Values } from 'neurite';
import { defineLoss, factorOption, type LossMaker, type Reduction, reductionOption } from '../../src/losses/loss.js';

/** Σ_k ½d² where d = |u − t| ≤ δ, else δ·(d − ½δ) (Huber 1964), `[rows, 1]`. */
function rows(u: Node, t: Node, delta: number): Node {
  const d = abs(sub(u, t));
  const q = minimum(d, constant(delta));
  return sum(mul(q, sub(d, scale(q, 0.5))));
}

/** With δ = 1, as a user writes it. */
export function huberLoss(u: Node, t: Node): Node {
  return rows(u, t, 1);
}

interface HuberOptions {
  readonly delta?: number;
  readonly reduction?: Reduction;
}

/** The same as a definition. */
export const huber: LossMaker<HuberOptions, Values> = defineLoss<HuberOptions>({
  name: 'huber',
  options: { delta: factorOption(1), reduction: reductionOption },
  targets: 'values',
  meanOver: 'elements',
  rows: (u, t, { delta }) => rows(u, t, delta),
});

/** In float64, of a row. */
export function huberRow(u: readonly number[], t: readonly number[], delta = 1): number {
  return u.reduce((total, v, k) => {
    const d = Math.abs(v - (t[k] as number));
    return total + (d <= delta ? 0.5 * d * d : delta * (d - 0.5 * delta));
  }, 0);
}

/** ∂/∂u of a row in float64. */
export function huberGradient(u: readonly number[], t: readonly number[], delta = 1): number[] {
  return u.map((v, k) => Math.max(-delta, Math.min(delta, v - (t[k] as number))));
}
