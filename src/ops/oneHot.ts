import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Node } from '../graph/node.js';
import { batch } from '../graph/shape.js';
import type { RowsOp } from './broadcast.js';

/** y[row, k] = 1 where k is the row's class id, else 0 (notes 19). Ids have no derivative. */
export const oneHotOp: RowsOp = {
  name: 'oneHot',
  opcode: Opcode.OneHot,
  shape: (_, { classes }) => batch(classes as number),
  backward: () => [undefined],
  tangent: () => undefined,
};

/** Class ids `[rows, 1]` as rows of 0 and 1. */
export function oneHot(ids: Node, classes: number): Node {
  return apply(oneHotOp, [ids], { classes });
}
