/**
 * A table with gaps and categories: all of Palmer's penguins as the file has them, tested on a fifth held out, by the saved model alone. The argument is the
 * seed.
 */
import {
  accuracy,
  adam,
  balancedAccuracy,
  crossEntropy,
  dense,
  encode,
  load,
  save,
  sequential,
  type Table,
  tabular,
  trainValidationSplit,
} from 'neurite';
import { vega } from './vega.js';

interface Penguin {
  readonly Species: string;
  readonly Island: string;
  readonly 'Beak Length (mm)': number | null;
  readonly 'Beak Depth (mm)': number | null;
  readonly 'Flipper Length (mm)': number | null;
  readonly 'Body Mass (g)': number | null;
  readonly Sex: string | null;
}

const seed = Number(process.argv[2] ?? 1);
const species = ['Adelie', 'Chinstrap', 'Gentoo'];
const penguins: Penguin[] = JSON.parse(vega('penguins.json'));
const split = trainValidationSplit(
  { x: penguins, y: penguins.map((penguin) => species.indexOf(penguin.Species)) },
  { fraction: 0.2, stratify: true, seed },
);

// What stands for a gap, and which categories there are, must not come from the rows that it is judged by.
const table = tabular(split.training.x, {
  'Beak Length (mm)': { as: 'number', impute: 'mean' },
  'Beak Depth (mm)': { as: 'number', impute: 'mean' },
  'Flipper Length (mm)': { as: 'number', impute: 'median' },
  'Body Mass (g)': { as: 'number', impute: 'median' },
  Island: { as: 'oneHot', unknown: 'ignore' },
  // One penguin's sex is '.'.
  Sex: { as: 'oneHot', categories: ['FEMALE', 'MALE'], unknown: 'ignore', missing: 'ignore' },
});
const net = sequential(table.features.length, [dense(16, 'relu'), dense(3, 'softmax')], {
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  seed,
});
await net.fit({ x: encode(table, split.training.x), y: split.training.y }, { epochs: 60, batchSize: 32 });
net.metadata = { table };

// Elsewhere, with the file and nothing else.
const loaded = load(save(net));
const fitted = loaded.metadata.table as Table;
const held = split.validation.x;
const result = loaded.evaluate({ x: encode(fitted, held), y: split.validation.y }, { metrics: [accuracy, balancedAccuracy] });
const stranger = { Island: 'Texas', 'Beak Length (mm)': 47.5, 'Flipper Length (mm)': 217 };
const gaps = held.filter((penguin) => Object.values(penguin).includes(null)).length;

console.log(`features: ${fitted.features.join(', ')}`);
console.log(`a penguin of another island, half measured: ${species[loaded.classify(encode(fitted, stranger)) as number]}`);
console.log(`balanced accuracy ${(100 * result.balancedAccuracy).toFixed(1)} %`);
console.log(`held-out fifth: accuracy ${(100 * result.accuracy).toFixed(1)} % of ${held.length} penguins, ${gaps} with gaps`);
