import { type Activation, dense, leakyRelu, linear, sequential } from 'neurite';
import { jacobian } from 'neurite/derivatives';
import { relu, sigmoid, sigmoidSlope, softmax, threshold } from './formulas.js';
import { Table } from './table.js';

const z = [-2, -0.5, 0, 0.5, 3];
const table = new Table(
  'S2.4',
  'activations and their derivatives (notes 34 to 36)',
  'g(z), g′(z) at z = −2, −0.5, 0, 0.5, 3; at 0 ReLU′ = 0, leaky′ = α, step′ = 0, as the field has it',
);

/** g and g′ of a unit whose z is its input. */
function unit(activation: Activation) {
  const net = sequential(1, [dense(1, activation)]);
  net.parameters.set([1, 0]);
  return { values: net.predict(z), slopes: jacobian(net, z) };
}

const leaky = (alpha: number) => ({ g: (v: number) => (v > 0 ? v : alpha * v), slope: (v: number) => (v > 0 ? 1 : alpha) });
const rules: [string, Activation, (v: number) => number, (v: number) => number][] = [
  ['identity', 'identity', (v) => v, () => 1],
  ['threshold', 'heaviside', threshold, () => 0],
  ['linear 2z − 1', linear(2, -1), (v) => 2 * v - 1, () => 2],
  ['sigmoid', 'sigmoid', sigmoid, sigmoidSlope],
  ['tanh', 'tanh', (v) => 2 * sigmoid(2 * v) - 1, (v) => 1 - Math.tanh(v) ** 2],
  ['ReLU', 'relu', relu, (v) => Number(v > 0)],
  ['leaky ReLU, α = 0.01', 'leakyRelu', leaky(0.01).g, leaky(0.01).slope],
  ['leaky ReLU, α = 0.2', (v) => leakyRelu(v, 0.2), leaky(0.2).g, leaky(0.2).slope],
];
for (const [name, activation, g, slope] of rules) {
  const { values, slopes } = unit(activation);
  table.compare(name, values, z.map(g), 1e-6).compare('  g′', slopes, z.map(slope), 1e-6);
}

const sigma = unit('sigmoid').values;
const tanh = unit('tanh').values;
const three = sequential(3, [dense(3, 'softmax')]);
three.parameters.set([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
const logits = [1, 2, 0.5];
const u = softmax(logits);
const wide = sequential(1, [dense(1, 'sigmoid')]);
wide.parameters.set([2, 0]);
table
  .compare(
    'σ(1 − σ), and σ′',
    unit('sigmoid').slopes,
    sigma.map((s) => s * (1 - s)),
    1e-6,
  )
  .compare(
    '1 − tanh², and tanh′',
    unit('tanh').slopes,
    tanh.map((t) => 1 - t * t),
    1e-6,
  )
  .compare(
    '2σ(2z) − 1, and tanh',
    tanh,
    wide.predict(z).map((s) => 2 * s - 1),
    1e-6,
  )
  .compare('softmax of (1, 2, 0.5)', three.predict(logits), u, 1e-6)
  .compare(
    '  its Jacobian u_i(1[i = j] − u_j)',
    jacobian(three, logits),
    u.flatMap((a, i) => u.map((b, j) => a * (Number(i === j) - b))),
    1e-6,
  )
  .print();
