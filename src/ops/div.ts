import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { addDefined } from './add.js';
import { neg } from './affine.js';
import { broadcast } from './broadcast.js';
import { binaryOp } from './elementwise.js';
import { mul } from './mul.js';

/** y = a / b, element by element; ∂y/∂b = −y/b. */
export const divOp = binaryOp('div', Opcode.Div, {
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
});

export const divValue: Float64Value = { each: (a, b) => a / b };

/** a / b element by element, with broadcasting. */
export function div(a: Node, b: Node): Node {
  return apply(divOp, broadcast('div', a, b));
}
