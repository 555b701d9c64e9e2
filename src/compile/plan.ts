import type { Node } from '../graph/node.js';
import { elements } from '../graph/shape.js';
import { type Instruction, tensorsOf } from './instruction.js';

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

interface Interval {
  readonly nodes: Node[];
  readonly size: number;
  first: number;
  last: number;
}

/** Elements of a tensor in a batch of `rows`. */
export function elementsIn(node: Node, rows: number): number {
  return elements(node.shape) * (node.shape.batched ? rows : 1);
}

/**
 * Gives every tensor that is not placed elsewhere its offset, so that tensors alive at the same time never overlap and the others share:
 * the better of two arrangements, by descending size and in the order of time. A tensor written in place takes over its operand's memory.
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
  const intervals = new Map<Node, Interval>();
  const open = (node: Node, at: number) => {
    let interval = intervals.get(node);
    if (!interval) {
      const size = Math.ceil(elementsIn(node, rows) / ALIGNMENT) * ALIGNMENT;
      interval = { nodes: [node], size, first: at, last: at };
      intervals.set(node, interval);
    }
    interval.last = Math.max(interval.last, at);
    return interval;
  };
  const end = instructions.length;
  for (const node of inputs) {
    if (placed(node)) continue;
    open(node, -1);
    open(node, end);
  }
  const lastUse = new Map<Node, number>();
  instructions.forEach((instruction, at) => {
    for (const { node } of tensorsOf(instruction)) lastUse.set(node, at);
  });
  for (const node of [...inputs, ...outputs]) lastUse.set(node, end);
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
      if (interval && interval.last === at && lastUse.get(source) === at && elementsIn(source, rows) === elementsIn(node, rows)) {
        // Nothing else may read the operand's memory in this instruction or later, under any of its names.
        if (interval.nodes.every((n) => (lastUse.get(n) ?? -1) <= at)) return interval;
      }
    }
    return undefined;
  }

  // Intervals were extended to later uses only as the instructions were met: an in-place chain shares one interval.
  const all = [...new Set(intervals.values())];
  for (const interval of all) for (const node of interval.nodes) interval.last = Math.max(interval.last, lastUse.get(node) ?? -1);

  const unshared = all.reduce((sum, { nodes, size }) => sum + nodes.length * size, 0);
  if (!share) {
    for (const interval of all) {
      interval.first = -1;
      interval.last = end;
    }
  }
  const bySize = arrange(
    [...all].sort((a, b) => b.size - a.size || a.first - b.first),
    0,
  );
  const inTime = arrange(
    [...all].sort((a, b) => a.first - b.first || b.last - a.last),
    peak(all, end),
  );
  const { places, size } = bySize.size <= inTime.size ? bySize : inTime;
  const offsets = new Map<Node, number>();
  for (const [{ nodes }, offset] of places) for (const node of nodes) offsets.set(node, offset);
  return { offsets, size, unshared };
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

/**
 * Gives each interval, in the order they come, the lowest gap among those it meets; with a `height`, the upper end of so much memory where
 * the lower is taken. In the order of time a chain so goes from end to end and needs no more than two neighbours do.
 */
function arrange(order: readonly Interval[], height: number): { places: Map<Interval, number>; size: number } {
  const places = new Map<Interval, number>();
  const settled: { interval: Interval; offset: number }[] = [];
  let size = 0;
  for (const interval of order) {
    let gap = 0;
    let top = 0;
    // What is alive from the start lies at the bottom: above it is as low as it gets.
    let floor = 0;
    for (const other of settled) {
      const { first, last } = other.interval;
      if (last < interval.first || interval.last < first) continue;
      const above = other.offset + other.interval.size;
      if (other.offset < gap + interval.size) gap = Math.max(gap, above);
      if (first < 0 && other.offset === floor) floor = above;
      top = Math.max(top, above);
    }
    const offset = gap > floor && top + interval.size <= height ? height - interval.size : gap;
    places.set(interval, offset);
    settled.push({ interval, offset });
    settled.sort((a, b) => a.offset - b.offset);
    size = Math.max(size, offset + interval.size);
  }
  return { places, size };
}
