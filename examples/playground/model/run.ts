/** One run: its networks, its points, and what learns them. A state that changes begins another. */
import { copyParameters, type Dataset, dataset } from 'neurite';
import type { WorkerNetwork } from 'neurite/worker';
import { rowsOf } from '../data/features.js';
import { axis, grid, LINE, SIDE, UNIT_SIDE } from '../data/places.js';
import { type Point, taskOf } from '../data/sets.js';
import type { State } from '../state/state.js';
import { building, type Networks } from './build.js';
import type { Parts } from './parts.js';
import { Trainer } from './trainer.js';
import { settle } from './workshop.js';

/** Points to learn from or to test with, as rows. */
interface Rows {
  readonly points: readonly Point[];
  readonly data: Dataset | undefined;
  readonly rows: Float32Array;
  readonly out: Float32Array;
}

/** What a run has come to after some steps. */
export interface Sample {
  readonly step: number;
  readonly training: number;
  readonly test: number | undefined;
  readonly trainingRight: number | undefined;
  readonly testRight: number | undefined;
}

export class Run {
  /** What the network says at each place of the surface, and every unit at each of its picture: of the last `look`. */
  readonly values: Float32Array;
  readonly unitValues: Float32Array;
  /** The trainer, once it is there. */
  ready: Trainer | undefined;
  /** The network in the worker. */
  learner: WorkerNetwork | undefined;
  /** The parameters before the last step. */
  before: Float32Array | undefined;
  /** Whether another run has taken its place. */
  over = false;
  readonly #places: Float32Array;
  readonly #unitPlaces: Float32Array;
  #trainer: Promise<Trainer> | undefined;

  constructor(
    readonly state: State,
    readonly networks: Networks,
    readonly training: Rows,
    readonly test: Rows,
  ) {
    const isClasses = taskOf(state.data) === 'classes';
    const width = state.features.length;
    this.#places = rowsOf(isClasses ? grid(SIDE) : axis(LINE), state.features);
    this.#unitPlaces = rowsOf(isClasses ? grid(UNIT_SIDE) : axis(UNIT_SIDE), state.features);
    this.values = new Float32Array(this.#places.length / width);
    const units = networks.net.layers.reduce((sum, { outFeatures }) => sum + outFeatures, 0);
    this.unitValues = new Float32Array((this.#unitPlaces.length / width) * units);
  }

  get epochs(): number {
    return this.ready ? (this.ready.steps * this.ready.batch) / this.training.points.length : 0;
  }

  /** The trainer. The first call has it made, in the worker where there is one. */
  train(): Promise<Trainer> {
    if (!this.#trainer) {
      this.#trainer = this.#begin();
      // Whoever waits for it hears of it; a run that is over has nobody. The next call tries again.
      this.#trainer.catch(() => {
        this.#trainer = undefined;
      });
    }
    return this.#trainer;
  }

  /** Predicts `values` and `unitValues` anew. */
  look(): void {
    this.networks.net.predict(this.#places, this.values);
    this.networks.units.predict(this.#unitPlaces, this.unitValues);
  }

  /** Loss and share that is right, of the points to learn from and of those to test with. */
  *assessing(): Parts<Sample> {
    const { net } = this.networks;
    const isClasses = taskOf(this.state.data) === 'classes';
    const right = ({ rows, out, points }: Rows) => {
      if (!isClasses || points.length === 0) return undefined;
      net.predict(rows, out);
      return points.reduce((sum, { target }, i) => sum + Number(((out[i] as number) >= 0.5 ? 1 : 0) === target), 0) / points.length;
    };
    const loss = ({ data }: Rows) => (data ? net.evaluate(data).loss : undefined);
    const training = loss(this.training) as number;
    yield;
    return {
      step: this.ready?.steps ?? 0,
      training,
      test: loss(this.test),
      trainingRight: right(this.training),
      testRight: right(this.test),
    };
  }

  dispose(): void {
    this.learner?.dispose().catch(() => {});
    this.training.data?.dispose();
    this.test.data?.dispose();
    this.networks.dispose();
  }

  async #begin(): Promise<Trainer> {
    const { net } = this.networks;
    const settled = await settle(net, this.state.batch);
    if (settled) {
      const { learner } = settled;
      this.learner = learner;
      this.ready = new Trainer(learner, this.state, this.training.points, () => learner.snapshot());
      if (this.over) learner.dispose().catch(() => {});
    } else this.ready = new Trainer(net, this.state, this.training.points, () => copyParameters(net));
    return this.ready;
  }
}

function rowsWith(points: readonly Point[], state: State): Rows {
  const rows = rowsOf(points, state.features);
  const y = Float32Array.from(points, ({ target }) => target);
  return { points, data: points.length > 0 ? dataset({ x: rows, y }) : undefined, rows, out: new Float32Array(points.length) };
}

/** Makes a run. @param training at least one point */
export function* starting(state: State, training: readonly Point[], test: readonly Point[]): Parts<Run> {
  const made: ({ dispose(): void } | undefined)[] = [];
  try {
    const learnt = rowsWith(training, state);
    made.push(learnt.data);
    yield;
    const networks = yield* building(state);
    made.push(networks);
    yield;
    const tested = rowsWith(test, state);
    made.push(tested.data);
    return new Run(state, networks, learnt, tested);
  } catch (error) {
    for (const one of made) one?.dispose();
    throw error;
  }
}
