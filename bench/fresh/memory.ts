/** Workload M: T2 from reading its data to its accuracy, in a process of its own. Prints the most memory it was in, in MB. */
import { adam, crossEntropy, dataset, dense, sequential } from 'neurite';
import { images } from '../mnist.js';
import { peakMemory } from './peak.js';

const set = (name: 'train' | 't10k', rows: number) => {
  const { bytes, labels } = images(name, rows);
  return dataset({ x: bytes, y: labels, scale: 1 / 255 });
};
const net = sequential(784, [dense(128, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.001 }), seed: 1 });
await net.fit(set('train', 8000), { epochs: 2, batchSize: 128 });
net.evaluate(set('t10k', 2000));
console.log(peakMemory());
