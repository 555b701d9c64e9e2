import { Factor } from '../../assembly/opcodes.js';
import { checkNodes, type Node } from '../graph/node.js';
import { affine } from './affine.js';
import { div } from './div.js';
import { sumRows } from './expandRows.js';
import { fill } from './leaves.js';
import { scaleBy } from './scaleBy.js';

/**
 * The mean over the rows of a batch, `[rows, n]` → `[n]`: Σ_rows x / rows. What a prediction gives for a row may not depend on other rows, so it
 * belongs on the training side of `byMode`, and in what a training step leaves in a state.
 */
export function meanRows(x: Node): Node {
  checkNodes('meanRows', [x]);
  return scaleBy(sumRows(x), 1, Factor.PerRow);
}

/** x·rows / (rows − 1), as x / (1 − 1/rows): what makes an unbiased variance of a biased one (Bessel's correction). Needs two rows. */
export function unbiased(x: Node): Node {
  return div(x, affine(fill(x.shape, 1, Factor.PerRow), -1, 1));
}
