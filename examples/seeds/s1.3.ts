import { dense, sequential } from 'neurite';
import { trace } from 'neurite/inspect';
import { Table } from './table.js';

const net = sequential(1, [dense(2, 'heaviside', { name: 'H' }), dense(1, 'heaviside', { name: 'O' })]);
net.layer('H').weights.set([1, 1]);
net.layer('H').biases?.set([-1, -3]);
net.layer('O').weights.set([-1, 2]);
net.layer('O').biases?.set([0.5]);
const { z, u } = trace(net, [0, 1, 2, 3, 4]).layer('H');

new Table('S1.3', 'two threshold units (notes 1, 2, 4)', 'z^H = (x − 1, x − 3), z^O = −1[x ≥ 1] + 2·1[x ≥ 3] + 0.5, ŷ = 1[z^O ≥ 0]')
  .compare('z^H at x = 0, 1, 2, 3, 4', z.values, [-1, -3, 0, -2, 1, -1, 2, 0, 3, 1], 0)
  .compare('u^H', u.values, [0, 0, 1, 0, 1, 0, 1, 1, 1, 1], 0)
  .compare('z^O on x < 1, [1, 3), ≥ 3', net.logits([0.5, 2, 3.5]), [0.5, -0.5, 1.5], 0)
  .compare('z^O at the borders 1, 3', net.logits([1, 3]), [-0.5, 1.5], 0)
  .compare('ŷ on the three', net.predict([0.5, 2, 3.5]), [1, 0, 1], 0)
  .print();
