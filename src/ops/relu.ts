import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { fromZero, unary } from './elementwise.js';
import { heaviside } from './heaviside.js';
import { unaryOp } from './unaryOp.js';

/** y = max(0, x); y' = 1 where x > 0, else 0, at 0 too. Where y > 0 is where x > 0, so x need not be kept. */
export const reluOp = unaryOp('relu', Opcode.Relu, (y) => heaviside(y, 0), { inLinear: Opcode.Relu, range: fromZero });

export const reluValue: Float64Value = { each: (x) => Math.max(x, 0), side: (x) => Math.sign(x) };

/** max(0, x), element by element. */
export function relu(x: Node): Node {
  return unary(reluOp, x);
}
