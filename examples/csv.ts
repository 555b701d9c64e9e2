/**
 * A table in CSV: four years of Seattle's weather. From one day and its season, the highest temperature of the next, tested on the last year.
 * The argument is the seed.
 */
import { parse } from 'csv-parse/sync';
import { adam, dense, inverseTransform, meanSquaredError, rmse, sequential, standardize, transform } from 'neurite';
import { vega } from './vega.js';

interface Day {
  readonly date: string;
  readonly precipitation: number;
  readonly temp_max: number;
  readonly temp_min: number;
  readonly wind: number;
  readonly weather: string;
}

const seed = Number(process.argv[2] ?? 1);
const days: Day[] = parse(vega('seattle-weather.csv'), {
  columns: true,
  cast: (value, { header, column }) => (header || column === 'date' || column === 'weather' ? value : Number(value)),
});

/** How far the year is, as a point on a circle: the last of December is beside the first of January. */
function season(date: string): number[] {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const angle = (2 * Math.PI * (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1))) / (365.25 * 86_400_000);
  return [Math.cos(angle), Math.sin(angle)];
}

const features = ({ date, precipitation, temp_max, temp_min, wind, weather }: Day) => [
  ...season(date),
  Math.sqrt(precipitation),
  temp_max,
  temp_min,
  wind,
  Number(weather === 'sun'),
  Number(weather === 'fog'),
];
const firstHeld = days.findIndex(({ date }) => date.startsWith('2015'));
const pairs = (from: number, to: number) => ({
  x: days.slice(from, to - 1).map(features),
  y: days.slice(from + 1, to).map(({ temp_max }) => [temp_max]),
});
const training = pairs(0, firstHeld);
const held = pairs(firstHeld, days.length);

const scaling = { x: standardize(training.x), y: standardize(training.y) };
const degrees = scaling.y.scale[0] as number;
const net = sequential(8, [dense(16, 'tanh'), dense(1)], {
  loss: meanSquaredError(),
  optimizer: adam({ learningRate: 0.003, weightDecay: 0.003 }),
  seed,
});
const scaled = (part: typeof training) => ({ x: transform(scaling.x, part.x), y: transform(scaling.y, part.y) });
await net.fit(scaled(training), { epochs: 60 });

const error = net.evaluate(scaled(held), { metrics: [rmse] }).rmse * degrees;
const asToday = Math.sqrt(
  held.y.reduce((sum, [next], i) => sum + ((next as number) - (days[firstHeld + i] as Day).temp_max) ** 2, 0) / held.y.length,
);
const last = inverseTransform(scaling.y, net.predict(transform(scaling.x, held.x.slice(-3))));
last.forEach(([t], i) => console.log(`${days.at(i - 3)?.date}: ${held.y.at(i - 3)?.[0]} °C, predicted ${t?.toFixed(1)}`));
console.log(`\n2015: ${error.toFixed(2)} °C off (RMSE), where "as today" is ${asToday.toFixed(2)} °C off`);
