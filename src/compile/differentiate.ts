import { NeuriteError } from '../errors.js';
import type { Mode } from '../graph/modes.js';
import { dependents, Node, topological } from '../graph/node.js';
import { add } from '../ops/add.js';
import { inputOp } from '../ops/leaves.js';

/** One term of what is differentiated: a node and ∂L/∂node. */
export interface Seed {
  readonly node: Node;
  readonly gradient: Node;
}

/**
 * Reverse mode, graph to graph: ∂L/∂w for each w of `wrt`, where L = Σ ⟨gradient, node⟩ over the seeds. `undefined` where L does not
 * depend on w. Only nodes on a path from `wrt` to a seed are visited, so nothing is differentiated that nobody asked for.
 * @param past nodes that depend on no w: they and what they are made of are not looked at
 * @param mode of a graph that is not resolved to one: nodes that differ by mode are what they are in this one
 */
export function gradients(seeds: readonly Seed[], wrt: readonly Node[], past?: ReadonlySet<Node>, mode?: Mode): (Node | undefined)[] {
  const order = topological(
    seeds.map((seed) => seed.node),
    past,
  );
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
    const slopes = mode && node.op.byMode ? (mode === 'training' ? [dy] : [undefined, dy]) : node.op.backward(node, dy);
    slopes.forEach((d, i) => {
      const x = node.inputs[i] as Node;
      if (d && active.has(x)) accumulate(x, d);
    });
  }
  return wrt.map((node) => gradient.get(node));
}

/** Forward mode, graph to graph: the tangent of each node of `of`, given those of some of their ancestors. `undefined` is zero. */
export function tangents(of: readonly Node[], known: ReadonlyMap<Node, Node>): (Node | undefined)[] {
  const tangent = new Map<Node, Node>(known);
  const order = topological(of);
  // What holds no v of `tangentOf`: the nodes themselves, and the tangents so far.
  const past = new Set([...order, ...known.values()]);
  for (const node of order) {
    if (tangent.has(node)) continue;
    const dx = node.inputs.map((x) => tangent.get(x));
    if (dx.every((d) => d === undefined)) continue;
    const dy = tangentOf(node, dx, past);
    if (!dy) continue;
    tangent.set(node, dy);
    past.add(dy);
  }
  return of.map((node) => tangent.get(node));
}

/**
 * dy = Σ ∂y/∂xᵢ·dxᵢ, as the transpose of the backward rule: that gives vᵀ·∂y/∂xᵢ, which is linear in v, and whose gradient by v from the seeds
 * dxᵢ is dy. So v itself is in no tangent.
 * @throws NeuriteError where it is: a definition of one's own may have a rule that is no derivative, such as one that clips what comes
 */
function tangentOf(node: Node, dx: readonly (Node | undefined)[], past: ReadonlySet<Node>): Node | undefined {
  const v = new Node(inputOp, [], node.shape);
  const seeds = node.op.backward(node, v).flatMap((transposed, i) => {
    const gradient = dx[i];
    return transposed && gradient ? [{ node: transposed, gradient }] : [];
  });
  const [dy] = gradients(seeds, [v], past);
  if (dy && topological([dy], past).includes(v))
    throw new NeuriteError('GRAPH', `${node.op.name}: its backward rule is not linear in dy, so there are no derivatives forward through ${node}`);
  return dy;
}
