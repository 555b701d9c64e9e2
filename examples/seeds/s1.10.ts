import { dense, input, network, sequential, sigmoid as sigmoidOf, squaredError } from 'neurite';
import { inputGradient, jacobian, parameterJacobian } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { linear, product, rows, sigmoidSlope } from './formulas.js';
import { Table } from './table.js';

const x = [0.5, -1, 2];
const y = [1, -0.5];
const unit = sequential(3, [dense(2, 'sigmoid')], { seed: 3 });
const [z] = linear([x], rows(unit.layer('dense1').weights, 3), [0, 0]) as [number[]];
const slopes = z.map(sigmoidSlope);
const [f1, f2] = slopes as [number, number];
const w = rows(unit.layer('dense1').weights, 3);

const of = input(2, 'z');
const activation = network({ inputs: of, outputs: sigmoidOf(of) });
const du = parameterJacobian(unit, x);

const fit = sequential(3, [dense(2)], { loss: squaredError(), seed: 3 });
const trace = traceOf(fit, x, y);
const layer = trace.layer('dense1');
const dz = z.map((v, j) => 2 * (v - (y[j] as number)));

new Table(
  'S1.10',
  'a sigmoid layer, and a squared error (notes 25, 26)',
  'u = σ(z), z = Wx + b:  ∂u/∂z = diag(f′(z)), ∂u_i/∂W_ij = f′(z_i)x_j, ∂u_i/∂x_j = f′(z_i)W_ij',
  'L = ‖y − z‖²:  ∂L/∂z = 2(z − y), ∂L/∂W_ij = 2(z_i − y_i)x_j, ∂L/∂x_j = Σᵢ 2(z_i − y_i)W_ij',
)
  .compare('∂u/∂z', jacobian(activation, z), [f1, 0, 0, f2], 1e-6)
  .compare('f′(z), of the trace', traceOf(unit, x).slope('dense1', 'dense1.z').values, slopes, 1e-6)
  .compare('∂u₁/∂W', du.subarray(0, 6), [...x.map((v) => f1 * v), 0, 0, 0], 1e-6)
  .compare('∂u₂/∂W', du.subarray(8, 14), [0, 0, 0, ...x.map((v) => f2 * v)], 1e-6)
  .compare('∂u/∂b', [...du.subarray(6, 8), ...du.subarray(14)], [f1, 0, 0, f2], 1e-6)
  .compare(
    '∂u/∂x',
    jacobian(unit, x),
    w.flatMap((row, i) => row.map((v) => (slopes[i] as number) * v)),
    1e-6,
  )
  .compare(
    'L',
    trace.loss,
    z.reduce((sum, v, j) => sum + (v - (y[j] as number)) ** 2, 0),
    1e-5,
  )
  .compare('∂L/∂z', layer.dz.values, dz, 1e-5)
  .compare(
    '∂L/∂W',
    layer.dw.values,
    dz.flatMap((d) => x.map((v) => d * v)),
    1e-5,
  )
  .compare('∂L/∂b', layer.db?.values, dz, 1e-5)
  .compare('∂L/∂x', inputGradient(fit, x, y), product([dz], w).flat(), 1e-5)
  .print();
