import { Context } from '../../assembly/context.js';
import { type DataType, Gather } from '../../assembly/opcodes.js';
import type { Program, Recipe } from '../compile/program.js';
import type { Core } from '../core/core.js';
import type { Node } from '../graph/node.js';
import type { Workspace } from './workspace.js';

/** A program on a core, ready to run. */
export class LoadedProgram {
  readonly #address: number;
  readonly #end: number;

  constructor(
    readonly recipe: Recipe,
    readonly program: Program,
    readonly workspace: Workspace,
  ) {
    const { words, plan } = program;
    workspace.reserve(plan.size);
    this.#address = workspace.core.allocate(Math.max(4, words.byteLength), 'a program');
    this.#end = this.#address + words.byteLength;
    workspace.core.u32.set(words, this.#address >>> 2);
  }

  get core(): Core {
    return this.workspace.core;
  }

  /** Runs the instructions from number `first` on, on `rows` rows. @returns the status */
  run(rows: number, first = 0): number {
    // Repeats `runBetween`: one call less shows in a prediction of one row.
    const { core, context } = this.workspace;
    try {
      return core.exports.run(context, first === 0 ? this.#address : this.#startOf(first), this.#end, rows);
    } catch (error) {
      throw core.fail(error);
    }
  }

  /** Runs the instructions from number `first` on, up to number `end`. @returns the status */
  protected runBetween(first: number, end: number, rows: number): number {
    const { core, context } = this.workspace;
    try {
      return core.exports.run(context, this.#startOf(first), this.#startOf(end), rows);
    } catch (error) {
      throw core.fail(error);
    }
  }

  /** Runs a guarded step from instruction number `first` up to the first that changes parameters. @returns the status */
  runBody(rows: number, first: number): number {
    return this.runBetween(first, this.program.commit, rows);
  }

  /** Runs the instructions that change parameters. */
  runCommit(rows: number): number {
    return this.runBetween(this.program.commit, this.program.instructions.length, rows);
  }

  #startOf(instruction: number): number {
    const start = this.program.starts[instruction];
    return start === undefined ? this.#end : this.#address + start * 4;
  }

  /** Runs up to `steps` batches of the data set in the context. @returns the status */
  train(steps: number, batch: number, total: number): number {
    const { core, context } = this.workspace;
    try {
      return core.exports.train(context, this.#address, this.#end, steps, batch, total);
    } catch (error) {
      throw core.fail(error);
    }
  }

  /** Says, without compiling, how the elements that gather number `index` takes are stored, and how they are scaled. */
  setGather(index: number, type: DataType, scale: number, offset: number): void {
    const { f32, u32 } = this.core;
    const at = (this.#address >>> 2) + (this.program.starts[index] as number);
    u32[at + Gather.type] = type;
    f32[at + Gather.scale] = scale;
    f32[at + Gather.offset] = offset;
  }

  /** The index into `core.f32` of the recipe's input number i. */
  inputIndex(i: number): number {
    return this.indexOf(this.recipe.inputs[i] as Node);
  }

  outputIndex(i: number): number {
    return this.indexOf(this.recipe.outputs[i] as Node);
  }

  /** The index of a tensor into `core.f32`, in whichever block it lies. */
  indexOf(node: Node): number {
    const { block, offset } = this.program.placeOf(node);
    return (this.workspace.get(Context.Parameters + block * 4) >>> 2) + offset;
  }

  free(): void {
    this.core.free(this.#address);
  }
}
