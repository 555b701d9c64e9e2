import { Opcode } from '../../assembly/opcodes.js';
import { commonShape, type Node } from '../graph/node.js';
import { addDefined } from './add.js';
import { neg } from './affine.js';
import { broadcast } from './broadcast.js';
import { binary, type ElementwiseOp } from './elementwise.js';
import { mul } from './mul.js';

/** y = a / b, element by element; ∂y/∂b = −y/b. */
export const divOp: ElementwiseOp = {
  name: 'div',
  opcode: Opcode.Div,
  shape: (inputs) => commonShape('div', inputs),
  backward(y, dy) {
    const da = div(dy, y.inputs[1] as Node);
    return [da, neg(mul(da, y))];
  },
  tangent(y, [da, db]) {
    const b = y.inputs[1] as Node;
    const left = da && div(da, b);
    const right = db && neg(div(mul(y, db), b));
    return addDefined(left, right);
  },
};

/** a / b element by element, with broadcasting. */
export function div(a: Node, b: Node): Node {
  return binary(divOp, ...broadcast('div', a, b));
}
