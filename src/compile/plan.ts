import { type Instruction, tensorsOf } from '../graph/instruction.js';
import type { Node } from '../graph/node.js';
import { elements } from '../graph/shape.js';

/** Tensors start at multiples of this many elements: a cache line of 64 bytes. */
const ALIGNMENT = 16;

/** Where each tensor of the workspace lies, in elements from its base. */
export interface Plan {
  readonly offsets: ReadonlyMap<Node, number>;
  /** Elements the workspace must hold. */
  readonly size: number;
  /** Elements it would hold if no two tensors shared memory. */
  readonly unshared: number;
}

/**
 * Up to so many tensors both arrangements are tried. Placing by size compares every two tensors; a long program's are placed in the order of
 * time only, which meets just those alive.
 */
const MAX_COMPARED = 512;

/** A piece of memory, and the instructions between whose first and last it is needed. */
interface Interval {
  readonly nodes: Node[];
  readonly size: number;
  first: number;
  last: number;
  /** The last use of any of its nodes. */
  lastUse: number;
}

/** Elements of a tensor in a batch of `rows`. */
export function elementsIn(node: Node, rows: number): number {
  return elements(node.shape) * (node.shape.batched ? rows : 1);
}

/**
 * Gives every tensor that is not placed elsewhere its offset, so that tensors alive at the same time never overlap and the others share:
 * the better of two arrangements, by descending size and in the order of time (the latter alone for many tensors). A tensor written in
 * place takes over its operand's memory. Takes time in proportion to instructions and tensors, but for a sort.
 *
 * @param placed nodes that live in other blocks
 * @param inputs what the caller writes before a run; alive throughout, so that a later run may use it again
 * @param outputs what the caller reads after a run
 * @param share whether memory may be shared at all
 */
export function planMemory(
  instructions: readonly Instruction[],
  placed: (node: Node) => boolean,
  inputs: readonly Node[],
  outputs: readonly Node[],
  rows: number,
  share: boolean,
): Plan {
  const end = instructions.length;
  const lastUse = new Map<Node, number>();
  instructions.forEach((instruction, at) => {
    for (const { node } of tensorsOf(instruction)) lastUse.set(node, at);
  });
  for (const node of [...inputs, ...outputs]) lastUse.set(node, end);
  const intervals = new Map<Node, Interval>();
  const open = (node: Node, at: number) => {
    let interval = intervals.get(node);
    if (!interval) {
      const size = Math.ceil(elementsIn(node, rows) / ALIGNMENT) * ALIGNMENT;
      interval = { nodes: [node], size, first: at, last: at, lastUse: lastUse.get(node) ?? -1 };
      intervals.set(node, interval);
    }
    interval.last = Math.max(interval.last, at);
    return interval;
  };
  for (const node of inputs) {
    if (placed(node)) continue;
    open(node, -1);
    open(node, end);
  }
  instructions.forEach((instruction, at) => {
    const tensors = tensorsOf(instruction);
    for (const { node, written } of tensors) if (!written && !placed(node)) open(node, at);
    for (const [i, name] of instruction.writes.entries()) {
      const node = tensors.find((t) => t.name === name)?.node;
      if (!node || placed(node) || intervals.has(node)) {
        if (node && !placed(node)) open(node, at);
        continue;
      }
      const donor = i === 0 && share ? inPlaceDonor(instruction, node, at) : undefined;
      if (donor) {
        donor.nodes.push(node);
        donor.lastUse = Math.max(donor.lastUse, lastUse.get(node) ?? -1);
        intervals.set(node, donor);
      } else {
        open(node, at);
      }
    }
  });

  function inPlaceDonor(instruction: Instruction, node: Node, at: number): Interval | undefined {
    for (const name of instruction.inPlace) {
      const operand = instruction.operands[name];
      const source = operand?.kind === 'tensor' ? operand.node : undefined;
      const interval = source && intervals.get(source);
      // Nothing else may read the operand's memory in this instruction or later, under any of its names.
      if (!interval || interval.last !== at || interval.lastUse > at || lastUse.get(source) !== at) continue;
      if (elementsIn(source, rows) === elementsIn(node, rows)) return interval;
    }
    return undefined;
  }

  // Intervals were extended to later uses only as the instructions were met: an in-place chain shares one interval.
  const all = [...new Set(intervals.values())];
  for (const interval of all) interval.last = Math.max(interval.last, interval.lastUse);

  const unshared = all.reduce((sum, { nodes, size }) => sum + nodes.length * size, 0);
  const { places, size } = share ? arrange(all, end) : stack(bySize(all));
  const offsets = new Map<Node, number>();
  for (const [{ nodes }, offset] of places) for (const node of nodes) offsets.set(node, offset);
  return { offsets, size, unshared };
}

interface Arrangement {
  readonly places: ReadonlyMap<Interval, number>;
  readonly size: number;
}

/** The largest first. */
function bySize(intervals: readonly Interval[]): Interval[] {
  return [...intervals].sort((a, b) => b.size - a.size || a.first - b.first);
}

/** One behind the other, in the order they come. */
function stack(order: readonly Interval[]): Arrangement {
  const places = new Map<Interval, number>();
  let size = 0;
  for (const interval of order) {
    places.set(interval, size);
    size += interval.size;
  }
  return { places, size };
}

function arrange(intervals: readonly Interval[], end: number): Arrangement {
  const inTime = arrangeInTime(intervals, peak(intervals, end));
  if (intervals.length > MAX_COMPARED) return inTime;
  const largestFirst = arrangeBySize(intervals);
  return largestFirst.size <= inTime.size ? largestFirst : inTime;
}

/** The most elements alive at one time: no arrangement takes less. */
function peak(intervals: readonly Interval[], end: number): number {
  const change = new Array<number>(end + 3).fill(0);
  for (const { first, last, size } of intervals) {
    change[first + 1] = (change[first + 1] as number) + size;
    change[last + 2] = (change[last + 2] as number) - size;
  }
  let alive = 0;
  return change.reduce((most, d) => {
    alive += d;
    return Math.max(most, alive);
  }, 0);
}

/** Gives each interval, the largest first, the lowest gap among those it meets. */
function arrangeBySize(intervals: readonly Interval[]): Arrangement {
  const places = new Map<Interval, number>();
  const settled: { interval: Interval; offset: number }[] = [];
  let size = 0;
  for (const interval of bySize(intervals)) {
    let gap = 0;
    for (const { interval: other, offset } of settled) {
      if (offset >= gap + interval.size) break;
      if (other.last < interval.first || interval.last < other.first) continue;
      gap = Math.max(gap, offset + other.size);
    }
    places.set(interval, gap);
    const above = settled.findIndex(({ offset }) => offset > gap);
    settled.splice(above < 0 ? settled.length : above, 0, { interval, offset: gap });
    size = Math.max(size, gap + interval.size);
  }
  return { places, size };
}

/**
 * Gives each interval, as they begin, the lowest gap that is free then, or the upper end of `height` where the gap lies above others that go
 * on. A chain so goes from end to end and needs no more than two neighbours do. Only free gaps are looked at, of which a program has few.
 */
function arrangeInTime(intervals: readonly Interval[], height: number): Arrangement {
  const order = [...intervals].sort((a, b) => a.first - b.first || b.last - a.last);
  const byEnd = [...intervals].sort((a, b) => a.last - b.last);
  const places = new Map<Interval, number>();
  /** What is free below `top`, the end of the highest that is alive: neither touching nor overlapping, the lowest first. */
  const gaps: { from: number; to: number }[] = [];
  let top = 0;
  let size = 0;
  let ended = 0;
  // What is alive from the start lies at the bottom: above it is as low as it gets.
  let floor = 0;
  const release = (from: number, to: number) => {
    let low = 0;
    for (let high = gaps.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((gaps[middle] as { from: number }).from < from) low = middle + 1;
      else high = middle;
    }
    const below = gaps[low - 1];
    const above = gaps[low];
    const joined = { from: below?.to === from ? below.from : from, to: above?.from === to ? above.to : to };
    const first = below?.to === from ? low - 1 : low;
    const count = (below?.to === from ? 1 : 0) + (above?.from === to ? 1 : 0);
    if (joined.to === top) {
      top = joined.from;
      gaps.splice(first, count);
    } else {
      gaps.splice(first, count, joined);
    }
  };
  for (const interval of order) {
    for (let other = byEnd[ended]; other && other.last < interval.first; other = byEnd[++ended]) {
      const offset = places.get(other) as number;
      release(offset, offset + other.size);
    }
    const at = gaps.findIndex(({ from, to }) => to - from >= interval.size);
    const gap = gaps[at];
    let offset = gap ? gap.from : top;
    if (offset > floor && top + interval.size <= height) offset = height - interval.size;
    if (gap && offset === gap.from) {
      if (gap.from + interval.size === gap.to) gaps.splice(at, 1);
      else gap.from += interval.size;
    } else {
      if (offset > top) gaps.push({ from: top, to: offset });
      top = offset + interval.size;
    }
    if (interval.first < 0 && offset === floor) floor += interval.size;
    places.set(interval, offset);
    size = Math.max(size, offset + interval.size);
  }
  return { places, size };
}
