import { adam, dense, meanSquaredError, sequential } from 'neurite';
import { Table } from './table.js';

const x = Array.from({ length: 201 }, (_, i) => (Math.PI * (i - 100)) / 100);
const y = x.map(Math.sin);
const table = new Table(
  'S2.5',
  'one hidden layer fits a continuous function the better the more units it has (notes 37)',
  'ŷ = W² tanh(W¹x + b¹) + b², sin on [−π, π]',
);

const errors: number[] = [];
for (const units of [2, 8, 32]) {
  const net = sequential(1, [dense(units, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.02 }), seed: 3 });
  const epochs = 1500;
  await net.fit({ x, y }, { epochs, batchSize: 67, learningRate: (epoch) => 0.02 * (1 - (epoch - 1) / epochs) });
  const worst = Math.max(...net.predict(x).map((p, i) => Math.abs(p - (y[i] as number))));
  table.claim(`${units} units: furthest off`, worst, errors.length === 0 ? '' : 'less', worst < (errors.at(-1) ?? 1));
  errors.push(worst);
}
table.claim('32 units', errors[2] as number, '< 0.02', (errors[2] as number) < 0.02).print();
