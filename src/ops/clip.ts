import { Opcode } from '../../assembly/opcodes.js';
import { ValueError } from '../errors.js';
import { checkConstants, type Node } from '../graph/node.js';
import { affine, shift } from './affine.js';
import { unary, unaryOp } from './elementwise.js';
import { mul } from './mul.js';
import { step } from './step.js';

/** y = x within [α, β], else the nearer bound; y' = 1 within, bounds included, else 0. */
export const clipOp = unaryOp('clip', Opcode.Clip, (y, x) => {
  const { alpha: low, beta: high } = y.attributes as { alpha: number; beta: number };
  return mul(step(shift(x, -low), 1), step(affine(x, -1, high), 1));
});

/** min(max(x, low), high), element by element; the slope is 1 on the bounds too. */
export function clip(x: Node, low: number, high: number): Node {
  checkConstants('clip', [low, high]);
  if (!(low <= high)) throw new ValueError(`clip: bounds are [${low}, ${high}], expected low ≤ high`);
  return unary(clipOp, x, low, high);
}
