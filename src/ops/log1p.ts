import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { shift } from './affine.js';
import { div } from './div.js';
import { chainOp, unary } from './elementwise.js';

/** y' = 1/(1 + x), applied as a quotient. */
export const log1pOp = chainOp('log1p', Opcode.Log1p, ({ inputs: [x] }, d) => div(d, shift(x as Node, 1)));

export const log1pValue: Float64Value = { each: (x) => Math.log1p(x) };

/** log(1 + x), exact for small x. */
export function log1p(x: Node): Node {
  return unary(log1pOp, x);
}
