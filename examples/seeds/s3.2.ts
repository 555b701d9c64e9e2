import { dense, meanSquaredError, sequential, sgd } from 'neurite';
import { draw, linear, randomNumbers } from './formulas.js';
import { Table } from './table.js';

const samples = 64;
const [w, b] = [[1.5, -2, 0.5], 0.25];
const x = draw(samples, 3, randomNumbers(13));
const y = linear(x, [w], [b]);

const make = (learningRate: number, seed: number) => sequential(3, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate }), seed });
const table = new Table(
  'S3.2',
  'stochastic gradient descent: a random sample, a minibatch, the whole batch (notes 43)',
  'y = Xw* + b* without noise; θ ← θ − η ∂L/∂θ',
);
for (const [name, batchSize, learningRate, epochs] of [
  ['one sample', 1, 0.1, 40],
  ['minibatch of 8', 8, 0.3, 100],
  ['all of them', samples, 0.4, 300],
] as const) {
  const net = make(learningRate, 1);
  await net.fit({ x, y }, { batchSize, epochs });
  table.compare(`${name}: w, b after ${(epochs * samples) / batchSize} steps`, net.parameters, [...w, b], 1e-4);
}

/** The parameters after one epoch sample by sample, from the same start but with an order of the seed. */
async function order(seed: number): Promise<Float32Array> {
  const net = make(0.1, seed);
  net.parameters.fill(0);
  await net.fit({ x, y }, { batchSize: 1 });
  return net.parameters.slice();
}
const [first, again, other] = [await order(1), await order(1), await order(2)];
table
  .compare('after an epoch, and again with the same seed', first, again, 0)
  .claim(
    '  with another seed',
    other,
    'another order',
    other.some((v, i) => v !== first[i]),
  )
  .print();
