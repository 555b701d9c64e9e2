/** A call that a worker is working on: what it waits for, and what of it runs in the page. */
import { describe } from '../arguments/describe.js';
import type { AbortSignalLike } from '../arguments/values.js';
import { isIterable } from '../data/stream.js';
import { ValueError } from '../errors.js';
import type { PauseSignal } from '../training/pause.js';
import type { ScheduleState } from '../training/schedules.js';
import type { Question, StreamedRows } from './message.js';
import type { Remembering, RowsMaker } from './pack.js';

/** What of a call runs in the page. */
export interface Live {
  readonly signal?: AbortSignalLike | undefined;
  readonly pause?: PauseSignal | undefined;
  readonly onProgress?: ((progress: unknown) => unknown) | undefined;
  readonly onEpoch?: ((end: unknown) => unknown) | undefined;
  /** Whether the newest parameters come with the callbacks. */
  readonly snapshots?: boolean | undefined;
}

/** Rows that go to a worker at once. */
const STREAMED_ROWS = 256;

type Rows = AsyncIterator<unknown> | Iterator<unknown>;

/** A call under way. */
export class Call {
  readonly value: Promise<unknown>;
  /** What a callback of the page threw: the call ends with it. */
  #failure: { readonly error: unknown } | undefined;
  /** The callbacks that were called, which the call waits for. */
  #heard: Promise<void> = Promise.resolve();
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  readonly #epochs = new Map<number, Rows>();
  readonly #ends: (() => void)[] = [];

  constructor(
    readonly method: string,
    readonly live: Live,
    readonly schedules: readonly Remembering[],
    readonly sources: readonly RowsMaker[],
    /** Made where the call was: for its stack. */
    readonly caller: Error,
    /** Ends the call in the worker. */
    readonly abort: () => void,
  ) {
    this.value = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Listens to the signal and the pause of the page. @param paused tells the worker of a change */
  listen(paused: (value: boolean) => void): void {
    const { signal, pause } = this.live;
    signal?.addEventListener?.('abort', this.abort);
    this.#ends.push(() => signal?.removeEventListener?.('abort', this.abort));
    const ended = pause?.watch?.(() => paused(pause.paused));
    if (ended) this.#ends.push(ended);
  }

  /** Hears of progress. @param heard says that the next may come */
  progress(progress: unknown, heard: () => void): void {
    // A signal that tells nobody is asked.
    if (this.live.signal?.aborted) this.abort();
    this.#heard = this.#heard.then(() => this.#called(() => this.live.onProgress?.(progress))).then(heard);
  }

  /** The answer to a question of the worker. @throws what the caller's code throws, with which the call will end */
  async answer(asked: Question): Promise<unknown> {
    if (asked.what === 'rows') return this.#rows(asked.source, asked.epoch);
    if (asked.what === 'close') {
      const rows = this.#epochs.get(asked.epoch);
      this.#epochs.delete(asked.epoch);
      return void (await rows?.return?.());
    }
    await this.#heard;
    const { parameters, end } = asked;
    return (await this.live.onEpoch?.(parameters ? { ...(end as object), parameters } : end)) !== false;
  }

  async #rows(source: number, epoch: number): Promise<StreamedRows> {
    let rows = this.#epochs.get(epoch);
    if (!rows) {
      const made: unknown = await (this.sources[source] as RowsMaker)();
      if (!isIterable(made))
        throw new ValueError(`${this.method}: the stream is ${describe(made)}, expected an iterable, or a function that gives one`);
      rows = Symbol.asyncIterator in made ? (made as AsyncIterable<unknown>)[Symbol.asyncIterator]() : (made as Iterable<unknown>)[Symbol.iterator]();
      this.#epochs.set(epoch, rows);
    }
    const found: unknown[] = [];
    while (found.length < STREAMED_ROWS) {
      const { done, value } = await rows.next();
      if (done) return { rows: found, done: true };
      found.push(await value);
    }
    return { rows: found, done: false };
  }

  async #called(callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the call with an error of the caller's code. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.abort();
  }

  /** Ends as the worker says, once all callbacks have. */
  async end(settle: { readonly value: unknown } | { readonly error: unknown }, states: readonly unknown[]): Promise<void> {
    for (const ended of this.#ends) ended();
    await this.#heard;
    this.schedules.forEach((schedule, i) => {
      if (states[i] !== undefined) schedule.restore(states[i] as ScheduleState);
    });
    if (this.#failure) this.#reject(this.#failure.error);
    else if ('error' in settle) this.#reject(settle.error);
    else this.#resolve(settle.value);
  }
}
