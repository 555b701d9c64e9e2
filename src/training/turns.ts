/** How long work may keep the event loop waiting: within a frame of 60 a second, and long enough that the pause costs nothing. */
const TURN_SECONDS = 0.012;

/** Seconds; worklets have no `performance`. */
export function now(): number {
  return (typeof performance === 'undefined' ? Date.now() : performance.now()) / 1000;
}

/** Shares the event loop: tells when work has kept it waiting long enough, and lets everything else have its turn. */
export class Turns {
  #began = now();
  #seconds = 0;
  /** The longest that the event loop was kept waiting, in seconds. */
  longest = 0;

  /** Takes note of the time that work ended at. */
  workedUntil(end: number): void {
    this.#seconds = end - this.#began;
    this.longest = Math.max(this.longest, this.#seconds);
  }

  /** Whether work of so many seconds is too long for what is left of this turn. A turn that has not begun takes anything. */
  isOver(seconds: number): boolean {
    return this.#seconds > 0 && this.#seconds + seconds > TURN_SECONDS;
  }

  /** Lets timers, input and painting have their turn. */
  async pause(): Promise<void> {
    await yieldToEvents();
    this.#began = now();
    this.#seconds = 0;
  }
}

/** How many steps of one kind the next slice takes, by the time that those before took: chosen from measured time, it changes no bit. */
export class Pace {
  #steps = 1;
  #secondsPerStep = 0;

  /** The steps that the next slice takes, of so many that are left. */
  next(left: number): number {
    return Math.min(this.#steps, left);
  }

  /** What so many steps will take, in seconds; 0 before the first. */
  secondsFor(steps: number): number {
    return steps * this.#secondsPerStep;
  }

  /** Takes note of a slice. One that was fast makes the next up to four times as long, as the first of all say little. */
  took(steps: number, seconds: number): void {
    this.#secondsPerStep = seconds / steps;
    this.#steps = Math.max(1, Math.min(steps * 4, Math.floor(TURN_SECONDS / Math.max(this.#secondsPerStep, 1e-9))));
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
