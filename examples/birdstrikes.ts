/**
 * Birds that aircraft struck: which strikes did damage, as one in ten does, from the bird's size, the phase of flight, the time of day and the speed, where it
 * is known. Without class weights a network finds few of them; with weights, as many of each kind. A fifth is held out. The argument is the seed.
 */
import { parse } from 'csv-parse/sync';
import { adam, crossEntropy, dense, dropout, recall, sequential, trainValidationSplit } from 'neurite';
import { vega } from './vega.js';

const seed = Number(process.argv[2] ?? 1);
const strikes: Record<string, string>[] = parse(vega('birdstrikes.csv'), { columns: true });

const sizes = ['Small', 'Medium', 'Large'];
const phases = ['Approach', 'Climb', 'Take-off run', 'Landing Roll', 'Descent'];
const times = ['Day', 'Night', 'Dusk', 'Dawn'];
const oneHot = (words: readonly string[], word: string | undefined) => words.map((one) => Number(one === word));

const { training, validation } = trainValidationSplit(
  {
    x: strikes.map((strike) => {
      const speed = Number(strike['Speed IAS in knots'] || Number.NaN);
      return [
        ...oneHot(sizes, strike['Wildlife Size']),
        ...oneHot(phases, strike['Phase of flight']),
        ...oneHot(times, strike['Time of day']),
        // Three in ten were not recorded: the middle of the others, and a word that it is missing.
        (Number.isNaN(speed) ? 140 : speed) / 100,
        Number(Number.isNaN(speed)),
      ];
    }),
    y: strikes.map((strike) => Number(strike['Effect Amount of damage'] !== 'None')),
  },
  { fraction: 0.2, stratify: true, seed },
);

/** Each class by the share of rows it would have if there were as many of each. */
const classWeights = [0, 1].map((c) => training.y.length / (2 * training.y.filter((y) => y === c).length));

/** The share of each class that is found, on the rows that were held out. */
async function found(weights: readonly number[]): Promise<readonly number[]> {
  const net = sequential(training.x[0]?.length as number, [dense(32, 'relu'), dropout(0.2), dense(2, 'softmax')], {
    loss: crossEntropy({ classWeights: weights }),
    optimizer: adam({ learningRate: 3e-3 }),
    seed,
  });
  await net.fit(training, { epochs: 20, batchSize: 64 });
  return net.evaluate(validation, { metrics: [recall] }).recall.perClass;
}

const balanced: number[] = [];
for (const weights of [[], classWeights]) {
  const [harmless = 0, damage = 0] = await found(weights);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `${weights.length ? `weights ${weights.map((w) => w.toFixed(2)).join(' and ')}` : 'no weights'}: finds ${percent(harmless)} of the harmless, ${percent(damage)} of those with damage`,
  );
  balanced.push((harmless + damage) / 2);
}
const [plain = 0, weighted = 0] = balanced.map((share) => 100 * share);
console.log(`\nbirdstrikes: balanced accuracy ${weighted.toFixed(1)} %, ${(weighted - plain).toFixed(1)} points above that without class weights`);
