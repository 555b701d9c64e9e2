import { dependents, type Node, topological } from '../graph/node.js';
import { add } from '../ops/add.js';

/** One term of what is differentiated: a node and ∂L/∂node. */
export interface Seed {
  readonly node: Node;
  readonly gradient: Node;
}

/**
 * Reverse mode, graph to graph: ∂L/∂w for each w of `wrt`, where L = Σ ⟨gradient, node⟩ over the seeds. `undefined` where L does not
 * depend on w. Only nodes on a path from `wrt` to a seed are visited, so nothing is differentiated that nobody asked for.
 */
export function gradients(seeds: readonly Seed[], wrt: readonly Node[]): (Node | undefined)[] {
  const order = topological(seeds.map((seed) => seed.node));
  const active = dependents(order, wrt);
  const gradient = new Map<Node, Node>();
  const accumulate = (node: Node, d: Node) => {
    const sum = gradient.get(node);
    gradient.set(node, sum ? add(sum, d) : d);
  };
  for (const seed of seeds) accumulate(seed.node, seed.gradient);
  for (const node of order.reverse()) {
    const dy = gradient.get(node);
    if (!dy || !active.has(node) || node.inputs.length === 0) continue;
    node.op.backward(node, dy).forEach((d, i) => {
      const x = node.inputs[i] as Node;
      if (d && active.has(x)) accumulate(x, d);
    });
  }
  return wrt.map((node) => gradient.get(node));
}

/** Forward mode, graph to graph: the tangent of each node of `of`, given those of some of their ancestors. `undefined` is zero. */
export function tangents(of: readonly Node[], known: ReadonlyMap<Node, Node>): (Node | undefined)[] {
  const tangent = new Map<Node, Node>(known);
  for (const node of topological(of)) {
    if (tangent.has(node)) continue;
    const dx = node.inputs.map((x) => tangent.get(x));
    if (dx.every((d) => d === undefined)) continue;
    const dy = node.op.tangent(node, dx);
    if (dy) tangent.set(node, dy);
  }
  return of.map((node) => tangent.get(node));
}
