/**
 * Online learning with `step` in a loop of one's own: each measurement is predicted, then learned from, then forgotten. Halfway through, what is
 * measured changes, and the network follows. The argument is the seed.
 */
import { dense, meanSquaredError, sequential, sgd } from 'neurite';
import { lossCurve } from './terminal.js';

const seed = Number(process.argv[2] ?? 1);
const net = sequential(2, [dense(16, 'gelu'), dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), seed });

const measurements = 10_000;
const change = measurements / 2;
const x = new Float32Array(2);
const target = new Float32Array(1);
const errors: number[] = [];
for (let i = 0; i < measurements; i++) {
  // Two angles whose ratio is irrational, so that the pairs never repeat.
  x[0] = Math.sin(i * 1.1 + seed);
  x[1] = Math.sin(i * Math.SQRT2);
  target[0] = (i < change ? x[0] * x[1] : x[0] - x[1]) / 2;
  // The loss that `step` returns is that of the prediction before it learned. Small steps while the world is quiet, larger ones after a surprise.
  const recent = errors.slice(-20).reduce((sum, error) => sum + error, 0) / 20;
  errors.push(net.step(x, target, { learningRate: recent > 0.01 ? 0.02 : 0.005 }));
}

const rms = (from: number, to: number) => Math.sqrt(errors.slice(from, to).reduce((sum, error) => sum + error, 0) / (to - from));
console.log(`error, measurement by measurement\n${lossCurve(errors.map(Math.sqrt))}`);
console.log(
  `\nonline: off by ${rms(change - 500, change).toFixed(3)} before the change, ${rms(change, change + 100).toFixed(3)} after it, ${rms(measurements - 500, measurements).toFixed(3)} in the end`,
);
