import { Opcode } from '../../assembly/opcodes.js';
import { checkConstants, checkNodes, type Float64Value, type Node } from '../graph/node.js';
import { scale } from './affine.js';
import { unary } from './elementwise.js';
import { fill } from './leaves.js';
import { unaryOp } from './unaryOp.js';

/** p·xᵖ⁻¹. */
function slope(y: Node, x: Node): Node | undefined {
  const p = y.attributes.alpha as number;
  return p === 0 ? undefined : scale(pow(x, p - 1), p);
}

/** y = xᵖ; y' = p·xᵖ⁻¹. */
export const powOp = unaryOp('pow', Opcode.Pow, slope, { constants: ({ attributes }) => String(attributes.alpha) });

export const powValue: Float64Value = { each: (x, p) => x ** p };

/** xᵖ, element by element; p is a number. x < 0 with a fractional p is NaN. */
export function pow(x: Node, p: number): Node {
  checkNodes('pow', [x]);
  checkConstants('pow', [p]);
  if (p === 1) return x;
  if (p === 0) return fill(x.shape, 1);
  const rest = p - Math.fround(p);
  return unary(powOp, x, p, Number.isFinite(rest) ? rest : 0);
}
