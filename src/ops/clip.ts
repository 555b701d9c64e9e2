import { Opcode } from '../../assembly/opcodes.js';
import { ValueError } from '../errors.js';
import { checkConstants, type Float64Value, type Node } from '../graph/node.js';
import { affine, shift } from './affine.js';
import { unary } from './elementwise.js';
import { heaviside } from './heaviside.js';
import { fill } from './leaves.js';
import { mul } from './mul.js';
import { unaryOp } from './unaryOp.js';

interface Bounds {
  readonly alpha: number;
  readonly beta: number;
}

const boundsOf = (y: Node) => y.attributes as unknown as Bounds;

/** 1 within the bounds, which belong to it, else 0. */
function within(y: Node, x: Node): Node {
  const { alpha: low, beta: high } = boundsOf(y);
  const above = heaviside(shift(x, -low), 1);
  const below = heaviside(affine(x, -1, high), 1);
  // Without a bound there is nothing to compare with: −∞ − (−∞) would be NaN.
  if (low === Number.NEGATIVE_INFINITY) return high === Number.POSITIVE_INFINITY ? fill(x.shape, 1) : below;
  return high === Number.POSITIVE_INFINITY ? above : mul(above, below);
}

/** y = x within [α, β], else the nearer bound; y' = 1 within, bounds included, else 0. */
export const clipOp = unaryOp('clip', Opcode.Clip, within, {
  range: (y) => [boundsOf(y).alpha, boundsOf(y).beta],
  constants: (y) => `[${boundsOf(y).alpha}, ${boundsOf(y).beta}]`,
});

export const clipValue: Float64Value = {
  each: (x, low, high) => Math.min(Math.max(x, low), high),
  side: (x, low, high) => Math.sign(x - low) + 3 * Math.sign(x - high),
};

/** min(max(x, low), high), element by element; the slope is 1 on the bounds too. */
export function clip(x: Node, low: number, high: number): Node {
  checkConstants('clip', [low, high]);
  if (!(low <= high)) throw new ValueError(`clip: bounds are [${low}, ${high}], expected low ≤ high`);
  return unary(clipOp, x, low, high);
}
