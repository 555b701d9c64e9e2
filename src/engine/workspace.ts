import { Context } from '../../assembly/context.js';
import { Block } from '../../assembly/opcodes.js';
import type { Floats } from '../arguments/arrays.js';
import type { Core } from '../core/core.js';

/** Learning rates in the table of one call: the most steps it runs. */
export const MAX_STEPS = 1024;

/** The memory of programs: the context record, its learning rates and columns, and the workspace, which grows to that of the largest program. */
export class Workspace {
  readonly context: number;
  readonly #columns: number;
  readonly #parts: number;
  #scalars = 0;
  #scalarCount = 0;
  #base = 0;
  #size = 0;
  /** Whether a user was given a view of the workspace. */
  viewed = false;

  /** @param columns most columns of a data set: inputs, targets and weights @param parts most losses */
  constructor(
    readonly core: Core,
    bases: readonly number[],
    columns: number,
    parts: number,
  ) {
    this.#columns = columns;
    this.#parts = parts;
    this.context = core.allocate(Context.Size + (MAX_STEPS + parts) * 8 + columns * 4, 'the run context');
    const at = this.context >>> 2;
    bases.forEach((base, block) => {
      core.u32[at + block] = base;
    });
    core.u32[(this.context + Context.LearningRates) >>> 2] = this.context + Context.Size;
    core.u32[(this.context + Context.Parts) >>> 2] = this.context + Context.Size + MAX_STEPS * 8;
    core.u32[(this.context + Context.Sources) >>> 2] = this.#sources;
  }

  get #sources(): number {
    return this.context + Context.Size + (MAX_STEPS + this.#parts) * 8;
  }

  /** A live view for a user: n elements from index `at` on. */
  view(at: number, n: number): Floats {
    this.viewed = true;
    return this.core.view(this.#base, at, n);
  }

  /** Sets the addresses of the data set's columns, from which gathers read rows. */
  setSources(addresses: readonly number[]): void {
    if (addresses.length > this.#columns) throw new RangeError(`${addresses.length} columns, expected at most ${this.#columns}`);
    this.core.u32.set(addresses, this.#sources >>> 2);
  }

  /** Element `field` of the record, as u32. */
  set(field: Context, value: number): void {
    this.core.u32[(this.context + field) >>> 2] = value;
  }

  get(field: Context): number {
    return this.core.u32[(this.context + field) >>> 2] as number;
  }

  /** The sum of the losses so far, and below it the number of correct rows. */
  get lossSum(): number {
    return this.core.f64[(this.context + Context.LossSum) >>> 3] as number;
  }
  set lossSum(value: number) {
    this.core.f64[(this.context + Context.LossSum) >>> 3] = value;
  }
  get correct(): number {
    return this.core.f64[(this.context + Context.Correct) >>> 3] as number;
  }
  set correct(value: number) {
    this.core.f64[(this.context + Context.Correct) >>> 3] = value;
  }

  /** The weights of the rows that were judged, where they have any. */
  get weight(): number {
    return this.core.f64[(this.context + Context.Weight) >>> 3] as number;
  }
  set weight(value: number) {
    this.core.f64[(this.context + Context.Weight) >>> 3] = value;
  }

  /** The sum of each loss so far, where there are several. */
  get lossParts(): Float64Array {
    return this.core.f64.slice(this.#partsIndex, this.#partsIndex + this.#parts);
  }
  set lossParts(sums: ArrayLike<number>) {
    this.core.f64.set(sums, this.#partsIndex);
  }

  get #partsIndex(): number {
    return (this.context + Context.Size + MAX_STEPS * 8) >>> 3;
  }

  /** Sets the learning rates of the steps of the next call, at most `MAX_STEPS`, and the step counter to 0. */
  setLearningRates(rates: ArrayLike<number>): void {
    if (rates.length > MAX_STEPS) throw new RangeError(`${rates.length} learning rates, expected at most ${MAX_STEPS}`);
    this.core.f64.set(rates, (this.context + Context.Size) >>> 3);
    this.set(Context.Step, 0);
  }

  /** Sets the learning rate of a call of one step. */
  setLearningRate(rate: number): void {
    this.core.f64[(this.context + Context.Size) >>> 3] = rate;
    this.set(Context.Step, 0);
  }

  /** Makes room for `count` scalars of each of the steps of a call: before the first step, so that no step allocates. */
  reserveScalars(count: number): void {
    if (count <= this.#scalarCount) return;
    const table = this.core.allocate(MAX_STEPS * count * 8, "the optimizer's scalars");
    if (this.#scalars) this.core.free(this.#scalars);
    this.#scalars = table;
    this.#scalarCount = count;
    this.set(Context.Scalars, table);
  }

  /** The optimizer's scalars of the next steps: `count` of each, for which there is room. */
  setScalars(table: Float64Array, count: number): void {
    this.core.f64.set(table, this.#scalars >>> 3);
    this.set(Context.ScalarCount, count);
  }

  /** The learning rate of the current step. */
  get learningRate(): number {
    return this.core.f64[((this.context + Context.Size) >>> 3) + this.get(Context.Step)] as number;
  }

  /** Grows the workspace to `size` elements, which loses its contents. */
  reserve(size: number): void {
    if (size <= this.#size) return;
    const base = this.core.allocate(size * 4, 'the workspace');
    this.#release();
    this.#base = base;
    this.#size = size;
    this.setBase(Block.Workspace, base);
  }

  setBase(block: Block, base: number): void {
    this.core.u32[(this.context + block * 4) >>> 2] = base;
  }

  #release(): void {
    if (this.#base) release(this.core, this.#base, this.#size * 4, this.viewed);
  }

  free(): void {
    this.#release();
    if (this.#scalars) this.core.free(this.#scalars);
    this.core.free(this.context);
  }
}

/** Frees a block. One that a user may hold a view of is freed once no view shows it. */
export function release(core: Core, address: number, bytes: number, viewed: boolean): void {
  if (viewed) core.retire(address, bytes);
  else core.free(address);
}
