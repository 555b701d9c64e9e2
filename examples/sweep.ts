/**
 * A sweep of learning rates in one go: the same net from the same seed, at sixteen rates from 10⁻⁴ to 10³. Those that diverge stop, and the others go on.
 * The argument is the seed.
 */
import { dense, meanSquaredError, sequential, sgd } from 'neurite';
import { population } from 'neurite/population';

const seed = Number(process.argv[2] ?? 1);
const rates = Array.from({ length: 16 }, (_, i) => 10 ** (-4 + (7 * i) / 15));
const x = Float32Array.from({ length: 256 }, (_, i) => i / 128 - 1);
const y = x.map((v) => Math.sin(3 * v));

const net = sequential(1, [dense(24, 'relu'), dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed });
const nets = population(net, rates.length, { seeds: rates.map(() => seed) });
const { stopped } = await nets.fit({ x, y }, { epochs: 60, batchSize: 16, learningRate: rates });

const { loss } = nets.evaluate({ x, y });
const stops = new Map(stopped.map(({ net, epoch, step }) => [net, `stopped in epoch ${epoch}, step ${step}`]));
rates.forEach((rate, i) => {
  console.log(`${rate.toExponential(1).padStart(8)}  ${stops.get(i) ?? `loss ${(loss[i] as number).toFixed(5)}`}`);
});
const running = rates.map((_, i) => i).filter((i) => !stops.has(i));
const best = running.reduce((a, b) => ((loss[a] as number) < (loss[b] as number) ? a : b));
console.log(`\nsweep: best at ${rates[best]?.toExponential(1)}, loss ${loss[best]?.toFixed(5)}; ${stopped.length} of ${rates.length} diverged`);
