import { adam, binaryCrossEntropy, crossEntropy, dense, meanSquaredError, sequential } from 'neurite';
import { draw, randomNumbers } from './formulas.js';
import { Table } from './table.js';

const table = new Table(
  'S1.6',
  'architectures for three problems, each trained on data made up for it (notes 3, 5, 7)',
  'N_i and N_o follow from the problem; N_h and the hidden activation are free',
);
const next = randomNumbers(7);
const noise = randomNumbers(8, -0.5, 0.5);
const optimizer = adam({ learningRate: 0.01 });

// Letters: 26 random images of 20 × 20, with noise.
const letters = draw(26, 400, next);
const images = (copies: number) => Array.from({ length: 26 * copies }, (_, i) => (letters[i % 26] ?? []).map((pixel) => pixel + noise()));
const ids = (copies: number) => Array.from({ length: 26 * copies }, (_, i) => i % 26);
const reader = sequential(400, [dense(32, 'relu'), dense(26, 'softmax')], { loss: crossEntropy(), optimizer, seed: 1 });
await reader.fit({ x: images(8), y: ids(8) }, { epochs: 15 });
const read = reader.evaluate({ x: images(4), y: ids(4) });
table
  .compare('letters: N_i, N_o of softmax', [reader.inFeatures, reader.outFeatures], [20 * 20, 26], 0)
  .compare(
    '  probabilities of one image add up to',
    reader.predict(images(1)[0] ?? []).reduce((sum, p) => sum + p, 0),
    1,
  )
  .claim('  right on new images', read.accuracy ?? 0, 'learnt', (read.accuracy ?? 0) > 0.95);

// Voices: 120 features around one of two means.
const voices = draw(2, 120, next);
const features = (copies: number) => Array.from({ length: 2 * copies }, (_, i) => (voices[i % 2] ?? []).map((v) => v + 2 * noise()));
const sexes = (copies: number) => Array.from({ length: 2 * copies }, (_, i) => i % 2);
const listener = sequential(120, [dense(16, 'tanh'), dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer, seed: 1 });
await listener.fit({ x: features(100), y: sexes(100) }, { epochs: 15 });
const heard = listener.evaluate({ x: features(50), y: sexes(50) });
table
  .compare('speech: N_i, N_o of sigmoid', [listener.inFeatures, listener.outFeatures], [120, 1], 0)
  .claim('  right on new samples', heard.accuracy ?? 0, 'learnt', (heard.accuracy ?? 0) > 0.95);

// Prices: the next is the mean of the last five days and half the last change.
const days = draw(400, 5, next);
const prices = days.map((five) => [five.reduce((sum, p) => sum + p, 0) / 5 + ((five[4] ?? 0) - (five[3] ?? 0)) / 2]);
const broker = sequential(5, [dense(16, 'relu'), dense(1)], { loss: meanSquaredError(), optimizer, seed: 1 });
const before = broker.evaluate({ x: days, y: prices }).loss;
await broker.fit({ x: days.slice(0, 300), y: prices.slice(0, 300) }, { epochs: 40 });
const after = broker.evaluate({ x: days.slice(300), y: prices.slice(300) }).loss;
table
  .compare('stock price: N_i, N_o of identity', [broker.inFeatures, broker.outFeatures], [5, 1], 0)
  .claim('  mean squared error before and after', [before, after], 'learnt', after < before / 50)
  .print();
