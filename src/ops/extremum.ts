import type { Opcode } from '../../assembly/opcodes.js';
import type { Node, Op } from '../graph/node.js';
import { affine } from './affine.js';
import { clip } from './clip.js';
import { binaryOp } from './elementwise.js';
import { heaviside } from './heaviside.js';
import { mul } from './mul.js';

const LARGEST = 3.4028234663852886e38;

/** x with the largest finite float in place of infinity: two infinities then differ by 0 and not by NaN. */
export function comparable(x: Node): Node {
  return clip(x, -LARGEST, LARGEST);
}

/**
 * y = one of a and b, element by element. `lead(a, b)` is positive where a is taken, negative where b is; the gradient goes to the one taken,
 * half to each on a tie.
 */
/* @__NO_SIDE_EFFECTS__ */
export function extremumOp(name: string, opcode: Opcode, lead: (a: Node, b: Node) => Node): Op {
  /** 1 where a is taken, ½ on a tie, else 0. */
  const share = ({ inputs: [a, b] }: Node) => heaviside(lead(comparable(a as Node), comparable(b as Node)), 0.5);
  return binaryOp(name, opcode, {
    backward(node, dy) {
      const a = share(node);
      return [mul(dy, a), mul(dy, affine(a, -1, 1))];
    },
  });
}
