import { describe, isOf } from '../arguments/describe.js';
import { NeuriteError, ShapeError, ValueError } from '../errors.js';
import { formatShape, type Shape, sameShape } from './shape.js';

/** What an op knows besides its inputs. */
export type Attributes = Readonly<Record<string, number | boolean | string>>;

/**
 * An operation on tensors: what shape it gives and how it is differentiated. Both rules return graph nodes, never opcodes,
 * and only use ops that have such rules themselves, so a derivative can be differentiated again. `undefined` stands for zero.
 */
export interface Op {
  readonly name: string;
  /** The shape of the value. @throws NeuriteError when inputs or attributes don't fit; leaves are made with a shape instead */
  shape(inputs: readonly Node[], attributes: Attributes): Shape;
  /** ∂L/∂xᵢ for each input, given dy = ∂L/∂y. */
  backward(node: Node, dy: Node): (Node | undefined)[];
  /** dy for the tangents dxᵢ of the inputs, at least one of them defined. */
  tangent(node: Node, dx: readonly (Node | undefined)[]): Node | undefined;
}

let nextId = 0;

/** A tensor of a graph: the op that makes it, from which nodes, and its shape. Immutable; belongs to no core. */
export class Node {
  readonly id = nextId++;

  constructor(
    readonly op: Op,
    readonly inputs: readonly Node[],
    readonly shape: Shape,
    readonly attributes: Attributes = {},
    readonly name?: string,
  ) {
    if (name !== undefined && typeof name !== 'string') throw new ValueError(`${op.name}: name is ${describe(name)}, expected a string`);
    // A graph made of what was there before has no cycle, and gets none.
    Object.freeze(inputs);
  }

  /** What an error calls this node: its name where it has one, else its op. */
  get label(): string {
    return this.name ?? this.op.name;
  }

  toString(): string {
    return `${this.label} ${formatShape(this.shape)}`;
  }
}

/** @throws NeuriteError when one of an op's operands is no node */
export function checkNodes(op: string, operands: readonly unknown[]): void {
  for (const [i, x] of operands.entries()) {
    if (isOf(x, Node)) continue;
    const which = operands.length === 1 ? 'its operand' : `operand ${i}`;
    throw new NeuriteError(
      'GRAPH',
      `${op}: ${which} is ${describe(x)}, expected a node, such as input(4), dense(3)(x), parameter(3) or constant([1, 2, 3])`,
    );
  }
}

/** @throws ValueError when one of an op's constants is no number */
export function checkConstants(op: string, constants: readonly unknown[]): void {
  for (const value of constants) {
    if (typeof value !== 'number' || Number.isNaN(value)) throw new ValueError(`${op}: a constant is ${describe(value)}, expected a number`);
  }
}

/** The node op(inputs; attributes), its shape by the op's own rule. */
export function apply(op: Op, inputs: readonly Node[], attributes: Attributes = {}): Node {
  checkNodes(op.name, inputs);
  return new Node(op, inputs, op.shape(inputs, attributes), attributes);
}

/** The same node under a name, by which `trace`, `summary` and errors show it. */
export function named(node: Node, name: string): Node {
  if (node.inputs.length === 0) throw new NeuriteError('GRAPH', `named: ${node} has no inputs; give it its name where it is made`);
  return new Node(node.op, node.inputs, node.shape, node.attributes, name);
}

/**
 * Every node that `roots` depend on, inputs before users; those of an earlier root come first.
 * @param known nodes to be left out, with what only they depend on
 */
export function topological(roots: readonly Node[], known?: ReadonlySet<Node>): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root) || known?.has(root)) continue;
    seen.add(root);
    stack.push({ node: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: Node; next: number };
      const input = top.node.inputs[top.next++];
      if (!input) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input) && !known?.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/** The shape of an op on one tensor that keeps it. */
export function shapeOfOnly(inputs: readonly Node[]): Shape {
  return (inputs[0] as Node).shape;
}

/** The shape that both nodes have. @throws ShapeError naming both when they differ */
export function commonShape(op: string, [a, b]: readonly Node[]): Shape {
  if (!a || !b || !sameShape(a.shape, b.shape)) throw new ShapeError(`${op}: ${a} and ${b} must have the same shape`);
  return a.shape;
}
