import { byModeOp } from '../graph/modes.js';
import { apply, type Node } from '../graph/node.js';

/**
 * The first node in training steps (`fit`, `step`, `gradient`), the second in everything else: predictions, evaluations, traces and derivatives.
 * Both have one shape. Dropout and normalisation over a batch are made of it.
 */
export function byMode(training: Node, prediction: Node): Node {
  return apply(byModeOp, [training, prediction]);
}
