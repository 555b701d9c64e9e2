import type { Opcode } from '../../assembly/opcodes.js';
import { apply, checkConstants, type Node, type Op, shapeOfOnly } from '../graph/node.js';
import { mul } from './mul.js';

/** An op that works on each element by itself, and the kernel that does it. */
export interface ElementwiseOp extends Op {
  readonly opcode: Opcode;
}

/**
 * y = f(x). One rule serves both directions: dx = dy·f'(x) backward, dy = dx·f'(x) forward, f' built from nodes.
 * `derivative` gives undefined where f' is zero everywhere.
 */
export function unaryOp(name: string, opcode: Opcode, derivative: (y: Node, x: Node) => Node | undefined): ElementwiseOp {
  const chain = (node: Node, d: Node) => {
    const slope = derivative(node, node.inputs[0] as Node);
    return slope && mul(d, slope);
  };
  return {
    name,
    opcode,
    shape: shapeOfOnly,
    backward: (node, dy) => [chain(node, dy)],
    tangent: (node, [dx]) => dx && chain(node, dx),
  };
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
