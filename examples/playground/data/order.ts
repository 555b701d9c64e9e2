/**
 * The order in which rows are learnt: shuffle after shuffle, without an end. Step number s of batches of b takes its rows s·b to (s + 1)·b, so a run is
 * the same however it is cut into calls.
 */
import { random } from './random.js';

export class Order {
  readonly #rows: Uint32Array;
  readonly #draw: () => number;
  #next: number;

  constructor(rows: number, seed: number) {
    this.#rows = Uint32Array.from({ length: rows }, (_, i) => i);
    this.#draw = random(seed);
    this.#next = rows;
  }

  next(): number {
    const rows = this.#rows;
    if (this.#next === rows.length) {
      for (let i = rows.length - 1; i > 0; i--) {
        const j = Math.floor(this.#draw() * (i + 1));
        const row = rows[i] as number;
        rows[i] = rows[j] as number;
        rows[j] = row;
      }
      this.#next = 0;
    }
    return rows[this.#next++] as number;
  }

  take(count: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.next());
  }
}
