import type { Opcode } from '../../assembly/opcodes.js';
import type { Node, Op } from '../graph/node.js';
import { chainOp } from './elementwise.js';
import { mul } from './mul.js';

/** The op y = f(x; α, β), its slope f' built from nodes; `slope` gives undefined where f' is zero everywhere. */
/* @__NO_SIDE_EFFECTS__ */
export function unaryOp(name: string, opcode: Opcode, slope: (y: Node, x: Node) => Node | undefined, traits: Parameters<typeof chainOp>[3] = {}): Op {
  const chain = (y: Node, d: Node) => {
    const factor = slope(y, y.inputs[0] as Node);
    return factor && mul(d, factor);
  };
  return chainOp(name, opcode, chain, traits);
}
