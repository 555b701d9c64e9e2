import { binaryCrossEntropy, dense, sequential, sgd, squaredError } from 'neurite';
import { Table } from './table.js';

const x = [0, 0, 0, 1, 1, 0, 1, 1];
const truth = { AND: [0, 0, 0, 1], OR: [0, 1, 1, 1], XOR: [0, 1, 1, 0] };
const table = new Table(
  'S2.1',
  'perceptron and sigmoid neuron as networks of one unit (notes 30)',
  'y = 1[wᵀx + b ≥ 0], y = σ(wᵀx + b); at x = (0,0), (0,1), (1,0), (1,1)',
);

const perceptron = sequential(2, [dense(1, 'heaviside')], { loss: squaredError(), optimizer: sgd() });
for (const [name, b] of [
  ['AND', -1.5],
  ['OR', -0.5],
] as const) {
  perceptron.parameters.set([1, 1, b]);
  table.compare(`perceptron set to ${name}: w = (1, 1), b = ${b}`, perceptron.predict(x), truth[name], 0);
}
perceptron.gradient(x, truth.XOR);
table.compare('  its gradient', perceptron.gradients, [0, 0, 0], 0);

for (const name of ['AND', 'OR', 'XOR'] as const) {
  const neuron = sequential(2, [dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: sgd({ learningRate: 1 }), seed: 1 });
  let least = Number.POSITIVE_INFINITY;
  let best = 0;
  const data = { x, y: truth[name] };
  await neuron.fit(data, {
    epochs: 500,
    batchSize: 4,
    onEpoch: () => {
      const { loss, accuracy = 0 } = neuron.evaluate(data);
      least = Math.min(least, loss);
      best = Math.max(best, accuracy);
    },
  });
  if (name === 'XOR') {
    table.claim('sigmoid neuron on XOR: least loss', least, '≥ ln 2 = 0.6931', least >= Math.LN2 - 1e-6);
    table.claim('  best accuracy', best, '≤ 3/4', best <= 0.75);
  } else {
    table.compare(`sigmoid neuron taught ${name}`, neuron.classify(x), truth[name], 0);
  }
}
table.print();
