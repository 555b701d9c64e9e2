/**
 * Neuroevolution: sixty-four nets balance a pole on a cart (Barto, Sutton & Anderson 1983), and no gradient is computed. Those that keep it up longest
 * have children: a mixture of two, a little changed. The argument is the seed.
 */
import { dense, sequential } from 'neurite';
import { population } from 'neurite/population';

const seed = Number(process.argv[2] ?? 1);
const count = 64;
const elite = 8;
const longest = 500;
const trials = 4;

/** Uniform in [−1, 1): a multiplicative generator of Park and Miller, so that a seed means the same run everywhere. */
let state = seed + 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return (2 * state) / 2_147_483_647 - 1;
}

const pick = (n: number) => Math.floor(((random() + 1) / 2) * n);

const nets = population(sequential(4, [dense(8, 'tanh'), dense(1, 'tanh')], { seed }), count);
/** Of each net's cart: where it is, how fast, the pole's angle, and how fast that changes. */
const carts = new Float32Array(4 * count);
const actions = new Float32Array(count);

/** Moves a cart by 20 ms under a force. @returns whether the pole still stands, on the track */
function move(at: number, force: number): boolean {
  const [x, speed, angle, turning] = carts.subarray(at, at + 4) as unknown as [number, number, number, number];
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const push = (force + 0.05 * turning * turning * sin) / 1.1;
  const bend = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - (0.1 * cos * cos) / 1.1));
  carts.set([x + 0.02 * speed, speed + 0.02 * (push - (0.05 * bend * cos) / 1.1), angle + 0.02 * turning, turning + 0.02 * bend], at);
  return Math.abs(carts[at] as number) < 2.4 && Math.abs(carts[at + 2] as number) < 0.21;
}

/** The steps that each net keeps the pole up, on average over trials that begin anywhere near the middle. */
function judge(): Float64Array {
  const scores = new Float64Array(count);
  for (let trial = 0; trial < trials; trial++) {
    const start = [0.5 * random(), 0.3 * random(), 0.1 * random(), 0.3 * random()];
    for (let net = 0; net < count; net++) carts.set(start, 4 * net);
    const up = new Array<boolean>(count).fill(true);
    for (let step = 0; step < longest && up.includes(true); step++) {
      nets.predictEach(carts, actions);
      for (let net = 0; net < count; net++) {
        if (!up[net]) continue;
        up[net] = move(4 * net, 10 * (actions[net] as number));
        scores[net] = (scores[net] as number) + 1 / trials;
      }
    }
  }
  return scores;
}

let generation = 0;
let best = 0;
for (; generation < 60 && best < longest; generation++) {
  const scores = judge();
  const ranked = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  best = scores[ranked[0] as number] as number;
  if (generation % 5 === 0) console.log(`generation ${String(generation).padStart(2)}: up for ${best.toFixed(0)} of ${longest} steps`);
  if (best >= longest) break;
  for (const child of ranked.slice(elite)) {
    nets.crossover(child, ranked[pick(elite)] as number, ranked[pick(elite)] as number);
    nets.mutate({ nets: child, rate: 0.2, deviation: 0.5 });
  }
}
console.log(`\nevolution: up for ${best.toFixed(0)} of ${longest} steps in generation ${generation}`);
