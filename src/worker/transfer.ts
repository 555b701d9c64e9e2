import { bufferOf, isNumericArray } from '../arguments/arrays.js';

/** Depth to which results are looked through: a list of tensors in an object. */
const DEPTH = 4;

/** The buffers of the arrays that a result is made of, which are nobody else's: they are moved. */
export function buffersIn(value: unknown, found = new Set<ArrayBuffer>(), depth = DEPTH): Set<ArrayBuffer> {
  if (isNumericArray(value)) found.add(bufferOf(value));
  else if (Array.isArray(value)) {
    // Rows of numbers have none.
    if (typeof value[0] === 'object' && depth > 0) for (const one of value) buffersIn(one, found, depth - 1);
  } else if (typeof value === 'object' && value !== null && depth > 0) for (const one of Object.values(value)) buffersIn(one, found, depth - 1);
  return found;
}
