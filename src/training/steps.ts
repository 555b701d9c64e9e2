import { Context, Status } from '../../assembly/context.js';
import type { RowSource } from '../data/source.js';
import { type Sums, sumsOf, writeSums } from '../data/sums.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { Snapshot } from '../engine/snapshot.js';

/** Most numbers, parameters and optimizer state, that are copied for each slice. A larger network takes guarded steps, which costs less. */
const MOST_COPIED = 2 ** 18;

/** The result of a slice of steps. */
export interface Slice extends Sums {
  readonly status: Status;
  /** Steps done. */
  readonly done: number;
  /** The program whose last step stopped, if one did. */
  readonly program: LoadedProgram;
}

/** What runs the steps of a `fit`. */
export interface StepRunner {
  /** Runs a step for each rate, from row `position` on. The sums begin at the given values; random numbers are those of the steps behind `stepsDone`. */
  run(position: number, rates: ArrayLike<number>, sums: Sums | undefined, stepsDone: number): Slice;
}

/**
 * Runs the steps of a `fit` so that none makes a parameter NaN or infinite: such a step is not done, and ends the slice.
 *
 * A small network is copied before each slice. Where the slice fails, it is restored and runs step by step. A step depends only on the state
 * before it, so the bits are the same. A large network checks each step before its update (`runGuarded`).
 */
export class Steps implements StepRunner {
  readonly #engine: Engine;
  readonly #source: RowSource;
  readonly #batch: number;
  /** Rows whose gradients are found at once: fewer than those of a batch where these are added up. */
  readonly #part: number;
  readonly #snapshot: Snapshot | undefined;
  /** Steps of the network before those of a slice. */
  #done = 0;
  /** Room for the states as they are before a step of several parts. */
  readonly #states: Float32Array;

  /** Compiles its programs now, so that a failed allocation comes before the first step. */
  constructor(engine: Engine, source: RowSource, batch: number, part = batch) {
    this.#engine = engine;
    this.#source = source;
    this.#batch = batch;
    this.#part = part;
    this.#states = new Float32Array(part < batch ? engine.valueCount - engine.parameterCount : 0);
    if (part < batch) {
      engine.program('update', 1);
      if (engine.regularizes) engine.program('regularize', 1);
      engine.program('accumulate', part, source.forms);
      return;
    }
    const copied = engine.valueCount + engine.parameterCount * (engine.optimizerState?.slots.length ?? 0);
    this.#snapshot = copied <= MOST_COPIED ? new Snapshot(engine) : undefined;
    engine.program(this.#snapshot ? 'step' : 'guarded', batch, source.forms);
  }

  run(position: number, rates: ArrayLike<number>, sums: Sums | undefined, stepsDone: number): Slice {
    this.#done = stepsDone;
    if (this.#part < this.#batch) return this.#inParts(position, rates, sums);
    if (!this.#snapshot) return this.#oneByOne(position, rates, sums);
    this.#snapshot.take();
    const slice = this.#together(position, rates, sums);
    if (this.#engine.isFinite) return slice;
    this.#snapshot.restore();
    // One of these steps fails: find it, step by step.
    return this.#oneByOne(position, rates, sums, true);
  }

  #together(position: number, rates: ArrayLike<number>, sums: Sums | undefined): Slice {
    const program = this.#prepare('step', rates, sums);
    const status = this.#source.train(program, position, rates.length, this.#batch);
    const slice = this.#read(program, status);
    this.#engine.advance(slice.done - 1);
    return slice;
  }

  #oneByOne(position: number, rates: ArrayLike<number>, sums: Sums | undefined, careful = false): Slice {
    const program = this.#prepare('guarded', rates, sums);
    const { workspace } = program;
    let left = this.#source.place(program, position, rates.length, this.#batch);
    let status = Status.Done;
    for (let step = 0; step < rates.length && left > 0; step++) {
      const rows = Math.min(this.#batch, left);
      status = this.#engine.runGuarded(program, rows, 0, careful);
      if (status !== Status.Done) break;
      left -= rows;
      workspace.set(Context.Position, workspace.get(Context.Position) + rows);
      workspace.set(Context.Step, step + 1);
    }
    return this.#read(program, status);
  }

  /** Each step adds up the gradients of its parts, then updates: a mean divides by all its rows. */
  #inParts(position: number, rates: ArrayLike<number>, sums: Sums | undefined): Slice {
    const engine = this.#engine;
    const program = this.#prepare('accumulate', rates, sums);
    // Compiled before: nothing moves.
    const update = engine.program('update', 1);
    const regularize = engine.regularizes ? engine.program('regularize', 1) : undefined;
    const { workspace } = program;
    let left = this.#source.place(program, position, rates.length, this.#batch);
    let status: Status = Status.Done;
    for (let step = 0; step < rates.length && left > 0; step++) {
      const rows = Math.min(this.#batch, left);
      const from = engine.statesAddress / 4;
      this.#states.set(engine.core.f32.subarray(from, from + this.#states.length));
      engine.writeGradients();
      workspace.set(Context.MeanRows, rows);
      for (let done = 0; done < rows && status === Status.Done; done += this.#part) {
        const part = Math.min(this.#part, rows - done);
        workspace.set(Context.FirstRow, done);
        status = program.run(part);
        workspace.set(Context.Position, workspace.get(Context.Position) + part);
      }
      workspace.set(Context.MeanRows, 0);
      workspace.set(Context.FirstRow, 0);
      if (regularize && status === Status.Done) status = regularize.run(1);
      if (status === Status.Done) status = engine.update(update);
      if (status !== Status.Done) {
        engine.core.f32.set(this.#states, from);
        break;
      }
      left -= rows;
      workspace.set(Context.Step, step + 1);
    }
    return this.#read(program, status);
  }

  /** The program of a kind with its context set. Fetched for each slice, since callbacks may have predicted or evaluated in between. */
  #prepare(kind: 'step' | 'guarded' | 'accumulate', rates: ArrayLike<number>, sums: Sums | undefined): LoadedProgram {
    // Scalars are code of the optimizer's: addresses are taken behind it.
    const scalars = this.#engine.scalarsFor(rates);
    const program = this.#engine.program(kind, kind === 'accumulate' ? this.#part : this.#batch, this.#source.forms);
    const { workspace } = program;
    workspace.setLearningRates(rates);
    this.#engine.setScalars(program, scalars);
    workspace.set(Context.FirstStep, this.#done);
    writeSums(workspace, sums);
    return program;
  }

  #read(program: LoadedProgram, status: Status): Slice {
    const { workspace } = program;
    return { status, done: workspace.get(Context.Step), ...sumsOf(workspace), program };
  }
}
