/**
 * sin(x) on [−π, π] to 1e-4 by L-BFGS, all rows at once. An odd function is x times one of x²: eight tanh units make that one. The argument is the
 * seed of the weights at the start, from which it may end in another valley, a few times as far off.
 */
import { affine, dense, input, lbfgs, meanSquaredError, mul, network, optimizerState, square } from 'neurite';

const seed = Number(process.argv[2] ?? 1);
const grid = (n: number) => Float64Array.from({ length: n + 1 }, (_, i) => -Math.PI + (2 * Math.PI * i) / n);

const x = input(1);
const scaled = affine(square(x), 4 / Math.PI ** 2, -2);
const outputs = mul(x, dense(1)(dense(8, 'tanh')(scaled)));
const net = network({ inputs: x, outputs, loss: meanSquaredError(), optimizer: lbfgs({ toleranceChange: 0 }), seed, build: 'simd' });

const fine = grid(12_800);
const worst = () => Math.max(...net.predict(fine).map((value, i) => Math.abs(value - Math.sin(fine[i] as number))));
// Iterations and evaluations so far are the first two numbers that the optimizer keeps.
const evaluations = () => optimizerState(net).powers[1] as number;

const rows = grid(64);
const onEpoch = () => worst() > 1e-4 && evaluations() < 470;
await net.fit({ x: rows, y: rows.map(Math.sin) }, { epochs: 100, onEpoch });
console.log(`sin(x): at most ${worst().toExponential(1)} off anywhere on [−π, π], after ${evaluations()} evaluations of loss and gradient`);
