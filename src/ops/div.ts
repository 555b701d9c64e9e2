import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { absOp } from './abs.js';
import { affineOp, neg } from './affine.js';
import { broadcast } from './broadcast.js';
import { binaryOp } from './elementwise.js';
import { mul } from './mul.js';

/** y = a / b, element by element; ∂y/∂b = −y/b. */
export const divOp = binaryOp('div', Opcode.Div, {
  backward(y, dy) {
    const da = div(dy, y.inputs[1] as Node);
    return [da, neg(mul(da, y))];
  },
  // x / (1 + |x|), as softsign is composed.
  range({ inputs: [x, b] }) {
    const { op, attributes, inputs } = b as Node;
    const fits = op === affineOp && attributes.alpha === 1 && attributes.beta === 1 && inputs[0]?.op === absOp && inputs[0].inputs[0] === x;
    return fits ? [-1, 1] : undefined;
  },
});

export const divValue: Float64Value = { each: (a, b) => a / b };

/** a / b element by element, with broadcasting. */
export function div(a: Node, b: Node): Node {
  return apply(divOp, broadcast('div', a, b));
}
