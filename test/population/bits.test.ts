/** Each net of a population is the network by itself with the same seed and data, bit for bit, in the build that has the same bits everywhere. */
import { describe, expect, test } from 'vitest';
import { crossEntropy, dense, meanSquaredError, sequential, sgd } from '../../src/index.js';
import { population } from '../../src/population/index.js';

test('first light', async () => {
  const make = (seed: number) =>
    sequential(3, [dense(9, 'tanh'), dense(2, 'softmax')], { build: 'simd', seed, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }) });
  const x = Float32Array.from({ length: 3 * 11 }, (_, i) => Math.sin(i * 7.3));
  const y = Uint32Array.from({ length: 11 }, (_, i) => i % 2);
  const herd = population(make(5), 5);
  const nets = Array.from({ length: 5 }, (_, i) => make(5 + i));
  nets.forEach((net, i) => expect(herd.parameters(i)).toEqual(Float32Array.from(net.parameters)));
  const all = herd.predict(x);
  nets.forEach((net, i) => expect(all.slice(i * 22, (i + 1) * 22)).toEqual(net.predict(x)));
  for (let s = 0; s < 3; s++) {
    const losses = herd.step(x, y);
    nets.forEach((net, i) => expect(losses[i]).toBe(net.step(x, y)));
    nets.forEach((net, i) => expect(herd.parameters(i)).toEqual(Float32Array.from(net.parameters)));
  }
  const history = await herd.fit({ x, y }, { epochs: 3, batchSize: 4 });
  for (const [i, net] of nets.entries()) {
    const own = await net.fit({ x, y }, { epochs: 3, batchSize: 4 });
    expect(history.epochs.map((e) => e.loss[i])).toEqual(own.epochs.map((e) => e.loss));
    expect(history.epochs.map((e) => e.accuracy?.[i])).toEqual(own.epochs.map((e) => e.accuracy));
    expect(herd.parameters(i)).toEqual(Float32Array.from(net.parameters));
  }
});
