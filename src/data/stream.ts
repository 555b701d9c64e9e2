import { isNumericArray } from '../arguments/arrays.js';
import { count, describe, fieldOf, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { Engine } from '../engine/engine.js';
import { ShapeError, ValueError } from '../errors.js';
import type { DatasetLiteral } from './dataset.js';
import { type EventLoop, type GivenWithStream, markStreamed, OPEN, type Piece, type Rows, type Streamed } from './rows.js';
import { RowSource } from './source.js';
import { copyOf } from './values.js';

/**
 * One row of a stream: its input, its target, and its weight, which all rows have or none. For several inputs or losses, a list with one entry for
 * each. The numbers are copied when the row comes, so that a source may use its arrays again.
 */
export interface StreamRow {
  readonly x: ArrayLike<number> | number | readonly (ArrayLike<number> | number)[];
  readonly y: ArrayLike<number> | number | readonly (ArrayLike<number> | number)[];
  readonly weight?: ArrayLike<number> | number | readonly (ArrayLike<number> | number | undefined)[];
}

/** Rows that are at hand, or come one after another. */
export type StreamSource<T> = Iterable<T> | AsyncIterable<T>;

/** Options of `stream`. */
export interface StreamOptions extends Pick<DatasetLiteral, 'scale' | 'offset' | 'targetScale' | 'targetOffset'> {
  /** Rows of an epoch, where it is known: schedules and progress then have the steps of an epoch; else these are `Infinity`. */
  readonly rows?: number;
}

/** Most rows in memory at once, to the next whole batch. */
const PIECE_ROWS = 1024;

/** Numbers without order, of 32 bits: a function of the seed and the stream (Steele et al. 2014, the finalizer of SplitMix32). */
function generator(seed: number, stream: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/**
 * Rows that come one after another, from a file, a network or a generator: more than memory holds. `map`, `shuffle` and `batch` give streams that do
 * so besides. Of an epoch, a thousand rows or one batch are in memory at once, and those that `shuffle` keeps.
 */
export class Stream<T = StreamRow> implements Streamed {
  readonly #make: () => StreamSource<T> | PromiseLike<StreamSource<T>>;
  readonly #options: StreamOptions;
  readonly #buffer: number;
  readonly #batch: number | undefined;

  /** @internal */
  constructor(make: () => StreamSource<T> | PromiseLike<StreamSource<T>>, options: StreamOptions, buffer = 1, batch?: number) {
    this.#make = make;
    this.#options = options;
    this.#buffer = buffer;
    this.#batch = batch;
    markStreamed(this);
  }

  /**
   * The rows that a function makes of those that come, each by itself; it may be asynchronous.
   * @throws ValueError behind `shuffle`, which keeps what the rows are then
   */
  map<U>(each: (row: T) => U | PromiseLike<U>): Stream<U> {
    if (this.#buffer > 1) throw new ValueError('stream: map came behind shuffle, expected map before it, as in stream(…).map(…).shuffle(…)');
    if (typeof each !== 'function') throw new ValueError(`stream: map got ${describe(each)}, expected a function of a row`);
    const make = this.#make;
    async function* mapped() {
      for await (const row of await make()) yield await each(row);
    }
    return new Stream<U>(mapped, this.#options, this.#buffer, this.#batch);
  }

  /**
   * The rows in a seeded random order, another for each epoch: of `size` rows that are kept, one is drawn for each that comes. It replaces `shuffle` of
   * `fit`, which a stream has no use for.
   */
  shuffle(size: number): Stream<T> {
    if (!(Number.isInteger(size) && size > 0)) throw new ValueError(`stream: shuffle got ${describe(size)}, expected a whole number of rows > 0`);
    return new Stream(this.#make, this.#options, size, this.#batch);
  }

  /** Batches of so many rows, in place of `batchSize` of `fit`. */
  batch(rows: number): Stream<T> {
    if (!(Number.isInteger(rows) && rows > 0)) throw new ValueError(`stream: batch got ${describe(rows)}, expected a whole number of rows > 0`);
    return new Stream(this.#make, this.#options, this.#buffer, rows);
  }

  /**
   * The rows of a batch, where the stream says so.
   * @internal
   */
  get batchSize(): number | undefined {
    return this.#batch;
  }

  /**
   * What it is made of: its rows in the order they come, and what is done with them.
   * @internal
   */
  get parts() {
    return { make: this.#make, options: this.#options, buffer: this.#buffer, batch: this.#batch };
  }

  /** @internal */
  checkFit({ batchSize, validationData, validationSplit, evaluating }: GivenWithStream): void {
    if (this.#batch !== undefined && batchSize !== undefined)
      throw new ValueError(`fit: batchSize is ${batchSize} for a stream in batches of ${this.#batch}, expected one of the two`);
    if (validationSplit !== undefined) throw new ValueError('fit: validationSplit came for a stream, expected validationData');
    if (validationData === undefined && evaluating !== undefined)
      throw new ValueError(`fit: ${evaluating} came for a stream, expected validationData with it`);
  }

  /** @internal */
  [OPEN](call: string, engine: Engine, batch: number, seed: number, loop: EventLoop): Rows {
    const breathe = breathing(loop);
    const ordered = (stream: number | undefined) => this.#ordered(call, stream === undefined ? undefined : generator(seed, stream), breathe);
    return new StreamRows(call, engine, batch, this.#options, ordered);
  }

  /** The rows of an epoch, in their order. */
  async *#ordered(call: string, next: (() => number) | undefined, breathe: () => Promise<void> | undefined): AsyncGenerator<ReadRow> {
    const made: unknown = await this.#make();
    if (!isIterable(made)) throw new ValueError(`${call}: the stream is ${describe(made)}, expected an iterable, or a function that gives one`);
    const kept: ReadRow[] = [];
    let number = 0;
    for await (const given of made as StreamSource<T>) {
      await breathe();
      const row = readRow(call, given, number++);
      if (!next || this.#buffer === 1) {
        yield row;
        continue;
      }
      if (kept.length < this.#buffer) {
        kept.push(row);
        continue;
      }
      const at = next() % kept.length;
      yield kept[at] as ReadRow;
      kept[at] = row;
    }
    while (next && kept.length > 0) {
      const at = next() % kept.length;
      yield kept[at] as ReadRow;
      kept[at] = kept[kept.length - 1] as ReadRow;
      kept.pop();
    }
  }

  get [Symbol.toStringTag](): string {
    return 'Stream';
  }
}

/** To be awaited between rows: gives the event loop a turn where reading rows has taken a whole one. */
function breathing({ turns, pause, now }: EventLoop): () => Promise<void> | undefined {
  let last = now();
  return () => {
    const since = now() - last;
    if (since < turns.budget) return undefined;
    turns.worked(since);
    return pause().then(() => {
      last = now();
    });
  };
}

/** Whether rows come of a value, at once or one after another. */
export function isIterable(value: unknown): value is StreamSource<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** A row as it was when it came. */
interface ReadRow {
  readonly number: number;
  readonly x: unknown;
  readonly y: unknown;
  readonly weight: unknown;
}

/** @throws ValueError for what has no x or no y */
function readRow(call: string, given: unknown, number: number): ReadRow {
  const [x, y, weight] = [fieldOf(given, 'x'), fieldOf(given, 'y'), fieldOf(given, 'weight')];
  if (x === undefined || y === undefined) throw new ValueError(`${call}: row ${number} of the stream is ${describe(given)}, expected { x, y }`);
  return { number, x: copied(x), y: copied(y), weight: copied(weight) };
}

/** A copy of numbers, or of a list of columns of these; anything else as it is. */
function copied(values: unknown): unknown {
  if (isNumericArray(values)) return copyOf(values);
  return isList(values) ? Array.from(values, (value) => (typeof value === 'object' ? copied(value) : value)) : values;
}

/** The rows of a stream for a training: a piece is read, trained on and forgotten. */
class StreamRows implements Rows {
  readonly source = undefined;
  readonly total: number | undefined;
  readonly #size: number;
  #open: RowSource | undefined;
  /** Whether rows have weights: the first one tells. */
  #weighted: boolean | undefined;

  constructor(
    readonly call: string,
    readonly engine: Engine,
    readonly batch: number,
    readonly options: StreamOptions,
    readonly ordered: (stream: number | undefined) => AsyncGenerator<ReadRow>,
  ) {
    this.total = options.rows;
    this.#size = Math.ceil(PIECE_ROWS / batch) * batch;
  }

  async *pieces(shuffle: number | undefined, done: number): AsyncGenerator<Piece> {
    let rows: ReadRow[] = [];
    let read = 0;
    for await (const row of this.ordered(shuffle)) {
      // An epoch that was begun before goes on behind what it has done.
      if (read++ < done) continue;
      rows.push(row);
      if (rows.length < this.#size) continue;
      yield this.#pieceOf(rows, read - rows.length);
      this.free();
      rows = [];
    }
    if (rows.length > 0) {
      yield this.#pieceOf(rows, read - rows.length);
      this.free();
    }
    if (read === 0)
      throw new ValueError(
        `${this.call}: the stream has no rows, expected a function that begins it anew for each epoch, as in stream(() => rows())`,
      );
    if (this.total !== undefined && read !== this.total)
      throw new ValueError(`${this.call}: the stream has ${count(read, 'row')} and said ${this.total}, expected as many as { rows } says`);
  }

  #pieceOf(rows: readonly ReadRow[], before: number): Piece {
    const { call, engine } = this;
    const { inputs, targets } = engine.columns;
    this.#weighted ??= rows[0]?.weight !== undefined;
    const odd = rows.find(({ weight }) => (weight !== undefined) !== this.#weighted);
    if (odd) {
      const [has, others] = this.#weighted ? ['no weight', 'have one'] : ['a weight', 'have none'];
      throw new ValueError(`${call}: row ${odd.number} of the stream has ${has} and rows before it ${others}, expected one in each row or in none`);
    }
    const { rows: _, ...options } = this.options;
    const column = (name: 'x' | 'y' | 'weight', count: number) => columnOf(call, name, rows, count);
    const weight = this.#weighted && { weight: column('weight', targets.length) };
    const literal = { ...options, x: column('x', inputs.length), y: column('y', targets.length), ...weight } as DatasetLiteral;
    try {
      this.#open = new RowSource(call, engine, literal, this.batch);
    } catch (error) {
      if (before === 0 || !(error instanceof ValueError || error instanceof ShapeError)) throw error;
      // Rows are counted within the piece.
      throw new (error.constructor as typeof ValueError)(`${error.message}; its rows are those of the stream from row ${before} on`);
    }
    return { source: this.#open as RowSource, first: 0 };
  }

  free(): void {
    this.#open?.free();
    this.#open = undefined;
  }
}

/** A column of some rows, as a data set takes it; a list of columns where there are several. */
function columnOf(call: string, name: 'x' | 'y' | 'weight', rows: readonly ReadRow[], columns: number): unknown {
  if (columns === 1) return rows.map((row) => row[name]);
  const lists = rows.map(({ number, [name]: value }) => {
    if (isList(value) && value.length === columns) return value as readonly unknown[];
    throw new ShapeError(`${call}: ${name} of row ${number} of the stream is ${describe(value)}, expected a list of ${columns}`);
  });
  return Array.from({ length: columns }, (_, i) => {
    const column = lists.map((list) => list[i]);
    // Of several losses, some have no weights.
    return column.every((value) => value === undefined) ? undefined : column;
  });
}

/**
 * Training data that come row by row: `fit(stream(() => rows()).shuffle(10_000).batch(32))`.
 *
 * @param source a function that begins the rows of an epoch, or, for one epoch, the rows themselves: an iterable, or an asynchronous one. A row is
 * `{ x, y }` or `{ x, y, weight }`, or what `map` makes such a row of
 * @throws ValueError for what is neither
 */
export function stream<T = StreamRow>(
  source: StreamSource<T> | (() => StreamSource<T> | PromiseLike<StreamSource<T>>),
  options: StreamOptions = {},
): Stream<T> {
  const given = checkOptions('stream', options, ['rows', 'scale', 'offset', 'targetScale', 'targetOffset']);
  const { rows } = given;
  if (rows !== undefined && !(Number.isInteger(rows) && rows > 0))
    throw new ValueError(`stream: rows is ${describe(rows)}, expected a whole number > 0`);
  if (typeof source === 'function') return new Stream(source, given);
  if (!isIterable(source)) throw new ValueError(`stream: source is ${describe(source)}, expected an iterable, or a function that gives one`);
  return new Stream(() => source, given);
}
