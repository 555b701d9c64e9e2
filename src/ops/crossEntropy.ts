import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { lossInstruction, targetKind } from '../graph/instruction.js';
import { apply, type Float64Value, type Node, type Op } from '../graph/node.js';
import { batch, features, sameShape } from '../graph/shape.js';
import { addDefined } from './add.js';
import { neg } from './affine.js';
import { expandFeatures, sumFeatures } from './expandFeatures.js';
import { mul } from './mul.js';
import { oneHot } from './oneHot.js';
import { logSumExp64, softmax } from './softmax.js';
import { sub } from './sub.js';

/** ∂loss/∂z = softmax(z) − t, for each row. */
function delta(z: Node, t: Node): Node {
  return sub(softmax(z), t.attributes.classes ? oneHot(t, features(z.shape)) : t);
}

/** loss[row] = log Σ_l e^{z_l} − Σ_k t_k z_k: of the logits, so stable however large they are. */
export const crossEntropyOp: Op = {
  name: 'crossEntropy',
  inputs: 2,
  attributes: {},
  diagonal: true,
  shape([z, t]) {
    const ids = t?.attributes.classes && features(t.shape) === 1;
    if (!z?.shape.batched || !t || !(ids || sameShape(z.shape, t.shape)))
      throw new ShapeError(`crossEntropy: ${z} and ${t} came, expected batches of one shape, or class ids`);
    return batch(1);
  },
  backward(node, dy) {
    const [z, t] = node.inputs as [Node, Node];
    const d = expandFeatures(dy, features(z.shape));
    return [mul(d, delta(z, t)), t.attributes.classes ? undefined : neg(mul(d, z))];
  },
  tangent(node, [dz, dt]) {
    const [z, t] = node.inputs as [Node, Node];
    const left = dz && sumFeatures(mul(dz, delta(z, t)));
    const right = dt && neg(sumFeatures(mul(dt, z)));
    return addDefined(left, right);
  },
  kernel: (loss) => [lossInstruction(Opcode.CrossEntropy, loss, targetKind(loss.inputs[1] as Node))],
};

export const crossEntropyValue: Float64Value = {
  all({ inputs: [z, t] }, [x, y]) {
    const n = features((z as Node).shape);
    const ids = (t as Node).attributes.classes;
    const share = (i: number, k: number) => (ids ? Number((y as Float64Array)[i] === k) : ((y as Float64Array)[i * n + k] as number));
    return logSumExp64(x as Float64Array, n).map((total, i) => {
      return (x as Float64Array).subarray(i * n, (i + 1) * n).reduce((loss, v, k) => loss - share(i, k) * v, total);
    });
  },
};

/** The loss of each row, `[rows, 1]`, from the logits z and the targets t. */
export function crossEntropy(z: Node, t: Node): Node {
  return apply(crossEntropyOp, [z, t]);
}
