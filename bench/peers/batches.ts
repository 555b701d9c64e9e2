import { type Samples, uniforms } from '../data.js';

/** The share of rows whose largest output (or, of a single one, whose side of ½) is the right one. */
export function accuracyOf(outputs: ArrayLike<number>, y: Uint8Array): number {
  const width = outputs.length / y.length;
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    let decided = 0;
    if (width === 1) decided = Number((outputs[i] as number) >= 0.5);
    else for (let j = 1; j < width; j++) if ((outputs[i * width + j] as number) > (outputs[i * width + decided] as number)) decided = j;
    if (decided === y[i]) right++;
  }
  return right / y.length;
}

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
    for (let i = rows - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1));
      const swapped = order[i] as number;
      order[i] = order[j] as number;
      order[j] = swapped;
    }
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
