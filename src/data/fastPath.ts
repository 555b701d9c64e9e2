import { isNumericArray, kindOf, lengthOf, type NumericArray } from '../arguments/arrays.js';
import type { TargetShape } from '../engine/columns.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { areIds, type Batch } from './batch.js';

/** Up to this many numbers are copied and checked by a loop, which is faster than a view and two calls. */
const SHORT = 64;

/**
 * The direct way of a batch like the last one into its program: typed arrays of the same lengths, for one input and one loss. All that was found
 * out for the last batch holds again, so what remains is to copy the numbers and to check them.
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
    /** The engine's version it holds for: as long as that stays, nothing has moved. */
    readonly version: number,
    { columns: { inputs, targets }, ys: [y] }: Batch,
  ) {
    const { width, unit } = targets[0] as TargetShape;
    const ids = areIds(y as Batch['ys'][0]);
    this.#input = program.inputIndex(0);
    this.#inputs = rows * (inputs[0] as number);
    this.#target = program.inputIndex(1);
    this.#targets = ids ? rows : rows * width;
    this.#classes = ids ? width : 0;
    this.#unit = unit !== undefined;
  }

  /** The way of batches like this one; undefined where they need more than a look at each number. */
  static of(program: LoadedProgram, batch: Batch, version: number): FastPath | undefined {
    const { columns, rows, ys } = batch;
    if (columns.inputs.length !== 1 || columns.targets.length !== 1) return undefined;
    // Rows of probabilities are summed up.
    if ((columns.targets[0] as TargetShape).classes && !areIds(ys[0] as Batch['ys'][0])) return undefined;
    return new FastPath(program, rows, version, batch);
  }

  /** Writes a batch; false where it is another kind of batch or something is wrong with it, and the long way tells what. */
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
    // v − v is 0 for a number, NaN for what is none.
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
