import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { broadcast } from './broadcast.js';
import { binaryOp } from './elementwise.js';
import { uniformValue } from './leaves.js';
import { scaleBy } from './scaleBy.js';

/** y = a·b, element by element. */
export const mulOp = binaryOp('mul', Opcode.Mul, {
  backward: ({ inputs: [a, b] }, dy) => [mul(dy, b as Node), mul(dy, a as Node)],
});

export const mulValue: Float64Value = { each: (a, b) => a * b };

/** a·b element by element, with broadcasting. A uniform factor becomes a scale. */
export function mul(a: Node, b: Node): Node {
  const [x, y] = broadcast('mul', a, b);
  const u = uniformValue(y);
  if (u) return scaleBy(x, u.value, u.factors);
  if (uniformValue(x)) return mul(y, x);
  return apply(mulOp, [x, y]);
}
