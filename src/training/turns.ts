/** How long work may keep the event loop waiting: within a frame of 60 a second, and long enough that the pause costs nothing. */
const TURN_SECONDS = 0.012;

/** Seconds; worklets have no `performance`. */
export function now(): number {
  return (typeof performance === 'undefined' ? Date.now() : performance.now()) / 1000;
}

/** Shares the event loop: tells when work has kept it waiting long enough, and lets everything else have its turn. */
export class Turns {
  #seconds = 0;
  /** The longest that the event loop was kept waiting, in seconds. */
  longest = 0;

  /** Takes note of work that took so many seconds. */
  worked(seconds: number): void {
    this.#seconds += seconds;
    this.longest = Math.max(this.longest, this.#seconds);
  }

  /** Whether work of so many seconds is too long for what is left of this turn. A turn that has not begun takes anything. */
  isOver(seconds: number): boolean {
    return this.#seconds > 0 && this.#seconds + seconds > TURN_SECONDS;
  }

  /** Calls back and waits for a promise: what comes before it is work too. */
  async call<T>(callback: () => T): Promise<Awaited<T>> {
    const start = now();
    const answer = callback();
    this.worked(now() - start);
    return await answer;
  }

  /** Lets timers, input and painting have their turn. */
  async pause(): Promise<void> {
    await yieldToEvents();
    this.#seconds = 0;
  }
}

/**
 * How long a slice of some kind of work is, by the time that the one before took: chosen from measured time, it changes no bit. It is kept in
 * rows, since steps may be of any number of them.
 */
export class Pace {
  #rows = 1;
  #secondsPerRow = 0;

  /** The steps of `batch` rows that the next slice takes, of so many that are left; at least one. */
  next(left: number, batch: number): number {
    return Math.max(1, Math.min(left, Math.floor(this.#rows / batch)));
  }

  /** What so many rows will take, in seconds; 0 before the first. */
  secondsFor(rows: number): number {
    return rows * this.#secondsPerRow;
  }

  /** Takes note of a slice. One that was fast makes the next up to four times as long, as the first of all say little. */
  took(rows: number, seconds: number): void {
    this.#secondsPerRow = seconds / rows;
    this.#rows = Math.max(1, Math.min(rows * 4, Math.floor(TURN_SECONDS / Math.max(this.#secondsPerRow, 1e-9))));
  }
}

/**
 * Lets everything else have its turn. A host that has neither of these three, such as an AudioWorklet, only runs what waits for promises:
 * it has no tasks of others that could be let through.
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
