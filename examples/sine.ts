/** sin(x) on [−π, π] by one hidden layer of 32 units, checked on a grid a hundred times finer than the training's. The argument is the seed. */
import { adam, cosine, dense, meanSquaredError, sequential } from 'neurite';
import { lossCurve } from './terminal.js';

const seed = Number(process.argv[2] ?? 1);
const grid = (n: number) => Float64Array.from({ length: n + 1 }, (_, i) => -Math.PI + (2 * Math.PI * i) / n);

const x = grid(256);
const net = sequential(1, [dense(32, 'gelu'), dense(1)], { loss: meanSquaredError(), optimizer: adam(), seed });
const epochs = 500;
await net.fit({ x, y: x.map(Math.sin) }, { epochs, batchSize: 16, learningRate: cosine(0.02, { epochs }) });

const fine = grid(25_600);
const found = net.predict(fine);
const errors = Array.from(found, (value, i) => Math.abs(value - Math.sin(fine[i] as number)));
console.log(`what the network draws\n${lossCurve(found)}`);
console.log(`\nsin(x): at most ${Math.max(...errors).toFixed(4)} off anywhere on [−π, π]`);
