import { Opcode } from '../../assembly/opcodes.js';
import { apply, checkNodes, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { neg } from './affine.js';
import { expandFeatures, oneFeature, type RowsOp, sumFeatures } from './broadcast.js';
import { div } from './div.js';
import { comparable } from './extremum.js';
import { mul } from './mul.js';
import { step } from './step.js';
import { sub } from './sub.js';

/** 1/(number of maxima) where x is the largest of its row, else 0. */
function share(y: Node): Node {
  const x = y.inputs[0] as Node;
  const largest = step(sub(comparable(x), expandFeatures(comparable(y), features(x.shape))), 1);
  return div(largest, expandFeatures(sumFeatures(largest), features(x.shape)));
}

/** y = max_l x_l; the gradient goes to the largest, evenly on ties. */
export const maxFeaturesOp: RowsOp = {
  name: 'maxFeatures',
  opcode: Opcode.MaxFeatures,
  shape: ([x]) => oneFeature('maxFeatures', x as Node),
  backward(y, dy) {
    const slope = share(y);
    return [mul(expandFeatures(dy, features(slope.shape)), slope)];
  },
  tangent: (y, [dx]) => dx && sumFeatures(mul(dx, share(y))),
};

/** The largest feature of each row: `[rows, n]` → `[rows, 1]`. */
export function maxFeatures(x: Node): Node {
  checkNodes('amax', [x]);
  if (features(x.shape) === 1) return x;
  return apply(maxFeaturesOp, [x]);
}

/** The smallest feature of each row: −max(−x). */
export function minFeatures(x: Node): Node {
  return neg(maxFeatures(neg(x)));
}
