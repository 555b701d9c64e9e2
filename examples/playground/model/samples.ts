/** What a run came to, step after step, for its curves. */
import type { Sample } from './run.js';

/** Samples that are kept; above it every second is left out. */
const MOST = 800;

export class Samples {
  #kept: Sample[] = [];
  #apart = 1;
  #count = 0;

  get kept(): readonly Sample[] {
    return this.#kept;
  }

  clear(): void {
    this.#kept = [];
    this.#apart = 1;
    this.#count = 0;
  }

  /** The newest is always kept, until the next. */
  add(sample: Sample): void {
    if (this.#count++ % this.#apart !== 0) this.#kept.pop();
    this.#kept.push(sample);
    if (this.#kept.length > MOST) {
      this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
      this.#apart *= 2;
      this.#count = 1;
    }
  }
}
