import { Context } from '../../assembly/context.js';
import { DataType } from '../../assembly/opcodes.js';
import type { AnyTargets, Inputs } from '../arguments/values.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { MAX_STEPS } from '../engine/workspace.js';
import type { TargetForm } from '../losses/targetForm.js';
import { areIds, type Batch } from './batch.js';
import { type Column, columnsOf, Dataset, type DatasetLiteral, endReading, freeColumns, type Uploaded } from './dataset.js';
import { type Means, meansOf, type Sums } from './sums.js';
import { checkUnchanged, copyIn } from './values.js';

/** Rows of a chunk, where the data are not uploaded. A larger batch is a chunk of its own. */
const STAGED_ROWS = 4096;

/**
 * The rows of a run. A data set within its budget is in linear memory, and rows are gathered by number. A larger one stays in JavaScript, and
 * the rows of each slice are copied in the same order, so that the result has the same bits. All data were read before: no code of the
 * caller's runs here.
 */
export class RowSource {
  readonly rows: number;
  readonly forms: readonly TargetForm[];
  readonly #uploaded: Uploaded | undefined;
  /** The data that were not uploaded. */
  readonly #read: Batch | undefined;
  readonly #columns: readonly Column[];
  readonly #first: number;
  readonly dataset: Dataset;
  /** Whether the data set was made of a literal, and ends with this. */
  readonly #isOwn: boolean;
  #order = 0;

  /** @param range which of the rows: from the first up to the second */
  constructor(
    readonly call: string,
    readonly engine: Engine,
    data: Dataset | DatasetLiteral<AnyTargets, Inputs>,
    /** The most rows of a batch. */
    batch: number,
    range: (rows: number) => readonly [first: number, end: number] = (rows) => [0, rows],
  ) {
    this.dataset = Dataset.is(data) ? data : new Dataset(data, call);
    this.#isOwn = this.dataset !== data;
    try {
      const expected = engine.columns;
      const uploaded = this.dataset.upload(call, engine.core, expected);
      const { rows, forms } = uploaded ?? this.dataset.rowsFor(expected);
      const [first, end] = range(rows);
      this.#first = first;
      this.rows = end - first;
      this.forms = forms;
      this.#uploaded = uploaded;
      if (uploaded) {
        uploaded.readers++;
        this.#columns = uploaded.columns;
      } else {
        this.#read = this.dataset.rowsFor(expected);
        this.#columns = this.#stage(this.#read, Math.min(rows, Math.max(STAGED_ROWS, batch)));
      }
    } catch (error) {
      if (this.#isOwn) this.dataset.dispose();
      throw error;
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
    const first = this.#uploaded ? this.#first + position : 0;
    return program.train(steps, batch, first + this.place(program, position, steps, batch, inOrder));
  }

  /** Points a program to these rows, and copies in those not uploaded. @returns the number of rows from `position` on */
  place(program: LoadedProgram, position: number, steps: number, batch: number, inOrder = true): number {
    const { workspace } = program;
    const end = Math.min(this.rows, position + steps * batch);
    const order = inOrder ? this.#order : 0;
    workspace.setSources(this.#columns.map((column) => column.address));
    const { dataset } = this;
    const inputs = this.engine.model.inputs.length;
    this.#columns.forEach(({ type, isShared }, i) => {
      const ofTargets = { scale: dataset.targetScale, offset: dataset.targetOffset };
      const unscaled = type === DataType.Uint32 || i >= inputs + this.forms.length;
      const { scale, offset } = i < inputs || isShared ? dataset : unscaled ? { scale: 1, offset: 0 } : ofTargets;
      program.setGather(i, type, scale, offset);
    });
    if (this.#read) this.#copy(this.#read, position, end, order);
    workspace.set(Context.Order, this.#uploaded ? order : 0);
    workspace.set(Context.Position, this.#uploaded ? this.#first + position : 0);
    return (this.#uploaded ? this.rows : end) - position;
  }

  /** Mean losses and accuracy of `rows` rows. */
  means(sums: Sums, rows: number): Means {
    return meansOf(this.engine, this.forms, sums, rows);
  }

  free(): void {
    const { core } = this.engine;
    try {
      if (this.#order) core.free(this.#order);
      this.#order = 0;
      if (this.#uploaded) endReading(core, this.#uploaded);
      else freeColumns(core, this.#columns);
    } finally {
      if (this.#isOwn) this.dataset.dispose();
    }
  }

  /** Allocates a chunk of rows for each column. */
  #stage({ columns }: Batch, rows: number): Column[] {
    const { core } = this.engine;
    return columnsOf(core, columns, ({ what, width, values }) => ({
      address: core.allocate(rows * width * 4, `${this.call}: a chunk of ${what}`),
      type: areIds(values) ? DataType.Uint32 : DataType.Float32,
    }));
  }

  /** Copies rows of the order to the chunk. */
  #copy({ columns }: Batch, from: number, to: number, order: number): void {
    const { f32, u32 } = this.engine.core;
    const rowAt = (i: number) => this.#first + (order ? (u32[(order >>> 2) + i] as number) : i);
    columns.forEach(({ what, width, values }, column) => {
      const { address, isShared } = this.#columns[column] as Column;
      if (isShared) return;
      const at = address >>> 2;
      if (areIds(values)) {
        for (let i = from; i < to; i++) u32[at + i - from] = values[rowAt(i)] as number;
        return;
      }
      // The caller's array may have been detached or shrunk since it was read.
      checkUnchanged(this.call, what, values, width);
      if (!order) copyIn(values, width, rowAt(from), rowAt(from) + to - from, f32, at);
      else for (let i = from; i < to; i++) copyIn(values, width, rowAt(i), rowAt(i) + 1, f32, at + (i - from) * width);
    });
  }
}
