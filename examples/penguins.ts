/** Palmer's penguins: the species from four measures, island and sex, tested on a fifth held out. The argument is the seed. */
import { accuracy, adam, crossEntropy, dense, f1, sequential, standardize, trainValidationSplit, transform } from 'neurite';
import { confusionMatrix } from './terminal.js';
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
const islands = ['Biscoe', 'Dream', 'Torgersen'];

// Two penguins were not measured.
const penguins = (JSON.parse(vega('penguins.json')) as Penguin[]).filter((penguin) => penguin['Body Mass (g)'] !== null);
const { training, validation } = trainValidationSplit(
  {
    x: penguins.map((penguin) => [
      penguin['Beak Length (mm)'] as number,
      penguin['Beak Depth (mm)'] as number,
      penguin['Flipper Length (mm)'] as number,
      penguin['Body Mass (g)'] as number,
      ...islands.map((island) => Number(penguin.Island === island)),
      ...['MALE', 'FEMALE'].map((sex) => Number(penguin.Sex === sex)),
    ]),
    y: penguins.map((penguin) => species.indexOf(penguin.Species)),
  },
  { fraction: 0.2, stratify: true, seed },
);

const scaling = standardize(training.x);
const x = transform(scaling, validation.x);
const net = sequential(training.x[0]?.length as number, [dense(16, 'relu'), dense(3, 'softmax')], {
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  seed,
});
await net.fit({ x: transform(scaling, training.x), y: training.y }, { epochs: 60, batchSize: 32 });
const result = net.evaluate({ x, y: validation.y }, { metrics: [accuracy, f1] });

console.log(confusionMatrix(validation.y, net.classify(x), species));
console.log(`\nF1 ${species.map((name, k) => `${name} ${result.f1.perClass[k]?.toFixed(3)}`).join(', ')}; mean ${result.f1.macro.toFixed(3)}`);
console.log(`held-out fifth: accuracy ${(100 * result.accuracy).toFixed(1)} % of ${x.length} penguins`);
