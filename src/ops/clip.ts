import { Opcode } from '../../assembly/opcodes.js';
import { ValueError } from '../errors.js';
import { checkConstants, type Node } from '../graph/node.js';
import { affine, shift } from './affine.js';
import { unary } from './elementwise.js';
import { fill } from './leaves.js';
import { mul } from './mul.js';
import { step } from './step.js';
import { unaryOp } from './unaryOp.js';

/** y = x within [α, β], else the nearer bound; y' = 1 within, bounds included, else 0. */
export const clipOp = unaryOp('clip', Opcode.Clip, (y, x) => {
  const { alpha: low, beta: high } = y.attributes as { alpha: number; beta: number };
  const above = step(shift(x, -low), 1);
  const below = step(affine(x, -1, high), 1);
  // Without a bound there is nothing to compare with: −∞ − (−∞) would be NaN.
  if (low === Number.NEGATIVE_INFINITY) return high === Number.POSITIVE_INFINITY ? fill(x.shape, 1) : below;
  return high === Number.POSITIVE_INFINITY ? above : mul(above, below);
});

/** min(max(x, low), high), element by element; the slope is 1 on the bounds too. */
export function clip(x: Node, low: number, high: number): Node {
  checkConstants('clip', [low, high]);
  if (!(low <= high)) throw new ValueError(`clip: bounds are [${low}, ${high}], expected low ≤ high`);
  return unary(clipOp, x, low, high);
}
