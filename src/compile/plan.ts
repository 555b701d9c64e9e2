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
 * Gives every tensor that is not placed elsewhere its offset, so that tensors alive at the same time never overlap and the
 * others share: intervals by descending size, each at the lowest gap among those it meets (greedy by size). A tensor written in place
 * takes over its operand's memory.
 *
 * @param placed nodes that live in other blocks
 * @param pinned nodes alive throughout: what the caller writes before a run or reads after it
 * @param share whether memory may be shared at all
 */
export function planMemory(
  instructions: readonly Instruction[],
  placed: (node: Node) => boolean,
  pinned: readonly Node[],
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
  for (const node of pinned) {
    if (placed(node)) continue;
    open(node, -1);
    open(node, end);
  }
  const lastUse = new Map<Node, number>();
  instructions.forEach((instruction, at) => {
    for (const { node } of tensorsOf(instruction)) lastUse.set(node, at);
  });
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

  const offsets = new Map<Node, number>();
  const settled: { interval: Interval; offset: number }[] = [];
  let size = 0;
  let unshared = 0;
  for (const interval of [...all].sort((a, b) => b.size - a.size || a.first - b.first)) {
    const neighbours = settled.filter(({ interval: o }) => !share || (o.first <= interval.last && interval.first <= o.last)).sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const other of neighbours) {
      if (offset + interval.size <= other.offset) break;
      offset = Math.max(offset, other.offset + other.interval.size);
    }
    settled.push({ interval, offset });
    for (const node of interval.nodes) {
      offsets.set(node, offset);
      unshared += interval.size;
    }
    size = Math.max(size, offset + interval.size);
  }
  return { offsets, size, unshared };
}
