/**
 * Cars of 1970 to 1982: miles per gallon from engine, weight, year and origin, tested on each fifth held out in turn. The scalings travel with
 * the saved model. The argument is the seed.
 */
import {
  adam,
  dense,
  inverseTransform,
  kFold,
  load,
  mae,
  meanSquaredError,
  r2,
  type Scaling,
  save,
  sequential,
  standardize,
  transform,
} from 'neurite';
import { lossCurve } from './terminal.js';
import { vega } from './vega.js';

interface Car {
  readonly Name: string;
  readonly Miles_per_Gallon: number | null;
  readonly Cylinders: number;
  readonly Displacement: number;
  readonly Horsepower: number | null;
  readonly Weight_in_lbs: number;
  readonly Acceleration: number;
  readonly Year: string;
  readonly Origin: string;
}

const seed = Number(process.argv[2] ?? 1);
const cars = (JSON.parse(vega('cars.json')) as Car[]).filter((car) => car.Miles_per_Gallon !== null && car.Horsepower !== null);
const features = (car: Car) => [
  car.Cylinders,
  car.Displacement,
  car.Horsepower as number,
  car.Weight_in_lbs,
  car.Acceleration,
  Number(car.Year.slice(0, 4)),
  ...['USA', 'Europe', 'Japan'].map((origin) => Number(car.Origin === origin)),
];
const data = { x: cars.map(features), y: cars.map((car) => [car.Miles_per_Gallon as number]) };

// One fifth is easier than another: each is held out in its turn, so that every car is judged by a network that never saw it.
const scores: number[] = [];
const errors: number[] = [];
for (const { training, validation } of kFold(data, { folds: 5, seed })) {
  const scalings = { x: standardize(training.x), y: standardize(training.y) };
  const net = sequential(9, [dense(32, 'tanh'), dense(1)], {
    loss: meanSquaredError(),
    optimizer: adam({ learningRate: 0.003, weightDecay: 1e-3 }),
    seed,
  });
  const history = await net.fit({ x: transform(scalings.x, training.x), y: transform(scalings.y, training.y) }, { epochs: 100 });
  net.metadata = { scalings };

  // As a program would that has nothing but the file.
  const loaded = load(save(net));
  const { x, y } = loaded.metadata.scalings as { x: Scaling; y: Scaling };
  const held = { x: transform(x, validation.x), y: transform(y, validation.y) };
  const result = loaded.evaluate(held, { metrics: [r2, mae] });
  scores.push(result.r2);
  errors.push(result.mae * (y.scale[0] as number));

  if (scores.length === 1) {
    console.log(`loss\n${lossCurve(history.epochs.map(({ loss }) => loss))}\n`);
    const predicted = inverseTransform(y, loaded.predict(held.x));
    for (let i = 0; i < 5; i++) console.log(`${validation.y[i]?.[0]} miles per gallon, predicted ${predicted[i]?.[0]?.toFixed(1)}`);
  }
  net.dispose();
  loaded.dispose();
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
console.log(`\nheld-out fifths: R² ${scores.map((score) => score.toFixed(3)).join(', ')}; off by ${mean(errors).toFixed(2)} miles per gallon`);
console.log(`cars: mean R² ${mean(scores).toFixed(3)}`);
