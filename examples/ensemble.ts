/**
 * An ensemble: sixteen nets, trained at once, decide together. Each starts from a seed of its own, and the mean of their outputs is right more often than
 * they are one by one. The argument is the seed.
 */
import { adam, binaryCrossEntropy, dense, sequential } from 'neurite';
import { population } from 'neurite/population';

const seed = Number(process.argv[2] ?? 1);
const count = 16;

/** Uniform in [0, 1): a multiplicative generator of Park and Miller, so that a seed means the same run everywhere. */
let state = seed + 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

/** Two half moons that reach into each other, with noise. */
function moons(rows: number) {
  const x = new Float32Array(2 * rows);
  const y = new Float32Array(rows);
  for (let i = 0; i < rows; i++) {
    const side = i % 2;
    const angle = Math.PI * random();
    const noise = () => 0.6 * (random() + random() - 1);
    x[2 * i] = (side ? 1 - Math.cos(angle) : Math.cos(angle)) + noise();
    x[2 * i + 1] = (side ? 0.5 - Math.sin(angle) : Math.sin(angle)) + noise();
    y[i] = side;
  }
  return { x, y };
}

const training = moons(120);
const held = moons(2000);
const net = sequential(2, [dense(16, 'tanh'), dense(16, 'tanh'), dense(1, 'sigmoid')], {
  loss: binaryCrossEntropy(),
  optimizer: adam({ learningRate: 0.02 }),
  seed,
});
const ensemble = population(net, count);
await ensemble.fit(training, { epochs: 150, batchSize: 16 });

const outputs = ensemble.predict(held.x);
const rows = held.y.length;
const rightBy = (outputOf: (row: number) => number) => held.y.filter((y, row) => Number(outputOf(row) >= 0.5) === y).length / rows;
const alone = Array.from({ length: count }, (_, i) => rightBy((row) => outputs[i * rows + row] as number));
const together = rightBy((row) => alone.reduce((sum, _, i) => sum + (outputs[i * rows + row] as number), 0) / count);
const mean = alone.reduce((a, b) => a + b, 0) / count;
console.log(`one by one  ${alone.map((right) => (100 * right).toFixed(1)).join(' ')}`);
console.log(`\nensemble: ${(100 * together).toFixed(1)} % right, its ${count} nets ${(100 * mean).toFixed(1)} % on average`);
