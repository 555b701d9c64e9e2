import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';

/** How many ids there are for each feature of an input: the feature is a whole number below that. 0 for a feature that is a number. */
export type IdCounts = readonly number[];

/** The ids that the features of an input stand for, from the tables that they are looked up in; undefined for an input of numbers. */
export function idsOf(input: Node, nodes: readonly Node[]): IdCounts | undefined {
  const counts = new Map<number, number>();
  for (const node of nodes) {
    const read = node.op.readsIds?.(node);
    if (read?.input === input) counts.set(read.feature, Math.min(counts.get(read.feature) ?? Number.POSITIVE_INFINITY, read.count));
  }
  return counts.size > 0 ? Array.from({ length: features(input.shape) }, (_, j) => counts.get(j) ?? 0) : undefined;
}
