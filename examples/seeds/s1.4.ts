import { dense, sequential } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { rows, transpose } from './formulas.js';
import { Table } from './table.js';

const net = sequential(1, [dense(2, 'heaviside', { name: 'H' }), dense(1, 'heaviside', { name: 'O' })]);
net.layer('H').weights.set([1, 1]);
net.layer('H').biases?.set([-2, -4]);
net.layer('O').weights.set([1, -2]);
net.layer('O').biases?.set([-0.5]);

const trace = traceOf(net, [0, 1, 3, 5, 3.5]);
const [z1, z2] = transpose(rows(trace.layer('H').z.values, 2));
const [u1, u2] = transpose(rows(trace.layer('H').u.values, 2));

new Table(
  'S1.4',
  'four points told apart, and a new one (notes 1, 2, 4)',
  'z^H = (x − 2, x − 4), z^O = u₁ − 2u₂ − 0.5, ŷ = 1[z^O ≥ 0] at x = 0, 1, 3, 5 and 3.5',
)
  .compare('z^H_1 = x − 2', z1, [-2, -1, 1, 3, 1.5], 0)
  .compare('z^H_2 = x − 4', z2, [-4, -3, -1, 1, -0.5], 0)
  .compare('u^H_1', u1, [0, 0, 1, 1, 1], 0)
  .compare('u^H_2', u2, [0, 0, 0, 1, 0], 0)
  .compare('z^O', trace.layer('O').z.values, [-0.5, -0.5, 0.5, -1.5, 0.5], 0)
  .compare('ŷ', trace.layer('O').u.values, [0, 0, 1, 0, 1], 0)
  .print();
