import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { sliceOp } from '../ops/columns.js';
import { embedOp } from '../ops/embed.js';

/** How many ids there are for each feature of an input: the feature is a whole number below that. 0 for a feature that is a number. */
export type IdCounts = readonly number[];

/** The ids that the features of an input stand for, from the tables that they are looked up in; undefined for an input of numbers. */
export function idsOf(input: Node, nodes: readonly Node[]): IdCounts | undefined {
  const counts = new Map<number, number>();
  for (const { op, inputs } of nodes) {
    if (op !== embedOp) continue;
    const [table, ids] = inputs as [Node, Node];
    const from = ids === input ? 0 : ids.op === sliceOp && ids.inputs[0] === input ? (ids.attributes.start as number) : undefined;
    if (from !== undefined) counts.set(from, Math.min(counts.get(from) ?? Number.POSITIVE_INFINITY, table.shape.size[0] as number));
  }
  return counts.size > 0 ? Array.from({ length: features(input.shape) }, (_, j) => counts.get(j) ?? 0) : undefined;
}
