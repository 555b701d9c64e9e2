/**
 * An ensemble: sixteen nets, trained at once, decide together. Each starts from a seed of its own; the mean of their outputs is right more often than they
 * are one by one, and how far they lie apart says where it is not to be trusted. The argument is the seed.
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
const nets = population(net, count);
await nets.fit(training, { epochs: 150, batchSize: 16 });

const rows = held.y.length;
const outputs = nets.predict(held.x);
const { mean, deviation } = nets.ensemble(held.x);
const share = (which: readonly number[], outputOf: (row: number) => number) =>
  (100 * which.filter((row) => Number(outputOf(row) >= 0.5) === held.y[row]).length) / which.length;
const all = Array.from(held.y.keys());
const alone = Array.from({ length: count }, (_, i) => share(all, (row) => outputs[i * rows + row] as number));
const together = (which: readonly number[]) => share(which, (row) => mean[row] as number).toFixed(1);
const unsure = all.filter((row) => (deviation[row] as number) > 0.1);
const sure = all.filter((row) => (deviation[row] as number) <= 0.1);
console.log(`one by one  ${alone.map((right) => right.toFixed(1)).join(' ')}`);
console.log(
  `\nwhere the nets agree ${together(sure)} % right, on the ${((100 * unsure.length) / rows).toFixed(1)} % of the rows where they do not ${together(unsure)} %`,
);
const average = alone.reduce((a, b) => a + b, 0) / count;
console.log(`ensemble: ${together(all)} % right, its ${count} nets ${average.toFixed(1)} % on average`);
