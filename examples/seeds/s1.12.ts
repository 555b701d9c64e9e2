import { crossEntropy, dense, sequential, sgd } from 'neurite';
import { columnSums, draw, each, linear, product, randomNumbers, relu, rows, softmax, transpose } from './formulas.js';
import { Table } from './table.js';

const alpha = 0.5;
const x = draw(4, 2, randomNumbers(6));
const y = [0, 2, 1, 2];
const net = sequential(2, [dense(3, 'relu', { name: 'H' }), dense(3, 'softmax', { name: 'O' })], {
  loss: crossEntropy({ reduction: 'sum' }),
  optimizer: sgd({ learningRate: alpha }),
  seed: 4,
});

// By hand, with the gradients of S1.13.
const [wh, bh] = [rows(net.parameter('H.weights').values, 2), [...net.parameter('H.biases').values]];
const [wo, bo] = [rows(net.parameter('O.weights').values, 3), [...net.parameter('O.biases').values]];
const zh = linear(x, wh, bh);
const uh = each(zh, relu);
const zo = linear(uh, wo, bo);
const deltaO = zo.map((row, i) => softmax(row).map((u, j) => u - Number(y[i] === j)));
const deltaH = each(product(deltaO, wo), (d, i, j) => d * Number((zh[i]?.[j] as number) > 0));
const descend = (values: number[], gradient: number[]) => values.map((v, i) => v - alpha * (gradient[i] as number));

const loss = net.step(x, y);
new Table('S1.12', 'a step of gradient descent by hand, and the library’s (notes 21)', 'θ ← θ − α ∂L/∂θ over θ = (W^H, b^H, W^O, b^O)  (21)')
  .compare('L / N before the step', loss, zo.reduce((sum, row, i) => sum - Math.log(softmax(row)[y[i] as number] as number), 0) / x.length, 1e-6)
  .compare('W^H after it', net.parameter('H.weights').values, descend(wh.flat(), product(transpose(deltaH), x).flat()), 1e-6)
  .compare('b^H', net.parameter('H.biases').values, descend(bh, columnSums(deltaH)), 1e-6)
  .compare('W^O', net.parameter('O.weights').values, descend(wo.flat(), product(transpose(deltaO), uh).flat()), 1e-6)
  .compare('b^O', net.parameter('O.biases').values, descend(bo, columnSums(deltaO)), 1e-6)
  .print();
