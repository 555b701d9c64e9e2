/** A call that a worker is working on: what it waits for, and what of it runs in the page. */
import { describe, fieldOf } from '../arguments/describe.js';
import type { AbortSignalLike } from '../arguments/values.js';
import { isIterable } from '../data/stream.js';
import { ValueError } from '../errors.js';
import type { PauseSignal } from '../training/pause.js';
import type { ScheduleState } from '../training/schedules/schedule.js';
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

/** How a call ends. */
type Settled = { readonly value: unknown } | { readonly error: unknown };

/** A call under way. */
export class Call {
  readonly value: Promise<unknown>;
  /** What a callback of the page threw: the call ends with it. */
  #failure: { readonly error: unknown } | undefined;
  /** The callbacks that were called, which the call waits for. */
  #heard: Promise<void> = Promise.resolve();
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #isOver = false;
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

  /** Whether that is a question which this call can answer. */
  understands(asked: unknown): boolean {
    const what = fieldOf(asked, 'what');
    return what === 'epoch' || what === 'close' || (what === 'rows' && typeof this.sources[fieldOf(asked, 'source') as number] === 'function');
  }

  /** The answer to a question of the worker. @throws what the caller's code throws, with which the call will end */
  async answer(asked: Question): Promise<unknown> {
    if (asked.what === 'rows') return this.#rows(asked.source, asked.epoch);
    if (asked.what === 'close') return this.#close(asked.epoch);
    await this.#heard;
    if (this.#isOver || this.#failure) return false;
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
    while (found.length < STREAMED_ROWS && !this.#isOver) {
      const { done, value } = await rows.next();
      if (done) return { rows: found, done: true };
      found.push(await value);
    }
    if (this.#isOver) await this.#close(epoch);
    return { rows: found, done: false };
  }

  async #close(epoch: number): Promise<void> {
    const rows = this.#epochs.get(epoch);
    this.#epochs.delete(epoch);
    await rows?.return?.();
  }

  async #called(callback: () => unknown): Promise<void> {
    try {
      if (!this.#isOver && !this.#failure) await callback();
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
  async end(settle: Settled, states: readonly unknown[] | undefined): Promise<void> {
    await this.#heard;
    if (this.#isOver) return;
    try {
      this.schedules.forEach((schedule, i) => {
        if (states?.[i] !== undefined) schedule.restore(states[i] as ScheduleState);
      });
      this.over(this.#failure ?? settle);
    } catch (error) {
      this.over({ error });
    }
  }

  /** Ends at once, whatever callbacks do: none is called any more, and streams are closed. */
  over(settle: Settled): void {
    this.#isOver = true;
    for (const ended of this.#ends) ended();
    for (const epoch of this.#epochs.keys()) this.#close(epoch).catch(() => {});
    if ('error' in settle) this.#reject(settle.error);
    else this.#resolve(settle.value);
  }
}
