import { Node } from './node.js';

/** What a graph is run for: a training step, or everything else. */
export type Mode = 'training' | 'prediction';

/**
 * How a graph is in a mode: a function that gives the node a node stands for, itself where nothing below it depends on the mode.
 * @param mode none for both
 * @param known what stands for some nodes
 */
export function resolver(mode: Mode | undefined, known = new Map<Node, Node>()): (node: Node) => Node {
  const chooses = (node: Node) => mode && node.op.byMode;
  return (root) => {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      if (known.has(node)) {
        stack.pop();
        continue;
      }
      const needed = chooses(node) ? [node.inputs[mode === 'training' ? 0 : 1] as Node] : node.inputs;
      const open = needed.filter((x) => !known.has(x));
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      const inputs = needed.map((x) => known.get(x) as Node);
      const same = inputs.every((x, i) => x === node.inputs[i]);
      known.set(node, chooses(node) ? (inputs[0] as Node) : same ? node : new Node(node.op, inputs, node.shape, node.attributes, node.name));
      stack.pop();
    }
    return known.get(root) as Node;
  };
}
