import { Node } from '../graph/node.js';
import { vector } from '../graph/shape.js';
import { leaf } from './leaves.js';

const runOp = leaf('run', { unsaved: true });

/** A stretch of a block, seen as one vector: all parameters, all gradients, a slot of optimizer state. */
export function run(name: string, n: number): Node {
  return new Node(runOp, [], vector(n), {}, name);
}
