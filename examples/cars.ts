/**
 * Cars of 1970 to 1982: miles per gallon from engine, weight, year and origin, tested on a fifth held out. The scalings travel with the
 * saved model. The argument is the seed.
 */
import {
  adam,
  dense,
  inverseTransform,
  load,
  mae,
  meanSquaredError,
  r2,
  type Scaling,
  sequential,
  standardize,
  trainValidationSplit,
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
const { training, validation } = trainValidationSplit(
  { x: cars.map(features), y: cars.map((car) => [car.Miles_per_Gallon as number]) },
  { fraction: 0.2, seed },
);

const scalings = { x: standardize(training.x), y: standardize(training.y) };
const net = sequential(9, [dense(32, 'tanh'), dense(1)], {
  loss: meanSquaredError(),
  optimizer: adam({ learningRate: 0.003, weightDecay: 1e-3 }),
  seed,
});
const history = await net.fit({ x: transform(scalings.x, training.x), y: transform(scalings.y, training.y) }, { epochs: 100 });
net.metadata = { scalings };

const loaded = load(net.save());
const { x, y } = loaded.metadata.scalings as { x: Scaling; y: Scaling };
const held = { x: transform(x, validation.x), y: transform(y, validation.y) };
const result = loaded.evaluate(held, { metrics: [r2, mae] });
const predicted = inverseTransform(y, loaded.predict(held.x));

console.log(`loss\n${lossCurve(history.epochs.map(({ loss }) => loss))}\n`);
for (let i = 0; i < 5; i++) console.log(`${validation.y[i]?.[0]} miles per gallon, predicted ${predicted[i]?.[0]?.toFixed(1)}`);
console.log(`mean absolute error ${(result.mae * (y.scale[0] as number)).toFixed(2)} miles per gallon`);
console.log(`\nheld-out fifth: R² ${result.r2.toFixed(3)} on ${held.x.length} cars`);
