import { Opcode } from '../../assembly/opcodes.js';
import { count, f32, tensor, word } from '../graph/instruction.js';
import { apply, type Node, type Op, shapeOfOnly } from '../graph/node.js';
import { scale } from './affine.js';
import { fill, uniformValue } from './leaves.js';

interface ScaleAttributes {
  readonly alpha: number;
  readonly factors: number;
}

const attributesOf = (y: Node) => y.attributes as unknown as ScaleAttributes;

/** y = α·x times factors that only a run knows (`Factor`): 1/rows, which a mean over the batch puts on a gradient, or −learningRate. */
export const scaleByOp: Op = {
  name: 'scaleBy',
  inputs: 1,
  attributes: { alpha: 'number', factors: 'factors' },
  diagonal: true,
  shape: shapeOfOnly,
  backward: (y, dy) => [scaleBy(dy, attributesOf(y).alpha, attributesOf(y).factors)],
  kernel(y) {
    const { alpha, factors } = attributesOf(y);
    return [
      {
        opcode: Opcode.Scale,
        operands: { y: tensor(y), x: tensor(y.inputs[0]), size: count(y.shape), alpha: f32(alpha), factors: word(factors) },
        writes: ['y'],
        inPlace: ['x'],
      },
    ];
  },
};

/** y = α·factors·x. */
export function scaleBy(x: Node, alpha: number, factors: number): Node {
  if (factors === 0) return scale(x, alpha);
  const u = uniformValue(x);
  if (u && (u.factors & factors) === 0) return fill(x.shape, alpha * u.value, u.factors | factors);
  return apply(scaleByOp, [x], { alpha, factors });
}
