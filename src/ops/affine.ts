import { Opcode } from '../../assembly/opcodes.js';
import { apply, checkConstants, checkNodes, type Float64Value, type Node } from '../graph/node.js';
import { chainOp } from './elementwise.js';
import { fill, uniformValue } from './leaves.js';

interface AffineAttributes {
  readonly alpha: number;
  readonly beta: number;
}

/** y = α·x + β. */
export const affineOp = chainOp('affine', Opcode.Affine, (y, d) => scale(d, (y.attributes as unknown as AffineAttributes).alpha), {
  inLinear: Opcode.Affine,
  range(y, rangeOf) {
    const { alpha, beta } = y.attributes as unknown as AffineAttributes;
    if (alpha === 0) return undefined;
    const [low, high] = rangeOf(y.inputs[0] as Node);
    const ends = [alpha * low + beta, alpha * high + beta] as const;
    return alpha > 0 ? ends : [ends[1], ends[0]];
  },
  constants: ({ attributes: { alpha, beta } }) => `${alpha}·x + ${beta}`,
});

export const affineValue: Float64Value = { each: (x, alpha, beta) => alpha * x + beta };

/** y = α·x + β, element by element. */
export function affine(x: Node, alpha: number, beta: number): Node {
  checkNodes('affine', [x]);
  checkConstants('affine', [alpha, beta]);
  if (alpha === 1 && beta === 0) return x;
  const u = uniformValue(x);
  if (u && (!u.factors || beta === 0)) return fill(x.shape, alpha * u.value + beta, u.factors);
  return apply(affineOp, [x], { alpha, beta });
}

/** y = α·x. */
export function scale(x: Node, alpha: number): Node {
  return affine(x, alpha, 0);
}

/** y = x + β. */
export function shift(x: Node, beta: number): Node {
  return affine(x, 1, beta);
}

/** y = −x. */
export function neg(x: Node): Node {
  return affine(x, -1, 0);
}
