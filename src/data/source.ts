import { Context } from '../../assembly/context.js';
import { DataType } from '../../assembly/opcodes.js';
import type { Columns, TargetShape } from '../engine/columns.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { MAX_STEPS } from '../engine/workspace.js';
import { areIds, type Batch, type ReadTargets } from './batch.js';
import { columnName } from './columns.js';
import { type Column, type Dataset, endReading, type Uploaded } from './dataset.js';
import { checkUnchanged, copyIn, type Read } from './values.js';

/** Rows of a chunk, where the data are not uploaded. A larger batch is a chunk of its own. */
const STAGED_ROWS = 4096;

/**
 * The rows of a run. A data set within its budget is in linear memory, and rows are gathered by number. A larger one stays in JavaScript, and
 * the rows of each slice are copied in the same order, so that the result has the same bits. All data were read before: no code of the
 * caller's runs here.
 */
export class RowSource {
  readonly rows: number;
  readonly classes: readonly boolean[];
  readonly #expected: Columns;
  readonly #uploaded: Uploaded | undefined;
  /** The data that were not uploaded. */
  readonly #read: Batch | undefined;
  readonly #columns: readonly Column[];
  #order = 0;

  constructor(
    readonly call: string,
    readonly engine: Engine,
    readonly dataset: Dataset,
    /** The most rows of a batch. */
    batch: number,
  ) {
    const expected = engine.columns;
    this.#expected = expected;
    const uploaded = dataset.upload(call, engine.core, expected);
    this.#uploaded = uploaded;
    if (uploaded) {
      uploaded.readers++;
      this.#columns = uploaded.columns;
      this.rows = uploaded.rows;
      this.classes = uploaded.classes;
    } else {
      const read = dataset.rowsFor(expected);
      this.#read = read;
      this.rows = read.rows;
      this.classes = read.classes;
      this.#columns = this.#stage(Math.min(read.rows, Math.max(STAGED_ROWS, batch)));
    }
  }

  /** Draws a new order of the rows from a stream of the seed. Without it, rows keep the order of the data. */
  shuffle(seed: number, stream: number): void {
    const { core } = this.engine;
    if (!this.#order) this.#order = core.allocate(this.rows * 4, `${this.call}: the order of ${this.rows} rows`);
    core.exports.permutation(this.#order, this.rows, seed, stream);
  }

  /** Most steps of `batch` rows in one run: bounded by the table of learning rates and the rows of a chunk. */
  steps(batch: number): number {
    return this.#uploaded ? MAX_STEPS : Math.max(1, Math.min(MAX_STEPS, Math.floor(STAGED_ROWS / batch)));
  }

  /**
   * Runs `steps` batches from row `position` on, in the order drawn last, or in the order of the data. @returns the status
   * @throws ValueError where an array of data that were not uploaded has become shorter
   */
  train(program: LoadedProgram, position: number, steps: number, batch: number, inOrder = true): number {
    const first = this.#uploaded ? position : 0;
    return program.train(steps, batch, first + this.place(program, position, steps, batch, inOrder));
  }

  /** Points a program to these rows, and copies in those not uploaded. @returns the number of rows from `position` on */
  place(program: LoadedProgram, position: number, steps: number, batch: number, inOrder = true): number {
    const { workspace } = program;
    const end = Math.min(this.rows, position + steps * batch);
    const order = inOrder ? this.#order : 0;
    workspace.setSources(this.#columns.map((column) => column.address));
    this.#columns.forEach(({ type }, i) => {
      const input = i < this.engine.model.inputs.length;
      program.patch(i, { type }, input ? { scale: this.dataset.scale, offset: this.dataset.offset } : { scale: 1, offset: 0 });
    });
    if (this.#read) this.#copy(this.#read, position, end, order);
    workspace.set(Context.Order, this.#uploaded ? order : 0);
    workspace.set(Context.Position, this.#uploaded ? position : 0);
    return (this.#uploaded ? this.rows : end) - position;
  }

  free(): void {
    const { core } = this.engine;
    if (this.#order) core.free(this.#order);
    this.#order = 0;
    if (this.#uploaded) endReading(core, this.#uploaded);
    else for (const { address } of this.#columns) core.free(address);
  }

  /** Allocates a chunk of rows for each column. */
  #stage(rows: number): Column[] {
    const { inputs, targets } = this.#expected;
    const columns: Column[] = [];
    const { core } = this.engine;
    try {
      for (const width of inputs) columns.push({ address: core.allocate(rows * width * 4, `${this.call}: a chunk of x`), type: DataType.Float32 });
      targets.forEach(({ width }, i) => {
        const ids = this.classes[i];
        columns.push({
          address: core.allocate(rows * (ids ? 1 : width) * 4, `${this.call}: a chunk of y`),
          type: ids ? DataType.Uint32 : DataType.Float32,
        });
      });
    } catch (error) {
      for (const { address } of columns) core.free(address);
      throw error;
    }
    return columns;
  }

  /** Copies rows of the order to the chunk. */
  #copy({ xs, ys }: Batch, from: number, to: number, order: number): void {
    const { inputs, targets } = this.#expected;
    xs.forEach((x, i) => this.#copyColumn(columnName('x', i, xs.length), x, inputs[i] as number, i, from, to, order));
    ys.forEach((y, i) => {
      const { width } = targets[i] as TargetShape;
      this.#copyColumn(columnName('y', i, ys.length), y, width, xs.length + i, from, to, order);
    });
  }

  #copyColumn(what: string, values: ReadTargets | Read, width: number, column: number, from: number, to: number, order: number): void {
    const { f32, u32 } = this.engine.core;
    const at = (this.#columns[column] as Column).address >>> 2;
    const rowAt = (i: number) => (order ? (u32[(order >>> 2) + i] as number) : i);
    if (areIds(values)) {
      for (let i = from; i < to; i++) u32[at + i - from] = values[rowAt(i)] as number;
      return;
    }
    // The caller's array may have been detached or shrunk since it was read.
    checkUnchanged(this.call, what, values, width);
    if (!order) copyIn(values, width, from, to, f32, at);
    else {
      for (let i = from; i < to; i++) {
        const row = rowAt(i);
        copyIn(values, width, row, row + 1, f32, at + (i - from) * width);
      }
    }
  }
}
