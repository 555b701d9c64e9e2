import { adam, dense, dot, exp, input, named, network, parameter, squaredError } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { columnSums, each, dot as inner, linear, product, rows, transpose } from './formulas.js';
import { Table } from './table.js';

const of = input(1);
const z = dense(2, 'identity', { name: 'z' })(of);
const u = named(exp(z), 'u');
const prediction = named(dot(u, parameter(2, { name: 'alpha' })), 'ŷ');
const net = network({ inputs: of, outputs: prediction, loss: squaredError(), optimizer: adam({ learningRate: 0.02 }), seed: 1 });
net.parameter('z.weights').values.set([1, -1]);
net.parameter('alpha').values.set([1, 1]);

const count = 41;
const x = Array.from({ length: count }, (_, i) => [i / 20 - 1]);
const y = x.map(([v]) => 0.5 * Math.exp(1.2 * (v as number)) + 1.5 * Math.exp(-2 * (v as number)));

// The gradients as derived, before any training.
const trace = traceOf(net, x, y);
const alpha = [...net.parameter('alpha').values];
const us = each(linear(x, rows(net.parameter('z.weights').values, 1), net.parameter('z.biases').values), Math.exp);
const dy = us.map((row, i) => [2 * (inner(alpha, row) - (y[i] as number))]);
const du = product(dy, [alpha]);
const dz = each(du, (d, i, j) => d * (us[i]?.[j] as number));

const table = new Table(
  'S1.14',
  'a graph of one’s own: a sum of exponentials (notes 29)',
  'z = Wx + b, u = exp(z), ŷ = αᵀu, L = Σ(y − ŷ)²',
  '∂L/∂ŷ = 2(ŷ − y), ∂L/∂α = Σᵢ ∂L/∂ŷᵢ uᵢ, ∂L/∂u = ∂L/∂ŷ α, ∂L/∂z = ∂L/∂u ⊙ e^z, ∂L/∂W = Σᵢ ∂L/∂zᵢ xᵢ',
)
  .compare('L → ŷ', trace.node('ŷ').gradient.values, dy.flat(), 1e-5)
  .compare('ŷ → α', trace.node('alpha').gradient.values, product(transpose(dy), us).flat(), 1e-4)
  .compare('ŷ → u', trace.node('u').gradient.values, du.flat(), 1e-5)
  .compare('u → z: ∂u/∂z', trace.slope('u', 'z.z').values, us.flat(), 1e-6)
  .compare('  ∂L/∂z', trace.layer('z').dz.values, dz.flat(), 1e-5)
  .compare('z → W', trace.layer('z').dw.values, product(transpose(dz), x).flat(), 1e-4)
  .compare('z → b', trace.layer('z').db?.values, columnSums(dz), 1e-4);

const epochs = 3000;
await net.fit({ x, y }, { epochs, batchSize: count, learningRate: (epoch) => 0.02 * (1 - (epoch - 1) / epochs) });
const heights = Array.from(net.parameter('z.biases').values, (b, j) => Math.exp(b) * (net.parameter('alpha').values[j] as number));
const worst = Math.max(...net.predict(x).map(([p], i) => Math.abs((p as number) - (y[i] as number))));
table
  .claim('trained on 0.5e^1.2x + 1.5e^−2x: furthest off', worst, 'fits', worst < 0.01)
  .compare('  rates W', net.parameter('z.weights').values, [1.2, -2], 0.02)
  .compare('  heights αe^b', heights, [0.5, 1.5], 0.02)
  .print();
