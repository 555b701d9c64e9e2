import { Opcode } from '../../assembly/opcodes.js';
import { apply, type Float64Value, type Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { lossOnLogits } from './lossOnLogits.js';
import { sigmoid } from './sigmoid.js';
import { softplus64 } from './softplus.js';
import { sub } from './sub.js';

/** ∂loss/∂z = σ(z) − t, for each row. */
function delta(z: Node, t: Node): Node {
  return sub(sigmoid(z), t);
}

/** loss[row] = Σ_k log(1 + e^{z_k}) − t_k z_k: of the logits, so stable however large they are. */
export const binaryCrossEntropyOp = /* @__PURE__ */ lossOnLogits('binaryCrossEntropy', Opcode.BinaryCrossEntropy, delta, false);

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
