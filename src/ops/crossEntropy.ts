import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { lossOnLogits } from './lossOnLogits.js';
import { oneHot } from './oneHot.js';
import { logSumExp64, softmax } from './softmax.js';
import { sub } from './sub.js';

/** ∂loss/∂z = softmax(z) − t, for each row. */
function delta(z: Node, t: Node): Node {
  return sub(softmax(z), t.attributes.classes ? oneHot(t, features(z.shape)) : t);
}

/** loss[row] = log Σ_l e^{z_l} − Σ_k t_k z_k: of the logits, so stable however large they are. */
export const crossEntropyOp = /* @__PURE__ */ lossOnLogits('crossEntropy', Opcode.CrossEntropy, delta, true);

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
