import type { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { lossInstruction, targetKind } from '../graph/instruction.js';
import type { Node, Op } from '../graph/node.js';
import { batch, features, sameShape } from '../graph/shape.js';
import { neg } from './affine.js';
import { expandFeatures } from './expandFeatures.js';
import { mul } from './mul.js';

/**
 * The op of a loss of each row, `[rows, 1]`, from logits z and targets t: some function of z, less Σ_k t_k z_k.
 * @param delta ∂loss/∂z for each row
 * @param takesIds whether targets may be class ids
 */
/* @__NO_SIDE_EFFECTS__ */
export function lossOnLogits(name: string, opcode: Opcode, delta: (z: Node, t: Node) => Node, takesIds: boolean): Op {
  return {
    name,
    inputs: 2,
    attributes: {},
    diagonal: true,
    shape([z, t]) {
      const ids = takesIds && t?.attributes.classes && features(t.shape) === 1;
      if (!z?.shape.batched || !t || !(ids || sameShape(z.shape, t.shape)))
        throw new ShapeError(`${name}: ${z} and ${t} came, expected batches of one shape${takesIds ? ', or class ids' : ''}`);
      return batch(1);
    },
    backward(node, dy) {
      const [z, t] = node.inputs as [Node, Node];
      const d = expandFeatures(dy, features(z.shape));
      return [mul(d, delta(z, t)), t.attributes.classes ? undefined : neg(mul(d, z))];
    },
    kernel: (loss) => [lossInstruction(opcode, loss, targetKind(loss.inputs[1] as Node))],
  };
}
