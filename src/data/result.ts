import { allocateFloats, bufferOf, type Floats, type NumericArray } from '../arguments/arrays.js';
import { isLinear } from '../core/linear.js';
import { isSame } from './values.js';

/** Where a result goes: an array of the caller's, or a new one. */

/** Whether writing to `out` may change what is read after: a core's memory, or values that were read but not copied. */
export function mayOverwrite(out: Float32Array, values: readonly NumericArray[]): boolean {
  const buffer = bufferOf(out);
  return isLinear(buffer) || values.some((read) => isSame(bufferOf(read), buffer));
}

/** Copies floats to an array of the caller's from `at` on, by the intrinsic: a subclass may have another, which would see the core's memory. */
export function setFloats(to: Float32Array, from: Float32Array, at = 0): void {
  Float32Array.prototype.set.call(to, from, at);
}

/**
 * Fills `out`, which is returned, or a new array.
 *
 * @param what the result in an error of memory
 * @param reads what `fill` reads of the caller's
 * @param check throws where `out` is not what was expected
 * @param fill writes all of what it gets
 */
export function fillResult(
  what: string,
  length: number,
  out: Floats | undefined,
  reads: readonly NumericArray[],
  check: (out: Float32Array) => void,
  fill: (into: Floats) => void,
): Floats {
  if (out === undefined) {
    const made = allocateFloats(what, length);
    fill(made);
    return made;
  }
  check(out);
  if (!mayOverwrite(out, reads)) {
    fill(out);
    return out;
  }
  const apart = allocateFloats(what, length);
  fill(apart);
  // Memory that grew detached views of it.
  check(out);
  if (length > 0) setFloats(out, apart);
  return out;
}
