/** Trains in a worker, or in the page where there is none. A run is a sequence of steps, however it is cut into calls. */
import type { Network } from 'neurite';
import type { WorkerNetwork } from 'neurite/worker';
import { rowsOf } from '../data/features.js';
import { Order } from '../data/order.js';
import type { Point } from '../data/sets.js';
import type { State } from '../state/state.js';

/** Rows that go to the network at once. */
const MOST_ROWS = 20_000;

/** The rows of a step. */
export interface Batch {
  readonly points: readonly Point[];
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Where a run is after some steps. */
export interface Advance {
  /** All parameters. */
  readonly parameters: Float32Array;
  /** Those before the last step. */
  readonly before: Float32Array;
  readonly steps: number;
  readonly rows: number;
  /** That the training took. */
  readonly seconds: number;
}

type Learner = Network | WorkerNetwork;

export class Trainer {
  readonly #learner: Learner;
  readonly #points: readonly Point[];
  readonly #state: State;
  readonly #order: Order;
  readonly #x: Float32Array;
  readonly #copy: () => Float32Array | Promise<Float32Array>;
  readonly batch: number;
  #next: Batch;
  #last: Batch | undefined;
  #steps = 0;

  /** @param copy all parameters, as they are */
  constructor(learner: Learner, state: State, training: readonly Point[], copy: () => Float32Array | Promise<Float32Array>) {
    this.#learner = learner;
    this.#state = state;
    this.#points = training;
    this.#copy = copy;
    this.#x = rowsOf(training, state.features);
    this.#order = new Order(training.length, state.seed);
    this.batch = Math.min(state.batch, training.length);
    this.#next = this.#draw();
  }

  get steps(): number {
    return this.#steps;
  }

  /** The rows of the step that comes next. */
  get next(): Batch {
    return this.#next;
  }

  /** The rows of the last step. */
  get last(): Batch | undefined {
    return this.#last;
  }

  /** Trains so many steps. Call it again when it has settled. */
  async advance(steps: number): Promise<Advance> {
    let seconds = 0;
    const most = Math.max(1, Math.floor(MOST_ROWS / this.batch));
    for (let left = steps - 1; left > 0; left -= most) seconds += await this.#fit(Math.min(left, most));
    const before = await this.#copy();
    seconds += await this.#fit(1);
    return { parameters: await this.#copy(), before, steps, rows: steps * this.batch, seconds };
  }

  async #fit(steps: number): Promise<number> {
    const width = this.#state.features.length;
    const x = new Float32Array(steps * this.batch * width);
    const y = new Float32Array(steps * this.batch);
    for (let step = 0; step < steps; step++) {
      x.set(this.#next.x, step * this.batch * width);
      y.set(this.#next.y, step * this.batch);
      this.#last = this.#next;
      this.#next = this.#draw();
    }
    const options = { epochs: 1, batchSize: this.batch, shuffle: false } as const;
    const learner = this.#learner as Network;
    const history = await learner.fit({ x, y }, options);
    this.#steps += steps;
    return history.seconds;
  }

  #draw(): Batch {
    const rows = this.#order.take(this.batch);
    const width = this.#state.features.length;
    const x = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      for (let j = 0; j < width; j++) x[i * width + j] = this.#x[row * width + j] as number;
    });
    const points = Array.from(rows, (row) => this.#points[row] as Point);
    return { points, x, y: Float32Array.from(points, ({ target }) => target) };
  }
}
