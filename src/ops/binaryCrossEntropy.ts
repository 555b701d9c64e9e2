import { Opcode, TargetKind } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { lossInstruction } from '../graph/instruction.js';
import { apply, type Float64Value, type Node, type Op } from '../graph/node.js';
import { batch, features, sameShape } from '../graph/shape.js';
import { addDefined } from './add.js';
import { neg } from './affine.js';
import { expandFeatures, sumFeatures } from './expandFeatures.js';
import { mul } from './mul.js';
import { sigmoid } from './sigmoid.js';
import { softplus64 } from './softplus.js';
import { sub } from './sub.js';

/** ∂loss/∂z = σ(z) − t, for each row. */
function delta(z: Node, t: Node): Node {
  return sub(sigmoid(z), t);
}

/** loss[row] = Σ_k log(1 + e^{z_k}) − t_k z_k: of the logits, so stable however large they are. */
export const binaryCrossEntropyOp: Op = {
  name: 'binaryCrossEntropy',
  inputs: 2,
  attributes: {},
  diagonal: true,
  shape([z, t]) {
    if (!z?.shape.batched || !t || !sameShape(z.shape, t.shape))
      throw new ShapeError(`binaryCrossEntropy: ${z} and ${t} came, expected batches of one shape`);
    return batch(1);
  },
  backward(node, dy) {
    const [z, t] = node.inputs as [Node, Node];
    const d = expandFeatures(dy, features(z.shape));
    return [mul(d, delta(z, t)), neg(mul(d, z))];
  },
  tangent(node, [dz, dt]) {
    const [z, t] = node.inputs as [Node, Node];
    const left = dz && sumFeatures(mul(dz, delta(z, t)));
    const right = dt && neg(sumFeatures(mul(dt, z)));
    return addDefined(left, right);
  },
  kernel: (loss) => [lossInstruction(Opcode.BinaryCrossEntropy, loss, TargetKind.Values)],
};

export const binaryCrossEntropyValue: Float64Value = {
  all({ inputs: [z] }, [x, y]) {
    const n = features((z as Node).shape);
    const terms = (x as Float64Array).map((v, i) => softplus64(v) - v * ((y as Float64Array)[i] as number));
    return Float64Array.from({ length: terms.length / n }, (_, i) => terms.subarray(i * n, (i + 1) * n).reduce((a, b) => a + b, 0));
  },
};

/** The loss of each row, `[rows, 1]`, from the logits z and the targets t. */
export function binaryCrossEntropy(z: Node, t: Node): Node {
  return apply(binaryCrossEntropyOp, [z, t]);
}
