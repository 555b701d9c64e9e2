import { Opcode } from '../../assembly/opcodes.js';
import type { Float64Value, Node } from '../graph/node.js';
import { affine } from './affine.js';
import { unary } from './elementwise.js';
import { square } from './square.js';
import { unaryOp } from './unaryOp.js';

/** y = tanh x; y' = 1 − y². */
export const tanhOp = unaryOp('tanh', Opcode.Tanh, (y) => affine(square(y), -1, 1), { inLinear: Opcode.Tanh, range: () => [-1, 1] });

export const tanhValue: Float64Value = { each: (x) => Math.tanh(x) };

/** tanh x, element by element. */
export function tanh(x: Node): Node {
  return unary(tanhOp, x);
}
