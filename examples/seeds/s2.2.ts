import { adam, binaryCrossEntropy, dense, sequential } from 'neurite';
import { trace } from 'neurite/inspect';
import { decisionBoundary } from '../terminal.js';
import { Table } from './table.js';

const x = [0, 0, 0, 1, 1, 0, 1, 1];
const xor = [0, 1, 1, 0];

// Hidden units OR and NAND, then AND of both.
const set = sequential(2, [dense(2, 'heaviside', { name: 'OR, NAND' }), dense(1, 'heaviside', { name: 'AND' })]);
set.layer('OR, NAND').weights.set([1, 1, -1, -1]);
set.layer('OR, NAND').biases?.set([-0.5, 1.5]);
set.layer('AND').weights.set([1, 1]);
set.layer('AND').biases?.set([-1.5]);

const learnt = sequential(2, [dense(8, 'tanh'), dense(1, 'sigmoid')], {
  loss: binaryCrossEntropy(),
  optimizer: adam({ learningRate: 0.05 }),
  seed: 1,
});
await learnt.fit({ x, y: xor }, { epochs: 300, batchSize: 4 });

new Table('S2.2', 'XOR by two layers (notes 31)', 'XOR(x) = AND(OR(x), NAND(x)); at x = (0,0), (0,1), (1,0), (1,1)')
  .compare('OR, NAND', trace(set, x).layer('OR, NAND').u.values, [0, 1, 1, 1, 1, 1, 1, 0], 0)
  .compare('their AND, set by hand', set.predict(x), xor, 0)
  .compare('learnt by 8 tanh units', learnt.classify(x), xor, 0)
  .claim(
    '  its probabilities',
    learnt.predict(x),
    'on the right side of ½',
    learnt.predict(x).every((p, i) => Math.abs(p - (xor[i] as number)) < 0.1),
  )
  .print();
console.log(
  decisionBoundary((points) => learnt.classify(points), { x: [-0.5, 1.5], y: [-0.5, 1.5], points: x, labels: xor, columns: 36, rows: 12 }).concat(
    '\n',
  ),
);
