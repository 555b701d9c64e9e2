import { expect, test } from 'vitest';
import { binaryCrossEntropy, crossEntropy, adam, dense, sequential, sgd } from '../../src/index.js';

test('xor', async () => {
  const net = sequential(2, [dense(8, 'tanh'), dense(1, 'sigmoid')], { loss: binaryCrossEntropy(), optimizer: adam({ learningRate: 0.05 }), seed: 3 });
  console.log(net.summary());
  console.log(net.explain());
  const x = [[0, 0], [0, 1], [1, 0], [1, 1]], y = [0, 1, 1, 0];
  for (let i = 0; i < 500; i++) net.step(x, y);
  console.log(net.predict(x), net.parameters);
  const h = await net.fit({ x, y }, { epochs: 3, batchSize: 2 });
  console.log(h.epochs[2]);
  expect([...(net.classify(x) as Uint32Array)]).toEqual(y);
  const plain = sequential(4, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: sgd({ learningRate: 0.05 }), seed: 3 });
  console.log(plain.explain('step'));
  console.log(plain.explain('gradient'));
  console.log(plain.explain('predict'));
});
