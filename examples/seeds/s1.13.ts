import { crossEntropy, dense, sequential } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { columnSums, draw, each, linear, product, randomNumbers, relu, rows, softmax, transpose } from './formulas.js';
import { Table } from './table.js';

const x = draw(5, 3, randomNumbers(9));
const y = [0, 1, 2, 1, 0];
const net = sequential(3, [dense(4, 'relu', { name: 'H' }), dense(3, 'softmax', { name: 'O' })], {
  loss: crossEntropy({ reduction: 'sum' }),
  seed: 6,
});
const [h, o] = [net.layer('H'), net.layer('O')];

const zh = linear(x, rows(h.weights, 3), h.biases ?? []);
const uh = each(zh, relu);
const wo = rows(o.weights, 4);
const zo = linear(uh, wo, o.biases ?? []);
const deltaO = zo.map((row, i) => softmax(row).map((u, j) => u - Number(y[i] === j)));
const duh = product(deltaO, wo);
const slope = each(zh, (z) => Number(z > 0));
const deltaH = each(duh, (d, i, j) => d * (slope[i]?.[j] as number));

const trace = traceOf(net, x, y);
const [hidden, output] = [trace.layer('H'), trace.layer('O')];
new Table(
  'S1.13',
  'back propagation through the computation graph, step by step (notes 27, 28)',
  'δ^O = softmax(z^O) − onehot(y), ∂L/∂W^O_jk = Σᵢ δ^O_ij u_ik, ∂L/∂u = δ^O W^O, δ^H = ∂L/∂u ⊙ 1[z^H > 0]',
)
  .compare('z^H', hidden.z.values, zh.flat(), 1e-6)
  .compare('u^H', hidden.u.values, uh.flat(), 1e-6)
  .compare('z^O', output.z.values, zo.flat(), 1e-6)
  .compare('L → z^O: δ^O', output.dz.values, deltaO.flat(), 1e-6)
  .compare('z^O → W^O', output.dw.values, product(transpose(deltaO), uh).flat(), 1e-6)
  .compare('z^O → b^O', output.db?.values, columnSums(deltaO), 1e-6)
  .compare('z^O → u^H', hidden.du.values, duh.flat(), 1e-6)
  .compare('u^H → z^H: ∂u/∂z', trace.slope('H', 'H.z').values, slope.flat(), 0)
  .compare('  δ^H', hidden.dz.values, deltaH.flat(), 1e-6)
  .compare('z^H → W^H', hidden.dw.values, product(transpose(deltaH), x).flat(), 1e-6)
  .compare('z^H → b^H', hidden.db?.values, columnSums(deltaH), 1e-6)
  .print();
