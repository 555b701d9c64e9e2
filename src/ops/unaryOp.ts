import type { Opcode } from '../../assembly/opcodes.js';
import { type Node, shapeOfOnly } from '../graph/node.js';
import type { ElementwiseOp } from './elementwise.js';
import { mul } from './mul.js';

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
