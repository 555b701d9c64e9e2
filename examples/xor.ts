/** The exclusive or, the smallest problem that needs a hidden layer, from 20 different beginnings. */
import { adam, binaryCrossEntropy, dense, sequential } from 'neurite';
import { decisionBoundary } from './terminal.js';

const x = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const y = [0, 1, 1, 0];
const seeds = 20;

let solved = 0;
for (let seed = 1; seed <= seeds; seed++) {
  const net = sequential(2, [dense(8, 'tanh'), dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed });
  await net.fit({ x, y }, { epochs: 200, batchSize: 4 });
  if (net.classify(x).every((value, i) => value === y[i])) solved++;
  if (seed === seeds)
    console.log(decisionBoundary((points) => net.classify(points), { x: [-0.5, 1.5], y: [-0.5, 1.5], points: x.flat(), labels: y }));
  net.dispose();
}
console.log(`\nXOR: right on all four rows for ${solved} of ${seeds} seeds`);
