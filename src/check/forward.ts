/**
 * The graph of a network evaluated in float64, with an arithmetic so fine that differences of its values give derivatives: each op by its
 * float64 value, apart from the kernels and from the rules of differentiation.
 */
import { NeuriteError } from '../errors.js';
import { type Float64Value, type Node, type Op, topological } from '../graph/node.js';
import { values } from '../ops/values.generated.js';

/** The values of a node, row by row. */
export type Numbers = Float64Array;

/** An op's own value, or that of the library's op of its name; undefined for one that is composed of others. */
function float64Of(op: Op): Float64Value | undefined {
  return op.value ?? (op.compose ? undefined : values.get(op.name));
}

/** The two numbers that go into an elementwise value beside x, at place i: the second input's and nothing, or the constants α and β. */
function beside(node: Node, [, b]: readonly Numbers[]): (i: number) => [number, number] {
  const { alpha = 0, beta = 0 } = node.attributes as { alpha?: number; beta?: number };
  return b ? (i) => [b[i] as number, 0] : () => [alpha, beta];
}

function evaluate(node: Node, inputs: readonly Numbers[], rows: number): Numbers {
  const value = float64Of(node.op);
  if (value && 'all' in value) return value.all(node, inputs, rows);
  if (value) {
    const others = beside(node, inputs);
    return (inputs[0] as Numbers).map((x, i) => value.each(x, ...others(i)));
  }
  const inside = insideOf(node, inputs, rows);
  if (!inside) throw new NeuriteError('GRAPH', `checkGradients: there is no float64 value for ${node}`);
  return inside.values.get(inside.composed) as Numbers;
}

/** What an op without a value of its own is composed of, evaluated. */
function insideOf(node: Node, inputs: readonly Numbers[], rows: number) {
  const composed = node.op.compose?.(node);
  if (!composed) return undefined;
  const leaves = new Map(node.inputs.map((x, i) => [x, inputs[i] as Numbers]));
  const order = topological([composed], leaves);
  return { composed, order, values: forward([...leaves.keys(), ...order], leaves, rows) };
}

/**
 * The values of all nodes, `order` having inputs before users and `leaves` those that come from outside.
 * @throws NeuriteError for an op that has no float64 value
 */
export function forward(order: readonly Node[], leaves: ReadonlyMap<Node, ArrayLike<number>>, rows: number): Map<Node, Numbers> {
  const found = new Map<Node, Numbers>();
  for (const node of order) {
    const given = leaves.get(node);
    const inputs = node.inputs.map((x) => found.get(x) as Numbers);
    found.set(node, given ? Float64Array.from(given) : evaluate(node, inputs, rows));
  }
  return found;
}

/** Where all kinks of a graph are passed: two points with the same sides have none between them, as far as a straight way may tell. */
export function sidesOf(order: readonly Node[], found: ReadonlyMap<Node, Numbers>, rows: number): number[] {
  return order.flatMap((node) => {
    const value = float64Of(node.op);
    const inputs = node.inputs.map((x) => found.get(x) as Numbers);
    if (!value) {
      const inside = insideOf(node, inputs, rows);
      return inside ? sidesOf(inside.order, inside.values, rows) : [];
    }
    if ('all' in value) return value.sides?.(node, inputs) ?? [];
    const { side } = value;
    const others = beside(node, inputs);
    return side ? Array.from(inputs[0] as Numbers, (x, i) => side(x, ...others(i))) : [];
  });
}
