import type { Node } from './node.js';

/**
 * Gives out names, each once: the wish itself, or where that is taken the wish with `_2`, `_3`, …. However often the same is wished for, each
 * name takes the same time.
 */
export function uniqueNames(reserved: readonly string[] = []): (wish: string) => string {
  const taken = new Set(reserved);
  const next = new Map<string, number>();
  return (wish) => {
    let name = wish;
    let i = next.get(wish) ?? 2;
    while (taken.has(name)) name = `${wish}_${i++}`;
    next.set(wish, i);
    taken.add(name);
    return name;
  };
}

/** A name for each node, each once: the known one, the node's own, or its op with a number, as in `mul1`, `mul2`. */
export function nameNodes(nodes: readonly Node[], known: ReadonlyMap<Node, string>): Map<Node, string> {
  const counts = new Map<string, number>();
  const unique = uniqueNames();
  const names = new Map<Node, string>();
  for (const node of nodes) {
    if (names.has(node)) continue;
    const own = known.get(node) ?? node.name;
    const count = (counts.get(node.op.name) ?? 0) + 1;
    if (own === undefined) counts.set(node.op.name, count);
    names.set(node, unique(own ?? `${node.op.name}${count}`));
  }
  return names;
}
