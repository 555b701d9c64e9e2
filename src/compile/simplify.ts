import { Node, topological } from '../graph/node.js';

/**
 * The same graph with every repeated subexpression made once: two nodes with the same op, inputs and attributes become one.
 * Backward rules may so build what they need without looking whether the forward pass has it. Leaves stay themselves.
 */
export function shareCommon(roots: readonly Node[]): Map<Node, Node> {
  const representative = new Map<Node, Node>();
  const known = new Map<string, Node>();
  for (const node of topological(roots)) {
    if (node.inputs.length === 0 && node.op.name !== 'fill') {
      representative.set(node, node);
      continue;
    }
    const inputs = node.inputs.map((x) => representative.get(x) as Node);
    const attributes = Object.entries(node.attributes).map(([name, value]) => `${name}=${Object.is(value, -0) ? '-0' : value}`);
    const key = `${node.op.name}(${inputs.map((x) => x.id)})${attributes}${node.inputs.length ? '' : JSON.stringify(node.shape)}`;
    let same = known.get(key);
    if (!same) {
      same = inputs.every((x, i) => x === node.inputs[i]) ? node : new Node(node.op, inputs, node.shape, node.attributes, node.name);
      known.set(key, same);
    }
    representative.set(node, same);
  }
  return representative;
}
