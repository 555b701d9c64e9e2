import { Context, Status } from '../../assembly/context.js';
import type { RowSource } from '../data/source.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { Snapshot } from '../engine/snapshot.js';

/** Networks with more numbers than this, parameters and optimizer state, take their steps one by one: a copy for each slice would cost more. */
const MOST_COPIED = 2 ** 18;

/** What a slice of steps did. */
export interface Slice {
  readonly status: Status;
  /** Steps done. */
  readonly done: number;
  readonly lossSum: number;
  readonly correct: number;
  /** The program whose last step stopped, if one did. */
  readonly program: LoadedProgram;
}

/**
 * Runs the steps of a `fit` so that none makes a parameter NaN or infinite: the step that would is not done, and ends the slice.
 *
 * A small network keeps a copy of itself before each slice. Where the slice went wrong, it starts again from the copy, step by step: every step
 * depends on nothing but what was there before, so the bits are the same. A large network looks at each step before its update (`runGuarded`).
 */
export class Steps {
  readonly #engine: Engine;
  readonly #source: RowSource;
  readonly #batch: number;
  readonly #snapshot: Snapshot | undefined;

  /** Compiles what it runs, so that memory that is refused is refused before the first step. */
  constructor(engine: Engine, source: RowSource, batch: number) {
    this.#engine = engine;
    this.#source = source;
    this.#batch = batch;
    const copied = engine.parameterCount * (1 + (engine.optimizerState?.slots.length ?? 0));
    this.#snapshot = copied <= MOST_COPIED ? new Snapshot(engine) : undefined;
    engine.program(this.#snapshot ? 'step' : 'guarded', batch, source.classes);
  }

  /** Runs steps from row `position` on, as many as there are rates, on sums that begin as given. */
  run(position: number, rates: ArrayLike<number>, lossSum: number, correct: number): Slice {
    if (!this.#snapshot) return this.#oneByOne(position, rates, lossSum, correct);
    this.#snapshot.take();
    const slice = this.#together(position, rates, lossSum, correct);
    if (this.#engine.isFinite) return slice;
    this.#snapshot.restore();
    // Some step of these goes wrong: each is tried.
    return this.#oneByOne(position, rates, lossSum, correct, true);
  }

  #together(position: number, rates: ArrayLike<number>, lossSum: number, correct: number): Slice {
    const program = this.#prepare('step', rates, lossSum, correct);
    const status = this.#source.train(program, position, rates.length, this.#batch);
    const slice = this.#read(program, status);
    this.#engine.advance(slice.done - 1);
    return slice;
  }

  #oneByOne(position: number, rates: ArrayLike<number>, lossSum: number, correct: number, careful = false): Slice {
    const program = this.#prepare('guarded', rates, lossSum, correct);
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

  /** The program of a kind with its record filled in: anew for each slice, since somebody may have predicted or evaluated meanwhile. */
  #prepare(kind: 'step' | 'guarded', rates: ArrayLike<number>, lossSum: number, correct: number): LoadedProgram {
    // Scalars are code of the optimizer's: addresses are taken behind it.
    const scalars = this.#engine.scalarsFor(rates);
    const program = this.#engine.program(kind, this.#batch, this.#source.classes);
    const { workspace } = program;
    workspace.setLearningRates(rates);
    this.#engine.setScalars(program, scalars);
    workspace.lossSum = lossSum;
    workspace.correct = correct;
    return program;
  }

  #read(program: LoadedProgram, status: Status): Slice {
    const { workspace } = program;
    return { status, done: workspace.get(Context.Step), lossSum: workspace.lossSum, correct: workspace.correct, program };
  }
}
