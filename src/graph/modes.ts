import { Node, topological } from './node.js';

/** What a graph is run for: a training step, or everything else. */
export type Mode = 'training' | 'prediction';

/**
 * How a graph is in a mode: a function that gives the node a node stands for, itself where nothing below it depends on the mode.
 * @param mode none for both
 * @param known what stands for some nodes
 */
export function resolver(mode: Mode | undefined, known = new Map<Node, Node>()): (node: Node) => Node {
  return (root) => {
    for (const node of topological([root], known)) {
      const inputs = node.inputs.map((x) => known.get(x) as Node);
      const same = inputs.every((x, i) => x === node.inputs[i]);
      if (mode && node.op.byMode) known.set(node, inputs[mode === 'training' ? 0 : 1] as Node);
      else known.set(node, same ? node : new Node(node.op, inputs, node.shape, node.attributes, node.name));
    }
    return known.get(root) as Node;
  };
}
