import { binaryCrossEntropy, dense, sequential, squaredError } from 'neurite';
import { trace } from 'neurite/inspect';
import { Table } from './table.js';

const x = [1, -2, 0.5, 3];
const y = [1, 0, 1, 0];
const rows = x.length;

const regression = sequential(1, [dense(1, 'tanh')], { loss: squaredError({ scale: 0.5 }) });
regression.parameters.set([0.5, 0.25]);
const a = x.map((v) => Math.tanh(0.5 * v + 0.25));
const half = a.map((v, i) => v - (y[i] as number));

const classification = sequential(1, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy({ reduction: 'sum' }) });
classification.parameters.set([0.5, 0.25]);
const p = x.map((v) => 1 / (1 + Math.exp(-(0.5 * v + 0.25))));
const logLoss = p.map((v, i) => -((y[i] as number) * Math.log(v) + (1 - (y[i] as number)) * Math.log(1 - v)));

new Table(
  'S2.6',
  'half the squared error; log loss (notes 38, 39)',
  'L = ½ Σ (a − y)², ∂L/∂a = a − y',
  'L = −[y ln a + (1 − y) ln(1 − a)], ∂L/∂a = −(y/a − (1 − y)/(1 − a))',
)
  .compare('½ Σ (a − y)²', regression.gradient(x, y) * rows, half.reduce((sum, d) => sum + d * d, 0) / 2, 1e-6)
  .compare('  ∂L/∂a', trace(regression, x, y).layer('dense1').du.values, half, 1e-6)
  .compare(
    'log loss, summed',
    classification.gradient(x, y) * rows,
    logLoss.reduce((sum, v) => sum + v, 0),
    1e-6,
  )
  .compare(
    '  row by row',
    x.map((v, i) => classification.gradient([v], [y[i] as number])),
    logLoss,
    1e-6,
  )
  .compare(
    '  ∂L/∂a',
    trace(classification, x, y).layer('dense1').du.values,
    p.map((v, i) => -((y[i] as number) / v - (1 - (y[i] as number)) / (1 - v))),
    1e-5,
  )
  .print();
