import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { div } from './div.js';
import { chainOp, unary } from './elementwise.js';

/** y' = 1/x, applied as a quotient. */
export const logOp = chainOp('log', Opcode.Log, ({ inputs: [x] }, d) => div(d, x as Node));

export const logValue: Float64Value = { each: (x) => Math.log(x) };

/** The natural logarithm, element by element; log 0 = −∞, log of a negative is NaN. */
export function log(x: Node): Node {
  return unary(logOp, x);
}
