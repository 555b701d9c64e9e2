import { Factor } from '../../assembly/opcodes.js';
import { checkNodes, type Node } from '../graph/node.js';
import { sumRows } from './expandRows.js';
import { scaleBy } from './scaleBy.js';

/**
 * The mean over the rows of a batch, `[rows, n]` → `[n]`: Σ_rows x / rows. What a prediction gives for a row may not depend on other rows, so it
 * belongs on the training side of `byMode`, and in what a training step leaves in a state.
 */
export function meanRows(x: Node): Node {
  checkNodes('meanRows', [x]);
  return scaleBy(sumRows(x), 1, Factor.PerRow);
}
