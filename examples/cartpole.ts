/**
 * A pole on a cart, held upright by a deep Q-network (Mnih et al. 2015): of each row of a batch the loss is of the action that was taken alone, which
 * weights say; targets come from a second network that follows the first slowly (`copyParametersFrom`). The physics are those of Barto, Sutton & Anderson
 * 1983, as CartPole-v1 has them. It is solved when the network, choosing what it holds to be best, keeps 100 poles up for 475 steps of 500 on average. The
 * argument is the seed.
 */
import { adam, dense, huber, sequential } from 'neurite';

const seed = Number(process.argv[2] ?? 1);
const most = 500;
const maxEpisodes = 1000;
const discount = 0.99;
const batch = 64;
const capacity = 50_000;

/** Uniform in [0, 1): Park and Miller's generator, so that a seed means the same run everywhere. */
let state = (seed * 7919 + 1) % 2_147_483_647;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

/** Place, speed, angle and its speed. */
type Cart = [number, number, number, number];

/** A fiftieth of a second later, with a push of 10 newtons to the left or right. */
function pushed([x, v, angle, spin]: Cart, action: number): Cart {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const force = ((action === 1 ? 10 : -10) + 0.05 * spin * spin * sin) / 1.1;
  const turning = (9.8 * sin - cos * force) / (0.5 * (4 / 3 - (0.1 * cos * cos) / 1.1));
  const moving = force - (0.05 * turning * cos) / 1.1;
  return [x + 0.02 * v, v + 0.02 * moving, angle + 0.02 * spin, spin + 0.02 * turning];
}

const fallen = ([x, , angle]: Cart) => Math.abs(x) > 2.4 || Math.abs(angle) > (12 * Math.PI) / 180;

const make = () =>
  sequential(4, [dense(128, 'relu'), dense(128, 'relu'), dense(2)], { loss: huber(), optimizer: adam({ learningRate: 5e-4, clipNorm: 10 }), seed });
const net = make();
const slow = make();

// What was seen, in the place of the oldest: states, actions, the states that came of them, and whether the pole had fallen.
const before = new Float32Array(capacity * 4);
const after = new Float32Array(capacity * 4);
const actions = new Uint8Array(capacity);
const over = new Uint8Array(capacity);
let seen = 0;

const x = new Float32Array(batch * 4);
const next = new Float32Array(batch * 4);
const y = new Float32Array(batch * 2);
const weight = new Float32Array(batch * 2);
const worth = new Float32Array(batch * 2);
const chosen = new Float32Array(batch * 2);

function learn(): void {
  const rows = Uint32Array.from({ length: batch }, () => Math.floor(random() * Math.min(seen, capacity)));
  rows.forEach((row, i) => {
    x.set(before.subarray(4 * row, 4 * row + 4), 4 * i);
    next.set(after.subarray(4 * row, 4 * row + 4), 4 * i);
  });
  // The network chooses the next action, the slow one says what it is worth (van Hasselt et al. 2016).
  slow.predict(next, worth);
  net.predict(next, chosen);
  y.fill(0);
  weight.fill(0);
  rows.forEach((row, i) => {
    const best = (chosen[2 * i + 1] as number) > (chosen[2 * i] as number) ? 1 : 0;
    const at = 2 * i + (actions[row] as number);
    y[at] = 1 + (over[row] ? 0 : discount * (worth[2 * i + best] as number));
    weight[at] = 1;
  });
  net.step(x, y, { weight });
  slow.copyParametersFrom(net, { tau: 0.005 });
}

/** One episode; `curiosity` is the share of actions that are drawn, and `then` what is done behind each step. */
function episode(curiosity: () => number, then?: (cart: Cart, action: number, next: Cart, done: boolean) => void): number {
  let cart = Array.from({ length: 4 }, () => 0.1 * random() - 0.05) as Cart;
  for (let length = 1; ; length++) {
    net.predict(Float32Array.from(cart), values);
    const action = random() < curiosity() ? Math.floor(2 * random()) : Number((values[1] as number) > (values[0] as number));
    const next = pushed(cart, action);
    const done = fallen(next);
    then?.(cart, action, next, done);
    if (done || length === most) return length;
    cart = next;
  }
}

const values = new Float32Array(2);
const average = (list: readonly number[]) => list.reduce((sum, n) => sum + n, 0) / list.length;
const lengths: number[] = [];
let test = 0;
while (lengths.length < maxEpisodes && test < 475) {
  const length = episode(
    () => Math.max(0.02, 1 - seen / 4000),
    (cart, action, next, done) => {
      const row = seen++ % capacity;
      before.set(cart, 4 * row);
      after.set(next, 4 * row);
      actions[row] = action;
      over[row] = Number(done);
      if (seen >= 500) learn();
    },
  );
  lengths.push(length);
  // A pole that stayed up is reason for a test.
  if (length === most) test = average(Array.from({ length: 100 }, () => episode(() => 0)));
  if (lengths.length % 50 === 0)
    console.log(`episode ${lengths.length}: the last 50 lasted ${average(lengths.slice(-50)).toFixed(0)} steps on average`);
}
console.log(
  `\ncartpole: ${test >= 475 ? 'solved' : 'not solved'} after ${lengths.length} episodes, ${test.toFixed(1)} steps on average in the last test`,
);
