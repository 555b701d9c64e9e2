/** What the nets of a block do together: as long as they have rows alike, all at once, then those with as many rows by themselves. */
import { type Groups, LANES } from './cohort.js';

/** Some steps of some nets of a block. */
export interface Portion {
  /** A bit for each net of the block. */
  readonly nets: number;
  /** Steps of the slice before the first, and how many there are. */
  readonly from: number;
  readonly count: number;
  /** Rows of each net, or as many of them as these steps take. */
  readonly rows: number;
  /** Steps that each net has done before the slice, where that matters. */
  readonly done: number;
}

/** The nets of a block that a test holds for, a bit each. */
export function bitsOf({ first, groups }: Groups, holds: (net: number) => boolean, count: number): number {
  let bits = 0;
  for (let index = 0; index < groups * LANES && first * LANES + index < count; index++) if (holds(first * LANES + index)) bits |= 1 << index;
  return bits;
}

/** What each net of a block has to do: so many rows, in batches. */
export interface Work {
  readonly rowsOf: (net: number) => number;
  /** Steps that a net has done before; nets with different numbers run apart. */
  readonly doneOf: (net: number) => number;
  /** Rows of a batch. */
  readonly batch: number;
}

/**
 * Shares out `count` steps of the nets of a block, from number `step` of an epoch on. A kernel takes as many rows of each of four nets: where these
 * differ, as in the last batch of uneven folds, each number of rows runs by itself.
 */
export function portionsOf({ first, groups }: Groups, nets: number, step: number, count: number, { rowsOf, doneOf, batch }: Work): Portion[] {
  const all: { readonly nets: number; readonly rows: number; readonly done: number }[] = [];
  for (let left = nets; left !== 0; ) {
    const lead = first * LANES + 31 - Math.clz32(left & -left);
    const [rows, done] = [rowsOf(lead), doneOf(lead)];
    let alike = 0;
    for (let index = 0; index < groups * LANES; index++) {
      const net = first * LANES + index;
      if (left & (1 << index) && rowsOf(net) === rows && doneOf(net) === done) alike |= 1 << index;
    }
    all.push({ nets: alike, rows, done });
    left &= ~alike;
  }
  const portions: Portion[] = [];
  const add = (nets: number, from: number, to: number, rows: number, done: number) => {
    if (to > from) portions.push({ nets, from, count: to - from, rows, done });
  };
  const [one] = all;
  let together = 0;
  if (one && all.length > 1 && all.every(({ done }) => done === one.done)) {
    const fewest = Math.min(...all.map(({ rows }) => rows));
    together = Math.max(0, Math.min(count, Math.floor(fewest / batch) - step));
    add(nets, 0, together, fewest, one.done);
  }
  for (const { nets, rows, done } of all) add(nets, together, Math.min(count, Math.ceil(rows / batch) - step), rows, done);
  return portions;
}
