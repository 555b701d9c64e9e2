import { isNumericArray, kindOf, lengthOf, type NumericArray } from '../arguments/arrays.js';
import type { TargetShape } from '../engine/columns.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import type { Batch } from './batch.js';

/** Up to this many numbers, a loop copies and checks faster than a view and two calls. */
const SHORT = 64;

/**
 * The fast path for a batch like the last one: typed arrays of the same lengths, for one input and one loss. What was checked for the last
 * batch holds again, so it only copies the numbers and checks them.
 */
export class FastPath {
  readonly #input: number;
  readonly #inputs: number;
  readonly #target: number;
  readonly #targets: number;
  /** Class ids are below this; 0 where the targets are values. */
  readonly #classes: number;
  readonly #unit: boolean;

  private constructor(
    readonly program: LoadedProgram,
    readonly rows: number,
    /** The engine's version that it is valid for: while that is unchanged, no address has moved. */
    readonly version: number,
    { expected: { inputs, targets }, forms: [form] }: Batch,
  ) {
    const { width, unit } = targets[0] as TargetShape;
    const ids = form === 'ids';
    this.#input = program.inputIndex(0);
    this.#inputs = rows * (inputs[0] as number);
    this.#target = program.inputIndex(1);
    this.#targets = ids ? rows : rows * width;
    this.#classes = ids ? width : 0;
    this.#unit = unit !== undefined;
  }

  /** The fast path of batches like this one; undefined where they need more than a check of each number. */
  static of(program: LoadedProgram, batch: Batch, version: number): FastPath | undefined {
    const { expected, rows, columns, forms } = batch;
    // One input and one target, without weights.
    if (columns.length !== 2 || expected.inputs.length !== 1 || expected.ids) return undefined;
    // Rows of probabilities need their sums checked.
    if ((expected.targets[0] as TargetShape).classes && forms[0] !== 'ids') return undefined;
    return new FastPath(program, rows, version, batch);
  }

  /** Writes a batch. @returns false for another kind of batch or a bad value; the slow path then reports which */
  write(x: unknown, y: unknown): boolean {
    if (kindOf(x) !== 'Float32Array' || lengthOf(x as Float32Array) !== this.#inputs) return false;
    if (!isNumericArray(y) || lengthOf(y) !== this.#targets) return false;
    return this.#writeFloats(x as Float32Array, this.#input, this.#inputs) && (this.#classes > 0 ? this.#writeIds(y) : this.#writeTargets(y));
  }

  #writeFloats(x: Float32Array, at: number, n: number): boolean {
    const { f32, exports } = this.program.core;
    if (n > SHORT) {
      f32.set(x, at);
      return exports.firstNonFinite(at * 4, n) < 0;
    }
    // v − v is 0 for a finite number, else NaN.
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const v = x[i] as number;
      f32[at + i] = v;
      sum += v - v;
    }
    return sum === 0;
  }

  #writeTargets(y: NumericArray): boolean {
    const { f32 } = this.program.core;
    const at = this.#target;
    let least = 0;
    let most = 0;
    let sum = 0;
    for (let i = 0; i < this.#targets; i++) {
      const v = y[i] as number;
      const stored = Math.fround(v);
      f32[at + i] = stored;
      sum += stored - stored;
      if (v < least) least = v;
      if (v > most) most = v;
    }
    return sum === 0 && !(this.#unit && (least < 0 || most > 1));
  }

  #writeIds(y: NumericArray): boolean {
    const { u32 } = this.program.core;
    const at = this.#target;
    for (let i = 0; i < this.#targets; i++) {
      const id = y[i] as number;
      if (id >>> 0 !== id || id >= this.#classes) return false;
      u32[at + i] = id;
    }
    return true;
  }
}
