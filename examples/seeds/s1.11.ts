import { binaryCrossEntropy, crossEntropy, dense, type Loss, meanSquaredError, type Network, sequential, squaredError } from 'neurite';
import { inputGradient } from 'neurite/derivatives';
import { Table } from './table.js';

/** A network whose logits are its inputs. */
function logitsAsInputs(width: number, loss: Loss): Network {
  const net = sequential(width, [dense(width)], { loss });
  net.layer('dense1').weights.forEach((_, i, w) => {
    w[i] = i % (width + 1) === 0 ? 1 : 0;
  });
  return net;
}

const binary = logitsAsInputs(1, binaryCrossEntropy({ fromLogits: true }));
const classes = logitsAsInputs(3, crossEntropy({ fromLogits: true }));
const z = [1, 2, 3];
const logSumExp = Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0));
const batch = [1, 2, 3, 0, 0, 0, -1, 1, 0];

const table = new Table(
  'S1.11',
  'losses on logits, stable far out (notes 16 to 20)',
  'ln(1 + e^z) − yz  (17),  ln Σ e^{z_l} − Σ r_k z_k  (18, 19),  Σ (z_k − y_k)²  (20)',
);
for (const [logit, y, loss] of [
  [0.5, 1, Math.log(1 + Math.exp(0.5)) - 0.5],
  [1e4, 0, 1e4],
  [1e4, 1, 0],
  [-1e4, 1, 1e4],
  [-1e4, 0, 0],
] as const) {
  table.compare(`(17) at z = ${logit}, y = ${y}`, binary.gradient([logit], [y]), loss);
}
table
  .compare('(18) at z = (1, 2, 3), class 0', classes.gradient(z, 0), logSumExp - 1)
  .compare('  its one-hot row (1, 0, 0)', classes.gradient(z, [[1, 0, 0]]), logSumExp - 1)
  .compare('(18) at z = (1e4, −1e4, 0), class 0', classes.gradient([1e4, -1e4, 0], 0), 0)
  .compare('  class 1', classes.gradient([1e4, -1e4, 0], 1), 2e4)
  .compare('(20) at z = (1, 2, 3), y = (0, 0, 1)', logitsAsInputs(3, squaredError()).gradient(z, [0, 0, 1]), 9);

// The sum over the batch, as the notes write it, and the mean, the default: gradients differ by the number of rows (and outputs).
for (const [name, sum, mean, y, divisor] of [
  ['(18)', crossEntropy({ fromLogits: true, reduction: 'sum' }), crossEntropy({ fromLogits: true }), [0, 1, 2], 3],
  ['(17)', binaryCrossEntropy({ fromLogits: true, reduction: 'sum' }), binaryCrossEntropy({ fromLogits: true }), batch.map((v) => Number(v > 0)), 9],
  ['(20)', squaredError(), meanSquaredError(), batch.map((v) => v / 2), 9],
] as const) {
  const [summed, averaged] = [sum, mean].map((loss) => inputGradient(logitsAsInputs(3, loss), batch, y));
  table.compare(
    `${name} gradient of the sum / ${divisor}, and of the mean`,
    averaged,
    (summed ?? new Float32Array()).map((d) => d / divisor),
    1e-6,
  );
}
table.print();
