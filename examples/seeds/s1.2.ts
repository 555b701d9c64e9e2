import { dense, sequential } from 'neurite';
import { Table } from './table.js';

// The logits are the inputs themselves.
const binary = sequential(1, [dense(1, 'sigmoid')]);
binary.parameters.set([1, 0]);
const classes = sequential(3, [dense(3, 'softmax')]);
classes.parameters.set([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);

new Table('S1.2', 'hard decisions are made on the logits (notes 4, 6)', 'ŷ = 1[z ≥ 0]  (4),  ŷ = argmax_k z_k  (6), classes from 0')
  .compare('ŷ at z = −2, −0.1, 0, 0.1, 2', binary.classify([-2, -0.1, 0, 0.1, 2]), [0, 0, 1, 1, 1])
  .compare('ŷ at z = −1e-9, where σ(z) rounds to 0.5', binary.classify([-1e-9]), 0)
  .compare('  σ(z) there', binary.predict([-1e-9]), 0.5)
  .compare('argmax of (1, 3, 2)', classes.classify([1, 3, 2]), 1)
  .compare('argmax of (2, 5, 5): the first on ties', classes.classify([2, 5, 5]), 1)
  .compare('argmax of (0, 0, 1e-9), whose softmax rounds to thirds', classes.classify([0, 0, 1e-9]), 2)
  .print();
