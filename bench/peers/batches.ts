import { type Samples, shuffle, uniforms } from '../data.js';

/** A batch with its targets as numbers: one-hot for several classes, the class itself for one output. */
export interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly rows: number;
}

/** Batches in a new order each epoch, gathered into fresh arrays: these libraries keep what they are given. */
export class Batches {
  readonly #order: Uint32Array;
  readonly #random = uniforms(1);

  constructor(
    readonly samples: Samples,
    readonly batch: number,
    readonly classes: number,
  ) {
    this.#order = Uint32Array.from({ length: samples.rows }, (_, i) => i);
  }

  *epoch(): Generator<Batch> {
    const { rows, features, x, y } = this.samples;
    const order = this.#order;
    shuffle(order, this.#random);
    for (let from = 0; from < rows; from += this.batch) {
      const count = Math.min(this.batch, rows - from);
      const part = { x: new Float32Array(count * features), y: new Float32Array(count * this.classes), rows: count };
      for (let i = 0; i < count; i++) {
        const row = order[from + i] as number;
        part.x.set(x.subarray(row * features, (row + 1) * features), i * features);
        if (this.classes === 1) part.y[i] = y[row] as number;
        else part.y[i * this.classes + (y[row] as number)] = 1;
      }
      yield part;
    }
  }
}
