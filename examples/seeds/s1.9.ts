import { binaryCrossEntropy, dense, sequential } from 'neurite';
import { parameterJacobian } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { draw, product, randomNumbers, sigmoid, transpose } from './formulas.js';
import { Table } from './table.js';

const [samples, p] = [6, 3];
const x = draw(samples, p, randomNumbers(4));
const y = [1, 0, 0, 1, 1, 0];
const net = sequential(p, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy({ reduction: 'sum' }), seed: 5 });
const { weights: w, biases: b } = net.layer('dense1');

const z = x.map((row) => row.reduce((sum, v, j) => sum + v * (w[j] as number), b?.[0] as number));
const dz = z.map((v, i) => sigmoid(v) - (y[i] as number));
const trace = traceOf(net, x, y);
const layer = trace.layer('dense1');
const linear = sequential(p, [dense(1)]);

new Table(
  'S1.9',
  'logistic loss (notes 24)',
  'J = Σ ln(1 + e^z) − yz, z = Xw + b:  ∂J/∂z = σ(z) − y, ∂J/∂w = Σᵢ (σ(zᵢ) − yᵢ)xᵢ, ∂J/∂b = Σᵢ σ(zᵢ) − yᵢ',
)
  .compare(
    'J',
    trace.loss * samples,
    z.reduce((sum, v, i) => sum + Math.log(1 + Math.exp(v)) - (y[i] as number) * v, 0),
    1e-6,
  )
  .compare('∂J/∂z', layer.dz.values, dz, 1e-6)
  .compare('∂z/∂w, ∂z/∂b of the first sample', parameterJacobian(linear, x[0] as number[]), [...(x[0] as number[]), 1], 1e-6)
  .compare('∂J/∂w', layer.dw.values, product([dz], x).flat(), 1e-6)
  .compare('∂J/∂b', layer.db?.values, product([dz], transpose([dz.map(() => 1)])).flat(), 1e-6)
  .print();
