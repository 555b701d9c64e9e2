import { Context, Status } from '../../assembly/context.js';
import { checkOptions } from '../arguments/options.js';
import { checkBatchFinite, checkRows, type GivenTargets, givenTargets, readBatchOf, type WeightOption, writeBatch } from '../data/batch.js';
import { FastPath } from '../data/fastPath.js';
import { readPerParameter } from '../data/values.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { NotFiniteError, ValueError } from '../errors.js';
import { checkLearningRate } from '../optimizers/numbers.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { searchingOf } from '../training/search/searching.js';
import type { Debugger } from './debugger.js';
import type { Internals } from './internals.js';

/** Options of `step`. */
export type StepOptions = WeightOption & { readonly learningRate?: number };

/** Runs single batches: gradients, training steps, updates from gradients. See the methods of `Network`. */
export class BatchRunner {
  readonly #inside: Internals;
  readonly #debugger: Debugger | undefined;
  /** Those of the last batches; of a step none where the optimizer has scalars, which are the caller's code. */
  readonly #paths: { step: FastPath | undefined; gradient: FastPath | undefined } = { step: undefined, gradient: undefined };

  constructor(inside: Internals, debug: Debugger | undefined) {
    this.#inside = inside;
    this.#debugger = debug;
  }

  gradient(x: unknown, y: unknown, options?: WeightOption): number {
    const path = this.#paths.gradient;
    if (this.#writes(path, x, y, options)) return this.#run('gradient', path.program, path.rows, 0);
    return this.#batch('gradient', x, givenTargets('gradient', y, options), 0);
  }

  step(x: unknown, y: unknown, options?: StepOptions): number {
    const { engine } = this.#inside;
    const path = this.#paths.step;
    const usual = engine.optimizer?.learningRate ?? 0;
    if (this.#writes(path, x, y, options)) return this.#run('step', path.program, path.rows, usual);
    const { learningRate = usual, weight } = options === undefined ? {} : checkOptions('step', options, ['learningRate', 'weight']);
    checkLearningRate('step', learningRate);
    return this.#batch('step', x, { y, weight }, learningRate);
  }

  /** Writes a batch like the last one; false where it is another, or anything has changed meanwhile. */
  #writes(path: FastPath | undefined, x: unknown, y: unknown, options: object | undefined): path is FastPath {
    const { engine, running } = this.#inside;
    return path !== undefined && options === undefined && path.version === engine.version && running.length === 0 && path.write(x, y);
  }

  applyGradients(gradients: ArrayLike<number> | undefined, options: { readonly learningRate?: number }): void {
    const call = 'applyGradients';
    this.#inside.idle(call).need(call, 'loss').need(call, 'optimizer');
    const { engine, trainee } = this.#inside;
    searchingOf(engine.optimizer)?.refuse(call, engine.optimizer as Optimizer);
    const learningRate = checkOptions(call, options, ['learningRate']).learningRate ?? (engine.optimizer as Optimizer).learningRate;
    checkLearningRate(call, learningRate);
    const given = gradients === undefined ? undefined : readPerParameter(call, 'gradients', gradients, engine.parameterCount);
    const odd = given?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (odd >= 0) throw new ValueError(`${call}: gradients[${odd}] is ${given?.[odd]}, expected finite numbers that float32 holds`);
    const scalars = engine.hasScalars ? this.#inside.during('step', () => engine.scalarsFor([learningRate])) : undefined;
    // Both may have run code of the caller's.
    this.#inside.idle(call).need(call, 'optimizer');
    const program = engine.program('update', 1);
    if (given) engine.writeGradients(given);
    program.workspace.setLearningRate(learningRate);
    engine.setScalars(program, scalars);
    if (engine.update(program) !== Status.Done) throw new NotFiniteError(call, trainee.stepsDone + 1, undefined, undefined, true);
    this.#counted();
  }

  #batch(kind: 'gradient' | 'step', x: unknown, given: GivenTargets, learningRate: number): number {
    const inside = this.#inside.idle(kind).need(kind, 'loss');
    if (kind === 'step') inside.need(kind, 'optimizer');
    const { engine, trainee } = inside;
    const batch = readBatchOf(kind, engine, x, given);
    checkRows(kind, engine, batch.rows);
    const scalars = kind === 'step' && engine.hasScalars ? inside.during('step', () => engine.scalarsFor([learningRate])) : undefined;
    // Both may have run code of the caller's.
    inside.idle(kind).need(kind, 'loss');
    const searching = kind === 'step' ? searchingOf(engine.optimizer) : undefined;
    const program = engine.program(searching ? 'accumulate' : kind === 'step' ? 'guarded' : kind, batch.rows, batch.forms);
    writeBatch(program, batch, 0, batch.rows);
    checkBatchFinite(kind, program, batch);
    engine.setScalars(program, scalars);
    if (this.#debugger) {
      this.#debugger.batch(kind, batch, trainee.stepsDone + 1);
      writeBatch(program, batch, 0, batch.rows);
    } else if (!searching && !scalars) {
      this.#paths[kind] = FastPath.of(program, batch, engine.version);
    }
    if (!searching) return this.#run(kind, program, batch.rows, learningRate);
    const { status, sums } = searching.step(kind, engine, program, batch.rows, learningRate, trainee.stepsDone, () => {
      writeBatch(program, batch, 0, batch.rows);
      return program.run(batch.rows, program.recipe.inputs.length);
    });
    return this.#stepped(kind, status, sums.lossSum / batch.rows);
  }

  /** What a batch leaves behind: an error, or a step more. */
  #stepped(kind: 'gradient' | 'step', status: Status, loss: number): number {
    const { trainee } = this.#inside;
    if (status !== Status.Done) throw new NotFiniteError(kind, trainee.stepsDone + 1, undefined, undefined, status === Status.BadUpdate);
    if (kind === 'step') this.#counted();
    return loss;
  }

  #counted(): void {
    const { engine, trainee } = this.#inside;
    trainee.stepsDone++;
    engine.memory.changes++;
  }

  /** Runs a batch that lies in its program's inputs. */
  #run(kind: 'gradient' | 'step', program: LoadedProgram, rows: number, learningRate: number): number {
    const { engine, trainee } = this.#inside;
    const { workspace } = program;
    workspace.setLearningRate(learningRate);
    workspace.lossSum = 0;
    // Random numbers are those of the step that comes.
    workspace.set(Context.FirstStep, trainee.stepsDone);
    const first = program.recipe.inputs.length;
    const status = kind === 'step' ? engine.runGuarded(program, rows, first) : program.run(rows, first);
    return this.#stepped(kind, status, workspace.lossSum / rows);
  }
}
