import { Opcode } from '../../assembly/opcodes.js';
import { apply, checkConstants, checkNodes, type Node, shapeOfOnly } from '../graph/node.js';
import type { ElementwiseOp } from './elementwise.js';
import { fill, uniformValue } from './leaves.js';

interface AffineAttributes {
  readonly alpha: number;
  readonly beta: number;
}

/** y = α·x + β. */
export const affineOp: ElementwiseOp = {
  name: 'affine',
  opcode: Opcode.Affine,
  shape: shapeOfOnly,
  backward: (node, dy) => [scale(dy, (node.attributes as unknown as AffineAttributes).alpha)],
  tangent: (node, [dx]) => dx && scale(dx, (node.attributes as unknown as AffineAttributes).alpha),
};

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

/** y = α·x times factors that only a run knows (`Factor`): 1/rows, which a mean over the batch puts on a gradient, or −learningRate. */
export const scaleByOp: ElementwiseOp = {
  name: 'scaleBy',
  opcode: Opcode.Scale,
  shape: shapeOfOnly,
  backward: (node, dy) => [scaleBy(dy, node.attributes.alpha as number, node.attributes.factors as number)],
  tangent: (node, [dx]) => dx && scaleBy(dx, node.attributes.alpha as number, node.attributes.factors as number),
};

/** y = α·factors·x. */
export function scaleBy(x: Node, alpha: number, factors: number): Node {
  if (factors === 0) return scale(x, alpha);
  const u = uniformValue(x);
  if (u && (u.factors & factors) === 0) return fill(x.shape, alpha * u.value, u.factors | factors);
  return apply(scaleByOp, [x], { alpha, factors });
}
