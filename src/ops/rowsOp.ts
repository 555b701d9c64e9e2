import type { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { rowsInstruction } from '../graph/instruction.js';
import type { Node, Op } from '../graph/node.js';
import { elements, type Shape } from '../graph/shape.js';

/** What an op over rows and features says for itself. */
type Rules = Pick<Op, 'shape' | 'backward' | 'diagonal'> & Partial<Op>;

/** The op between a tensor and what its rows or features make, with a kernel of the form Rows. `inPlace`: whether y may take over x's memory. */
/* @__NO_SIDE_EFFECTS__ */
export function rowsOp(name: string, opcode: Opcode, rules: Rules, inPlace = false): Op {
  return {
    name,
    inputs: 1,
    attributes: {},
    kernel(y) {
      const x = y.inputs[0] as Node;
      // Where both have the same features, a batch is wider than their sum.
      const wide = elements(x.shape) > elements(y.shape) || (x.shape.batched && !y.shape.batched) ? x : y;
      return [rowsInstruction(opcode, y, x, wide, inPlace ? ['x'] : [])];
    },
    ...rules,
  };
}

/** The shape of one number for each row, or of a single one. @throws ShapeError for a matrix */
export function oneFeature(op: string, x: Node): Shape {
  if (x.shape.size.length !== 1) throw new ShapeError(`${op}: ${x} is a matrix, expected a batch or a vector`);
  return { batched: x.shape.batched, size: [1] };
}
