import { dense, sequential, squaredError } from 'neurite';
import { parameterJacobian } from 'neurite/derivatives';
import { trace as traceOf } from 'neurite/inspect';
import { linear, rows, sigmoid, sigmoidSlope } from './formulas.js';
import { Table } from './table.js';

const x = [0.5, -1, 2];
const y = 0.75;
const net = sequential(3, [dense(4, 'sigmoid', { name: 'hidden' }), dense(1, 'identity', { name: 'output' })], {
  loss: squaredError({ scale: 0.5 }),
  seed: 14,
});
const B = rows(net.layer('hidden').weights, 3);
const gamma = [...net.layer('output').weights];
const [z] = linear([x], B, net.layer('hidden').biases ?? []) as [number[]];
const a = z.map(sigmoid);
const w = a.reduce((sum, v, k) => sum + v * (gamma[k] as number), net.layer('output').biases?.[0] ?? 0);
const delta = z.map((v, k) => (w - y) * (gamma[k] as number) * sigmoidSlope(v));

const trace = traceOf(net, x, [y]);
const [hidden, output] = [trace.layer('hidden'), trace.layer('output')];
const units = sequential(3, [dense(4)], { seed: 14 });
const toB = parameterJacobian(units, x);
const end = sequential(4, [dense(1)]);

new Table(
  'S4.1',
  'one hidden layer, linear output, in eight steps (notes 45); our B is the transpose of theirs',
  'z_k = α_k + Σ B_jk x_j, a = σ(z), w = c + Σ γ_k a_k, L = ½(w − y)²',
)
  .compare('z', hidden.z.values, z, 1e-6)
  .compare('w', output.u.values, w, 1e-6)
  .compare('L', trace.loss, (w - y) ** 2 / 2, 1e-6)
  .compare('1: ∂z_k/∂B_jk = x_j, at k = 1', toB.subarray(0, 3), x, 0)
  .compare(
    '2: ∂z_k/∂α_k = 1',
    [0, 1, 2, 3].map((k) => toB[16 * k + 12 + k] as number),
    [1, 1, 1, 1],
    0,
  )
  .compare('3: ∂a_k/∂z_k = σ′(z_k)', trace.slope('hidden', 'hidden.z').values, z.map(sigmoidSlope), 1e-6)
  .compare('4: ∂w/∂γ_k = a_k', parameterJacobian(end, hidden.u.values).subarray(0, 4), a, 1e-6)
  .compare('5: ∂w/∂c = 1', parameterJacobian(end, hidden.u.values)[4], 1, 0)
  .compare('6: ∂L/∂w = w − y', output.du.values, w - y, 1e-6)
  .compare('7: ∂L/∂c = w − y', output.db?.values, w - y, 1e-6)
  .compare(
    '   ∂L/∂γ_k = (w − y)a_k',
    output.dw.values,
    a.map((v) => (w - y) * v),
    1e-6,
  )
  .compare(
    '8: ∂L/∂B_jk = (w − y)γ_kσ′(z_k)x_j',
    hidden.dw.values,
    delta.flatMap((d) => x.map((v) => d * v)),
    1e-6,
  )
  .compare('   ∂L/∂α_k = (w − y)γ_kσ′(z_k)', hidden.db?.values, delta, 1e-6)
  .print();
