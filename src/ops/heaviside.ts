import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { unary } from './elementwise.js';
import { unaryOp } from './unaryOp.js';

/** y = 1[x > 0], and `alpha` at 0; y' = 0 everywhere. */
export const heavisideOp = unaryOp('heaviside', Opcode.Heaviside, () => undefined, { inLinear: Opcode.Heaviside, range: () => [0, 1] });

export const heavisideValue: Float64Value = { each: (x, atZero) => (x > 0 ? 1 : x === 0 ? atZero : 0), side: (x) => Math.sign(x) };

/** The Heaviside step function, element by element: 1 where x > 0, `atZero` where x = 0, else 0. Default 1 at 0; the slope is 0. */
export function heaviside(x: Node, atZero = 1): Node {
  return unary(heavisideOp, x, atZero);
}
