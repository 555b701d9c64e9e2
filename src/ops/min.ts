import { Opcode } from '../../assembly/opcodes.js';
import { commonShape, type Node } from '../graph/node.js';
import { add } from './add.js';
import { affine } from './affine.js';
import { broadcast } from './broadcast.js';
import { binary, type ElementwiseOp } from './elementwise.js';
import { mul } from './mul.js';
import { step } from './step.js';
import { sub } from './sub.js';

/** 1 where a is the smaller, ½ on a tie, else 0. */
function share(node: Node): Node {
  const [a, b] = node.inputs as [Node, Node];
  return step(sub(b, a), 0.5);
}

/** y = min(a, b), element by element; the gradient goes to the smaller, half to each on a tie. */
export const minOp: ElementwiseOp = {
  name: 'min',
  opcode: Opcode.Min,
  shape: (inputs) => commonShape('min', inputs),
  backward(node, dy) {
    const a = share(node);
    return [mul(dy, a), mul(dy, affine(a, -1, 1))];
  },
  tangent(node, [da, db]) {
    const a = share(node);
    const left = da && mul(da, a);
    const right = db && mul(db, affine(a, -1, 1));
    return left && right ? add(left, right) : (left ?? right);
  },
};

/** min(a, b) element by element, with broadcasting. */
export function min(a: Node, b: Node): Node {
  return binary(minOp, ...broadcast('min', a, b));
}
