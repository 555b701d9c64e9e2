/**
 * Reinforcement learning with `step` in a loop of one's own: Q-learning (Watkins 1989) in a corridor of ten places, where only the right end pays.
 * The argument is the seed.
 */
import { adam, dense, meanSquaredError, sequential } from 'neurite';

const seed = Number(process.argv[2] ?? 1);
const places = 10;
const goal = places - 1;
const discount = 0.9;
/** The action that leads there; 0 leads to the left. */
const right = 1;

/** Uniform in [0, 1): a multiplicative generator of Park and Miller, so that a seed means the same run everywhere. */
let state = seed + 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

const net = sequential(places, [dense(24, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.01 }), seed });
const seen = (place: number) => Float32Array.from({ length: places }, (_, i) => Number(i === place));
const values = (place: number) => net.predict(seen(place)) as unknown as [number, number];

for (let episode = 0; episode < 200; episode++) {
  // Curious at first, sure of itself later.
  const curiosity = Math.max(0.1, 1 - episode / 100);
  let place = Math.floor(random() * goal);
  for (let move = 0; move < 50 && place !== goal; move++) {
    const targets = values(place);
    const action = random() < curiosity ? Math.floor(2 * random()) : Number(targets[1] > targets[0]);
    const next = action === right ? place + 1 : Math.max(0, place - 1);
    // What the move was worth: the pay, or what the best move from there is thought to be worth, a step later.
    targets[action] = next === goal ? 1 : discount * Math.max(...values(next));
    net.step(seen(place), targets);
    place = next;
  }
}

const learned = Array.from({ length: goal }, (_, place) => values(place));
console.log(`${learned.map(([l, r]) => (r > l ? '→' : '←')).join(' ')} $`);
console.log(`worth     ${learned.map(([, r]) => r.toFixed(2)).join('  ')}`);
console.log(`in theory ${learned.map((_, place) => (discount ** (goal - 1 - place)).toFixed(2)).join('  ')}`);
console.log(`\ncorridor: to the right from ${learned.filter(([l, r]) => r > l).length} of ${goal} places`);
