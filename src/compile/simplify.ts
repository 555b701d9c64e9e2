import { NeuriteError } from '../errors.js';
import { Node, type Op, topological } from '../graph/node.js';
import { sameShape } from '../graph/shape.js';
import { Constant, Parameter } from '../ops/leaves.js';

/**
 * The same graph with every repeated subexpression made once: two nodes with the same op, inputs and attributes become one. Ops that have no
 * kernel become what they are composed of. Backward rules may so build what they need without looking whether the forward pass has it.
 * Leaves stay themselves.
 */
export function shareCommon(roots: readonly Node[]): Map<Node, Node> {
  const representative = new Map<Node, Node>();
  const known = new Map<string, Node>();
  // Two ops may have one name.
  const numbers = new Map<Op, number>();
  const visit = (nodes: readonly Node[]) => {
    for (const node of topological(nodes, representative)) representative.set(node, represent(node));
  };
  const represent = (node: Node): Node => {
    if (node.inputs.length === 0 && !node.op.kernel) return node;
    const inputs = node.inputs.map((x) => representative.get(x) as Node);
    if (node.op.compose) {
      const composed = compose(node, representative);
      visit([composed]);
      return representative.get(composed) as Node;
    }
    if (!numbers.has(node.op)) numbers.set(node.op, numbers.size);
    const attributes = Object.entries(node.attributes).map(([name, value]) => `${name}=${Object.is(value, -0) ? '-0' : value}`);
    const key = `${numbers.get(node.op)}(${inputs.map((x) => x.id)})${attributes}${node.inputs.length ? '' : JSON.stringify(node.shape)}`;
    let same = known.get(key);
    if (!same) {
      same = inputs.every((x, i) => x === node.inputs[i]) ? node : new Node(node.op, inputs, node.shape, node.attributes, node.name);
      known.set(key, same);
    }
    return same;
  };
  visit(roots);
  return representative;
}

/** What an op makes of a node's inputs. @throws NeuriteError for another shape, or for values that have no place in the program */
function compose(node: Node, before: ReadonlyMap<Node, Node>): Node {
  const composed = node.op.compose?.(node) as Node;
  const wrong = (problem: string): never => {
    throw new NeuriteError('GRAPH', `${node}: its op is composed to ${problem}`);
  };
  if (!sameShape(composed.shape, node.shape)) wrong(`${composed}, expected the shape of its own rule`);
  const foreign = topological([composed], before).find((x) => x instanceof Parameter || x instanceof Constant);
  if (foreign) wrong(`something of ${foreign}, expected its inputs only`);
  return composed;
}
