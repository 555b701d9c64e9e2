import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node, type Op } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { binaryOp } from './elementwise.js';
import { expandFeatures } from './expandFeatures.js';

/** y = x where w > 0, else 0, whatever x is there: infinite or NaN too. Its own adjoint. */
export const maskedOp: Op = binaryOp('masked', Opcode.LeakyReluBackward, {
  backward: ({ inputs: [w] }, dy) => [undefined, masked(w as Node, dy)],
  unsaved: true,
});

export const maskedValue: Float64Value = { each: (w, x) => (w > 0 ? x : 0), side: (w) => Math.sign(w) };

/** x where w > 0, else 0, for weights of its rows or of its elements. */
export function masked(w: Node, x: Node): Node {
  return apply(maskedOp, [features(w.shape) === 1 ? expandFeatures(w, features(x.shape)) : w, x]);
}
