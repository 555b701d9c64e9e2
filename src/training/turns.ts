/** Longest time to block the event loop where nothing else is said: well within a frame at 60 Hz, and long enough that the pause costs nothing. */
export const TURN_SECONDS = 0.01;

/** Seconds; worklets have no `performance`. */
export function now(): number {
  return (typeof performance === 'undefined' ? Date.now() : performance.now()) / 1000;
}

/** Work since the last pause, in seconds, of all calls: several short ones in a row block the event loop as one long one does. */
let spent = 0;

/** Shares the event loop: tells when work has blocked it long enough, and yields to other tasks. */
export class Turns {
  #seconds = 0;
  /** The longest time that this call has blocked the event loop, in seconds. */
  longest = 0;

  /** @param budget the seconds of a turn */
  constructor(readonly budget = TURN_SECONDS) {}

  /** Records work of so many seconds. */
  worked(seconds: number): void {
    spent += seconds;
    this.#seconds += seconds;
    this.longest = Math.max(this.longest, this.#seconds);
  }

  /** Whether work of so many seconds exceeds the rest of this turn. A new turn takes any work. */
  isOver(seconds: number): boolean {
    return spent > 0 && spent + seconds > this.budget;
  }

  /** Calls back and awaits a promise. The call itself counts as work. */
  async call<T>(callback: () => T): Promise<Awaited<T>> {
    const start = now();
    const answer = callback();
    this.worked(now() - start);
    return await answer;
  }

  /** Yields to timers, input and painting. */
  async pause(): Promise<void> {
    await yieldToEvents();
    spent = 0;
    this.#seconds = 0;
  }
}

/**
 * The size of a slice of work, chosen from the time of the one before. It changes no bit of a result. It is kept in rows, since steps may
 * have any number of them.
 */
export class Pace {
  #rows = 1;
  #secondsPerRow: number | undefined;

  /** @param budget the seconds of a turn */
  constructor(readonly budget = TURN_SECONDS) {}

  /** Steps of `batch` rows for the next slice: at most `left`, at least one. */
  next(left: number, batch: number): number {
    return Math.max(1, Math.min(left, Math.floor(this.#rows / batch)));
  }

  /** Estimated seconds for so many rows; a guess before the first slice. */
  secondsFor(rows: number): number {
    return this.#secondsPerRow === undefined ? this.budget / 2 : rows * this.#secondsPerRow;
  }

  /** Records a slice. The next is at most four times as long, since the first times say little. */
  took(rows: number, seconds: number): void {
    const each = seconds / rows;
    this.#secondsPerRow = each;
    // A slice may take longer than the one before: a fifth is left for that.
    this.#rows = Math.max(1, Math.min(rows * 4, Math.floor((0.8 * this.budget) / Math.max(each, 1e-9))));
  }
}

/**
 * Yields to other tasks. A host with none of these three functions, such as an AudioWorklet, runs only promise callbacks, and has no other
 * tasks to yield to.
 */
function yieldToEvents(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  if (typeof MessageChannel === 'function') {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    });
  }
  if (typeof setTimeout === 'function') return new Promise((resolve) => setTimeout(resolve, 0));
  return Promise.resolve();
}
