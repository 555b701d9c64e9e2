import { Context } from '../../assembly/context.js';
import { DataType } from '../../assembly/opcodes.js';
import { type Columns, type Engine, type LoadedProgram, MAX_STEPS } from '../engine.js';
import { type ClassIds, copyClassIds, copyRows, type Targets, type Values } from '../values.js';
import { type CheckedData, type Column, checkFinite, columnName, type Dataset, endReading, type Uploaded } from './dataset.js';

/** Rows copied in at once, where the data are not uploaded whole; a batch of more is copied in by itself. */
const STAGED_ROWS = 4096;

/**
 * Where a run takes its rows from. The whole data set lies in linear memory and rows are gathered by their number; or, past its budget,
 * it stays in JavaScript and each slice's rows are copied in, in the same order, so that the result has the same bits.
 */
export class RowSource {
  readonly rows: number;
  readonly #data: CheckedData;
  readonly #uploaded: Uploaded | undefined;
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
    this.#uploaded = dataset.upload(call, engine.core, expected);
    this.#data = this.#uploaded ?? dataset.check(call, expected);
    this.rows = this.#data.rows;
    this.#columns = this.#uploaded?.columns ?? this.#stage(expected, Math.min(this.rows, Math.max(STAGED_ROWS, batch)));
    if (this.#uploaded) this.#uploaded.readers++;
    else this.#checkOnce(expected);
  }

  get classes(): readonly boolean[] {
    return this.#data.classes;
  }

  /** Draws a new order of the rows from a stream of the seed. Without this, rows are taken as they come. */
  shuffle(seed: number, stream: number): void {
    const { core } = this.engine;
    if (!this.#order) this.#order = core.allocate(this.rows * 4, `${this.call}: the order of ${this.rows} rows`);
    core.exports.permutation(this.#order, this.rows, seed, stream);
  }

  /** The most steps of `batch` rows one run may take. */
  steps(batch: number): number {
    return this.#uploaded ? MAX_STEPS : Math.max(1, Math.floor(STAGED_ROWS / batch));
  }

  /** Runs `steps` batches from row `position` of the order on; the status. */
  train(program: LoadedProgram, position: number, steps: number, batch: number): number {
    const { workspace } = program;
    const end = Math.min(this.rows, position + steps * batch);
    workspace.setSources(this.#columns.map((column) => column.address));
    this.#columns.forEach(({ type }, i) => {
      const input = i < this.engine.model.inputs.length;
      program.patch(i, { type }, input ? { scale: this.dataset.scale, offset: this.dataset.offset } : { scale: 1, offset: 0 });
    });
    if (!this.#uploaded) this.#copy(position, end);
    workspace.set(Context.Order, this.#uploaded ? this.#order : 0);
    workspace.set(Context.Position, this.#uploaded ? position : 0);
    return program.train(steps, batch, this.#uploaded ? this.rows : end - position);
  }

  free(): void {
    const { core } = this.engine;
    if (this.#order) core.free(this.#order);
    if (this.#uploaded) endReading(core, this.#uploaded);
    else for (const { address } of this.#columns) core.free(address);
  }

  #stage({ inputs, targets }: Columns, rows: number): Column[] {
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

  /** What an upload checks as it copies: here before the first row is used, a chunk after the other. */
  #checkOnce(expected: Columns): void {
    const { core } = this.engine;
    const { xs, ys } = this.#data;
    try {
      this.dataset.checkOnce(expected, () => {
        for (let from = 0; from < this.rows; from += STAGED_ROWS) {
          const to = Math.min(this.rows, from + STAGED_ROWS);
          this.#copy(from, to);
          xs.forEach((x, i) =>
            checkFinite(this.call, columnName('x', i, xs.length), x, from, core, this.#address(i), to - from, expected.inputs[i] as number),
          );
          ys.forEach((y, i) => {
            if (this.classes[i]) return;
            const { width } = expected.targets[i] as { width: number };
            checkFinite(this.call, columnName('y', i, ys.length), y as Values, from, core, this.#address(xs.length + i), to - from, width);
          });
        }
      });
    } catch (error) {
      this.free();
      throw error;
    }
  }

  #copy(from: number, to: number): void {
    const { core, model } = this.engine;
    const { f32, u32 } = core;
    const { xs, ys } = this.#data;
    const expected = this.engine.columns;
    for (let i = from; i < to; i++) {
      const row = this.#order ? (u32[(this.#order >>> 2) + i] as number) : i;
      xs.forEach((x, c) => {
        const width = expected.inputs[c] as number;
        copyRows(this.call, columnName('x', c, xs.length), x as Values, width, row, row + 1, f32, (this.#address(c) >>> 2) + (i - from) * width);
      });
      ys.forEach((y: Targets, c) => {
        const at = this.#address(model.inputs.length + c) >>> 2;
        const { width } = expected.targets[c] as { width: number };
        if (this.classes[c]) copyClassIds(this.call, columnName('y', c, ys.length), y as ClassIds, row, row + 1, width, u32, at + i - from);
        else copyRows(this.call, columnName('y', c, ys.length), y as Values, width, row, row + 1, f32, at + (i - from) * width);
      });
    }
  }

  #address(column: number): number {
    return (this.#columns[column] as Column).address;
  }
}
