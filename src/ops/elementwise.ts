/** Makers of ops that work on each element by itself. */
import type { Opcode } from '../../assembly/opcodes.js';
import { binaryInstruction, unaryInstruction } from '../graph/instruction.js';
import { apply, checkConstants, commonShape, type Node, type Op, shapeOfOnly } from '../graph/node.js';

/** What an elementwise op may say beside its rules. */
type Traits = Pick<Op, 'inLinear' | 'range' | 'constants'>;

/** The op y = f(x; α, β) with a kernel of the form Unary. `chain` gives dx = dy·f'(x), or undefined where f' is zero everywhere. */
/* @__NO_SIDE_EFFECTS__ */
export function chainOp(name: string, opcode: Opcode, chain: (y: Node, dy: Node) => Node | undefined, traits: Traits = {}): Op {
  return {
    name,
    inputs: 1,
    attributes: { alpha: 'number', beta: 'number' },
    diagonal: true,
    shape: shapeOfOnly,
    backward: (y, dy) => [chain(y, dy)],
    kernel(y) {
      const { alpha, beta } = y.attributes as { alpha: number; beta: number };
      return [unaryInstruction(opcode, y, y.inputs[0] as Node, alpha, beta)];
    },
    ...traits,
  };
}

/** The op y = f(a, b) of two nodes of one shape, with a kernel of the form Binary. */
/* @__NO_SIDE_EFFECTS__ */
export function binaryOp(name: string, opcode: Opcode, rules: Pick<Op, 'backward' | 'range' | 'unsaved'>): Op {
  return {
    name,
    inputs: 2,
    attributes: {},
    diagonal: true,
    shape: (inputs) => commonShape(name, inputs),
    kernel: (y) => [binaryInstruction(opcode, y, y.inputs[0] as Node, y.inputs[1] as Node, 0)],
    ...rules,
  };
}

/** The range of an op that is never negative. */
export const fromZero: Op['range'] = () => [0, Number.POSITIVE_INFINITY];

/** The node y = op(x; α, β). */
export function unary(op: Op, x: Node, alpha = 0, beta = 0): Node {
  checkConstants(op.name, [alpha, beta]);
  return apply(op, [x], { alpha, beta });
}
