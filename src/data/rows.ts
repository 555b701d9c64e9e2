import type { Engine } from '../engine/engine.js';
import type { Dataset } from './dataset.js';
import { RowSource } from './source.js';

/** Rows of an epoch that are in memory together. */
export interface Piece {
  readonly source: RowSource;
  /** The first of its rows that is not done yet. */
  readonly first: number;
}

/** What a training takes its rows from: all at once, or piece by piece where they come as a stream. */
export interface Rows {
  /** Rows of an epoch; undefined where nobody knows. */
  readonly total: number | undefined;
  /** All rows as one source; undefined for a stream. */
  readonly source: RowSource | undefined;
  /** The rows of an epoch from number `done` on, in the order that a stream of the seed draws, or as they are where it is undefined. */
  pieces(shuffle: number | undefined, done: number): Iterable<Piece> | AsyncIterable<Piece>;
  free(): void;
}

/** Options of `fit` that a stream looks at. */
export interface GivenWithStream {
  readonly batchSize: number | undefined;
  readonly validationData: unknown;
  readonly validationSplit: unknown;
  /** Which option asks for evaluations: `metrics` or `earlyStopping`. */
  readonly evaluating: string | undefined;
}

/** How long a call may block the event loop, and how it gives it a turn. Times are seconds. */
export interface EventLoop {
  readonly turns: { readonly budget: number; worked(seconds: number): void };
  pause(): Promise<void>;
  now(): number;
}

/** What opens rows: `stream(…)` gives it. */
export const OPEN: unique symbol = Symbol('neurite.open');

/** Data that come row by row. */
export interface Streamed {
  /** Rows of a batch, where the stream says so. @internal */
  readonly batchSize: number | undefined;
  /** @throws ValueError where `fit` was given what does not go with a stream @internal */
  checkFit(given: GivenWithStream): void;
  /**
   * @param batch rows of a step
   * @param loop how the event loop gets a turn
   * @internal
   */
  [OPEN](call: string, engine: Engine, batch: number, seed: number, loop: EventLoop): Rows;
}

/** What `stream` made. */
const streams = new WeakSet<object>();

/** Remembers that data come row by row. */
export function markStreamed(data: Streamed): void {
  streams.add(data);
}

/** Whether data come row by row; false for a proxy of such. */
export function isStreamed(data: unknown): data is Streamed {
  return typeof data === 'object' && data !== null && streams.has(data);
}

/** The rows of a data set, but for the last ones, which are held back. */
export class DatasetRows implements Rows {
  readonly source: RowSource;
  readonly total: number;
  readonly #seed: number;

  constructor(
    call: string,
    engine: Engine,
    readonly dataset: Dataset,
    batch: number,
    seed: number,
    held: (rows: number) => number = () => 0,
  ) {
    this.#seed = seed;
    this.source = new RowSource(call, engine, dataset, batch, (rows) => [0, rows - held(rows)]);
    this.total = this.source.rows;
  }

  pieces(shuffle: number | undefined, done: number): Iterable<Piece> {
    if (shuffle !== undefined) this.source.shuffle(this.#seed, shuffle);
    return [{ source: this.source, first: done }];
  }

  free(): void {
    this.source.free();
  }
}
