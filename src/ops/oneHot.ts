import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Node } from '../graph/node.js';
import { batch } from '../graph/shape.js';
import { rowsOp } from './rowsOp.js';

/** y[row, k] = 1 where k is the row's class id, else 0. Ids have no derivative; they are targets, which no saved graph has. */
export const oneHotOp = rowsOp('oneHot', Opcode.OneHot, {
  attributes: { classes: 'size' },
  diagonal: true,
  unsaved: true,
  shape: (_, { classes }) => batch(classes as number),
  backward: () => [undefined],
});

/** Class ids `[rows, 1]` as rows of 0 and 1. */
export function oneHot(ids: Node, classes: number): Node {
  return apply(oneHotOp, [ids], { classes });
}
