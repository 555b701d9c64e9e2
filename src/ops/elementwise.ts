import type { Opcode } from '../../assembly/opcodes.js';
import { apply, checkConstants, type Node, type Op } from '../graph/node.js';

/** An op that works on each element by itself, and the kernel that does it. */
export interface ElementwiseOp extends Op {
  readonly opcode: Opcode;
}

/** The node y = op(x; α, β). */
export function unary(op: ElementwiseOp, x: Node, alpha = 0, beta = 0): Node {
  checkConstants(op.name, [alpha, beta]);
  return apply(op, [x], { alpha, beta });
}

/** The node y = op(a, b) of two nodes of one shape. */
export function binary(op: ElementwiseOp, a: Node, b: Node): Node {
  return apply(op, [a, b]);
}
