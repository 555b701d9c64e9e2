import { dense, type Network, sequential } from 'neurite';
import { trace } from 'neurite/inspect';
import { draw, each, linear, randomNumbers, rows, sigmoid, softmax } from './formulas.js';
import { Table } from './table.js';

const x = draw(6, 3, randomNumbers(3));
const binary = sequential(3, [dense(4, 'sigmoid', { name: 'H' }), dense(1, 'sigmoid', { name: 'O' })], { seed: 2 });
const classes = sequential(3, [dense(4, 'sigmoid', { name: 'H' }), dense(3, 'softmax', { name: 'O' })], { seed: 2 });

/** The notes' lines of code on a network's parameters. */
function notes(net: Network) {
  const [h, o] = [net.layer('H'), net.layer('O')];
  const zh = linear(x, rows(h.weights, 3), h.biases ?? []);
  const uh = each(zh, sigmoid);
  return { zh, uh, zo: linear(uh, rows(o.weights, 4), o.biases ?? []) };
}

const { zh, uh, zo } = notes(binary);
const hidden = trace(binary, x).layer('H');
new Table(
  'S1.7',
  'the steps of a batch, without loops (notes 10, 11)',
  'Zh = X·WHᵀ + bh, Uh = σ(Zh), Zo = Uh·WOᵀ + bo, Uo = σ(Zo) or e^Zo / Σ e^Zo row by row',
)
  .compare('(a) Zh', hidden.z.values, zh.flat(), 1e-6)
  .compare('    Uh', hidden.u.values, uh.flat(), 1e-6)
  .compare('(b) Zo, one output', binary.logits(x).flat(), zo.flat(), 1e-6)
  .compare('    Uo', binary.predict(x).flat(), each(zo, sigmoid).flat(), 1e-6)
  .compare('(c) Zo, K outputs', classes.logits(x).flat(), notes(classes).zo.flat(), 1e-6)
  .compare('    Uo', classes.predict(x).flat(), notes(classes).zo.flatMap(softmax), 1e-6)
  .print();
