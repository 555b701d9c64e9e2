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

  /** Yields to timers, input and painting. A host that has no way to is blocked on: `longest` counts the work before and after as one block. */
  async pause(): Promise<void> {
    if (await yieldToEvents()) this.#seconds = 0;
    spent = 0;
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
    // A slice may take longer than the one before, by others' work or a collection: half is left for that.
    this.#rows = Math.max(1, Math.min(rows * 4, Math.floor((0.5 * this.budget) / Math.max(each, 1e-9))));
  }
}

/** What worklets wait for: nobody wakes it, so that a wait ends with its time. Made on first use. */
let cell: Int32Array | undefined;

/** `Atomics` of newer libraries than TypeScript is told of here. */
interface AsynchronousAtomics {
  waitAsync(cell: Int32Array, index: number, value: number, milliseconds: number): { readonly value: unknown };
}

/**
 * Waits a millisecond for what nobody changes. An AudioWorklet has no timers and no channels, but the language's own wait on shared memory, which
 * Chromium gives WebAssembly also where pages may not share memory.
 *
 * @returns whether the host has that; else only promise callbacks have run
 */
async function waitForNothing(): Promise<boolean> {
  try {
    // V8's stacks begin with the message. In a worklet of Firefox 153 and of WebKit 2.50 such a wait never ends, and nothing else tells them apart.
    if (!new Error('V8').stack?.startsWith('Error: V8')) return false;
    cell ??= new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
    await (Atomics as unknown as AsynchronousAtomics).waitAsync(cell, 0, 0, 1).value;
    return true;
  } catch {
    // Nothing of the kind here.
    return false;
  }
}

/** Ways to let other tasks run, the fastest first. */
const ways = [
  () => new Promise<void>((resolve) => setImmediate(resolve)),
  () =>
    new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    }),
  () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
];

/** Yields to other tasks, by the fastest way that there is. @returns whether there is one */
async function yieldToEvents(): Promise<boolean> {
  for (const way of ways) {
    try {
      await way();
      return true;
    } catch {
      // The host has no such name, or one whose call throws, as setImmediate does in Next at the edge.
    }
  }
  return waitForNothing();
}
