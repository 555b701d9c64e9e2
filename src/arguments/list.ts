import { isNumericArray, lengthOf, type NumericArray } from './arrays.js';

/** How many elements a list or a typed array has: none, where its memory was moved away. Of a proxy it may be anything. */
export function countOf(values: readonly unknown[] | NumericArray): number {
  return isNumericArray(values) ? lengthOf(values) : values.length;
}

/** So many elements, each read once, by its index: a list may have an iterator of its own, which need not end. */
export function elementsOf(values: readonly unknown[] | NumericArray, count: number): unknown[] {
  return Array.from({ length: count }, (_, i) => values[i]);
}
