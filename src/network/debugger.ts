import { Context } from '../../assembly/context.js';
import { type Batch, readBatchOf, writeBatch } from '../data/batch.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { findNonFinite, inputsOf, searchProgram } from '../engine/nonFinite.js';
import { type NonFiniteValue, NotFiniteError } from '../errors.js';
import type { TargetForm } from '../losses/targetForm.js';
import type { Internals } from './internals.js';

/** What `debug: true` does: computes everything once more by a program that keeps every value, and looks for the first that is NaN or infinite. */
export class Debugger {
  readonly #inside: Internals;

  constructor(inside: Internals) {
    this.#inside = inside;
  }

  /** Looks through a prediction. @throws NotFiniteError for the first value that is none */
  predicts(call: string, x: unknown): void {
    const inside = this.#inside.alive(call);
    this.batch(call, readBatchOf(call, inside.engine, x), 0);
  }

  /** Looks through a batch, of training step number `step`. @throws NotFiniteError for the first value that is none */
  batch(call: string, batch: Batch, step: number): void {
    const { engine, trainee } = this.#inside;
    const program = searchProgram(engine, batch.rows, batch.forms, batch.forms.length > 0);
    writeBatch(program, batch, 0, batch.rows);
    program.workspace.set(Context.FirstStep, trainee.stepsDone);
    program.workspace.set(Context.Step, 0);
    const where = findNonFinite(engine, program, batch.rows, this.#inside.nodeNames());
    if (where) throw new NotFiniteError(call, step, undefined, where);
  }

  /** The first such value in the batch that a step of `fit` stopped at. */
  stopped(stopped: LoadedProgram, rows: number, forms: readonly TargetForm[]): NonFiniteValue | undefined {
    const { engine } = this.#inside;
    const given = inputsOf(engine, stopped, rows);
    const program = searchProgram(engine, rows, forms, true);
    given.forEach((values, i) => engine.core.f32.set(values, program.inputIndex(i)));
    return findNonFinite(engine, program, rows, this.#inside.nodeNames());
  }
}
