import { Opcode } from '../../assembly/opcodes.js';
import type { Node } from '../graph/node.js';
import { unary } from './elementwise.js';
import { step } from './step.js';
import { unaryOp } from './unaryOp.js';

/** y = max(0, x); y' = 1 where x > 0, else 0, at 0 too. Where y > 0 is where x > 0, so x need not be kept. */
export const reluOp = unaryOp('relu', Opcode.Relu, (y) => step(y, 0));

/** max(0, x), element by element. */
export function relu(x: Node): Node {
  return unary(reluOp, x);
}
