/**
 * A training in a worker beside a program that goes on: it predicts with the newest weights a hundred times a second, while the worker learns ripples on
 * a pond. The argument is the seed.
 */
import { adam, dense, meanSquaredError, sequential } from 'neurite';
import { inWorker } from 'neurite/worker';
import { lossCurve } from './terminal.js';

const seed = Number(process.argv[2] ?? 1);
const make = () =>
  sequential(2, [dense(48, 'gelu'), dense(48, 'gelu'), dense(1)], {
    loss: meanSquaredError(),
    optimizer: adam({ learningRate: 0.005 }),
    seed,
    reproducible: true,
  });

/** The height of the water around the middle, on a lattice of n × n points of the square [−1, 1]². */
function pond(n: number) {
  const x = Float32Array.from({ length: 2 * n * n }, (_, i) => (2 * (i % 2 === 0 ? Math.floor(i / 2 / n) : Math.floor(i / 2) % n)) / (n - 1) - 1);
  const y = Float32Array.from({ length: n * n }, (_, i) => Math.cos(6 * Math.hypot(x[2 * i] as number, x[2 * i + 1] as number)));
  return { x, y };
}

const lattice = pond(64);
const between = pond(23);
const live = make().freeze();
const out = new Float32Array(between.y.length);

/** How far the predictions of the newest weights are off. */
function error(): number {
  live.predict(between.x, out);
  return Math.sqrt(out.reduce((sum, value, i) => sum + (value - (between.y[i] as number)) ** 2, 0) / out.length);
}

const net = await inWorker(make());
const errors: number[] = [];
let last = performance.now();
let longest = 0;
const program = setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
  errors.push(error());
}, 10);
await net.fit(lattice, {
  epochs: 60,
  snapshots: true,
  onProgress: ({ parameters }) => {
    if (parameters) live.update(parameters);
  },
});
clearInterval(program);
const learned = await net.snapshot();
await net.dispose();
live.update(learned);

// Training here leaves the same bits, and blocks this thread meanwhile.
const here = make();
await here.fit(lattice, { epochs: 60 });
const bits = learned.every((value, i) => value === here.parameters[i]) ? 'the bits of the same training here' : 'other bits than here';
console.log(`error of the newest weights, a hundred times a second\n${lossCurve(errors)}`);
console.log(
  `\nworker: off by ${error().toFixed(3)} in the end, with ${bits}; looked at ${errors.length} times meanwhile, at most ${Math.round(longest)} ms apart`,
);
