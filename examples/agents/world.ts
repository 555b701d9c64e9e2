/**
 * Agents that look for food and keep away from thorns. Each has a network of its own, whose parameters are its genes: an agent that dies is born
 * again with the genes of one that lives well, a little changed. Nobody tells them what is right, and no gradient is computed.
 */
import { copyParameters, dense, type Predictor, sequential } from 'neurite';

/** What an agent sees: the nearest food and the nearest thorn, each as ahead, aside and near; how fast it is, and how well fed. */
const SENSES = 8;
/** Left, right, faster, slower. */
const ACTIONS = 4;

/** The world is a torus, in these units. */
export const WIDTH = 1600;
export const HEIGHT = 1000;

const SIGHT = 220;
const REACH = 9;
const LARGEST_TURN = 4.5;
const LARGEST_SPEED = 150;
const OLDEST = 60;
/** Of the parameters of a child, how many are changed, and by how much. */
const MUTATED = 0.15;
const MUTATION = 0.35;

export interface WorldOptions {
  readonly agents?: number;
  readonly food?: number;
  readonly thorns?: number;
  /** Of everything that is drawn by lot. Default 1. */
  readonly seed?: number;
}

/** A generator of numbers from 0 to 1: the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The way from a to b on a circle of a length: the shorter one. */
function way(a: number, b: number, length: number): number {
  const d = b - a;
  return d > length / 2 ? d - length : d < -length / 2 ? d + length : d;
}

/** Everything that moves, in typed arrays: a frame allocates nothing. */
export class World {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly heading: Float64Array;
  readonly speed: Float64Array;
  /** How well fed each agent is, from 0 to 1: at 0 it dies. */
  readonly energy: Float64Array;
  readonly foodX: Float64Array;
  readonly foodY: Float64Array;
  readonly thornX: Float64Array;
  readonly thornY: Float64Array;
  /** Seconds since the beginning. */
  time = 0;
  /** How many agents were born since, and how much they ate and touched in all. */
  births = 0;
  eaten = 0;
  hurt = 0;
  readonly #age: Float64Array;
  /** How much each agent found in its life, thorns taken off. */
  readonly #found: Float64Array;
  readonly #genes: Float32Array[];
  readonly #minds: Predictor[];
  readonly #senses = new Float32Array(SENSES);
  readonly #actions = new Float32Array(ACTIONS);
  readonly #random: () => number;
  /** What the agent that looked last saw nearest. */
  #nearFood = -1;
  #nearThorn = -1;

  constructor({ agents = 300, food = 160, thorns = 60, seed = 1 }: WorldOptions = {}) {
    const random = generator(seed);
    this.#random = random;
    const places = (n: number, length: number) => Float64Array.from({ length: n }, () => random() * length);
    this.x = places(agents, WIDTH);
    this.y = places(agents, HEIGHT);
    this.heading = places(agents, 2 * Math.PI);
    this.speed = new Float64Array(agents).fill(LARGEST_SPEED / 2);
    // Not all at once, so that not all die at once.
    this.energy = Float64Array.from({ length: agents }, () => 0.3 + 0.7 * random());
    this.#age = places(agents, OLDEST / 2);
    this.#found = new Float64Array(agents);
    this.foodX = places(food, WIDTH);
    this.foodY = places(food, HEIGHT);
    this.thornX = places(thorns, WIDTH);
    this.thornY = places(thorns, HEIGHT);
    this.#genes = [];
    this.#minds = [];
    for (let i = 0; i < agents; i++) {
      const net = sequential(SENSES, [dense(16, 'tanh'), dense(ACTIONS, 'sigmoid')], { seed: Math.floor(random() * 2 ** 32) });
      this.#genes.push(copyParameters(net));
      this.#minds.push(net.freeze());
      net.dispose();
    }
  }

  get agents(): number {
    return this.x.length;
  }

  /** Gives the memory of all networks back. */
  dispose(): void {
    for (const mind of this.#minds) mind.dispose();
  }

  /** Lets `seconds` pass. */
  step(seconds: number): void {
    this.time += seconds;
    for (let i = 0; i < this.agents; i++) {
      this.#look(i);
      (this.#minds[i] as Predictor).predict(this.#senses, this.#actions);
      this.#move(i, seconds);
      this.#meet(i);
      this.#age[i] = (this.#age[i] as number) + seconds;
      if ((this.energy[i] as number) <= 0 || (this.#age[i] as number) > OLDEST) this.#bear(i);
    }
  }

  /** Writes where the nearest of some things is into three senses from `at` on. @returns its index, −1 where none is in sight */
  #sense(i: number, xs: Float64Array, ys: Float64Array, at: number): number {
    const x = this.x[i] as number;
    const y = this.y[i] as number;
    let least = SIGHT * SIGHT;
    let dx = 0;
    let dy = 0;
    let nearest = -1;
    for (let j = 0; j < xs.length; j++) {
      const ax = way(x, xs[j] as number, WIDTH);
      if (ax * ax >= least) continue;
      const ay = way(y, ys[j] as number, HEIGHT);
      const squared = ax * ax + ay * ay;
      if (squared >= least) continue;
      least = squared;
      dx = ax;
      dy = ay;
      nearest = j;
    }
    const distance = Math.sqrt(least) + 1e-9;
    const cos = Math.cos(this.heading[i] as number);
    const sin = Math.sin(this.heading[i] as number);
    this.#senses[at] = (cos * dx + sin * dy) / distance;
    this.#senses[at + 1] = (cos * dy - sin * dx) / distance;
    this.#senses[at + 2] = nearest < 0 ? 0 : 1 - distance / SIGHT;
    return nearest;
  }

  #look(i: number): void {
    this.#nearFood = this.#sense(i, this.foodX, this.foodY, 0);
    this.#nearThorn = this.#sense(i, this.thornX, this.thornY, 3);
    this.#senses[6] = (this.speed[i] as number) / LARGEST_SPEED;
    this.#senses[7] = this.energy[i] as number;
  }

  #move(i: number, seconds: number): void {
    const actions = this.#actions;
    const turn = ((actions[0] as number) - (actions[1] as number)) * LARGEST_TURN;
    const push = (actions[2] as number) - (actions[3] as number);
    const heading = (this.heading[i] as number) + turn * seconds;
    const speed = Math.max(0, Math.min(LARGEST_SPEED, (this.speed[i] as number) + push * 4 * LARGEST_SPEED * seconds));
    this.heading[i] = heading;
    this.speed[i] = speed;
    this.x[i] = ((this.x[i] as number) + Math.cos(heading) * speed * seconds + WIDTH) % WIDTH;
    this.y[i] = ((this.y[i] as number) + Math.sin(heading) * speed * seconds + HEIGHT) % HEIGHT;
    // Living costs, and speed a little more.
    this.energy[i] = (this.energy[i] as number) - seconds * (0.05 + (0.02 * speed) / LARGEST_SPEED);
  }

  /** Whether an agent touches thing j, which then lies elsewhere. */
  #takes(i: number, xs: Float64Array, ys: Float64Array, j: number): boolean {
    if (j < 0) return false;
    const dx = way(this.x[i] as number, xs[j] as number, WIDTH);
    const dy = way(this.y[i] as number, ys[j] as number, HEIGHT);
    if (dx * dx + dy * dy > REACH * REACH) return false;
    xs[j] = this.#random() * WIDTH;
    ys[j] = this.#random() * HEIGHT;
    return true;
  }

  /** Eats the food and touches the thorn that were nearest. */
  #meet(i: number): void {
    if (this.#takes(i, this.foodX, this.foodY, this.#nearFood)) {
      this.eaten++;
      this.#found[i] = (this.#found[i] as number) + 1;
      this.energy[i] = Math.min(1, (this.energy[i] as number) + 0.25);
    }
    if (this.#takes(i, this.thornX, this.thornY, this.#nearThorn)) {
      this.hurt++;
      this.#found[i] = (this.#found[i] as number) - 1;
      this.energy[i] = (this.energy[i] as number) - 0.25;
    }
  }

  /** Agent i begins anew, as a child of the best of a few. */
  #bear(i: number): void {
    const random = this.#random;
    let parent = i;
    let best = Number.NEGATIVE_INFINITY;
    for (let tries = 0; tries < 6; tries++) {
      const one = Math.floor(random() * this.agents);
      // A good half minute tells more than a lucky second.
      const rate = (this.#found[one] as number) / ((this.#age[one] as number) + 10);
      if (one !== i && rate > best) {
        best = rate;
        parent = one;
      }
    }
    const genes = this.#genes[i] as Float32Array;
    genes.set(this.#genes[parent] as Float32Array);
    for (let g = 0; g < genes.length; g++) {
      // The sum of three is nearly a normal deviate.
      if (random() < MUTATED) genes[g] = (genes[g] as number) + MUTATION * 2 * (random() + random() + random() - 1.5);
    }
    (this.#minds[i] as Predictor).update(genes);
    this.x[i] = random() * WIDTH;
    this.y[i] = random() * HEIGHT;
    this.heading[i] = random() * 2 * Math.PI;
    this.speed[i] = LARGEST_SPEED / 2;
    this.energy[i] = 0.6;
    this.#age[i] = 0;
    this.#found[i] = 0;
    this.births++;
  }
}
