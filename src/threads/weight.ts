/** What shared memory weighs for the host's collector, which does not count it. */

const weights = new WeakMap<object, ArrayBuffer>();

/**
 * Makes an object that keeps `bytes` of shared memory weigh as much: by a block of that size beside it, which nothing reads or writes. Without it a
 * program that makes networks and drops their views holds gigabytes before the collector comes.
 */
export function weigh(holder: object, bytes: number): void {
  try {
    weights.set(holder, new ArrayBuffer(bytes));
  } catch {
    // The host has no such block: the collector comes when it comes.
  }
}
