import type { Opcode } from '../../assembly/opcodes.js';
import { describe, isOf } from '../arguments/describe.js';
import { NeuriteError, ShapeError, ValueError } from '../errors.js';
import { formatShape, type Shape, sameShape } from './shape.js';

/** What an op knows besides its inputs. */
export type Attributes = Readonly<Record<string, number | boolean | string>>;

/** What an attribute may be: any number, a size of a tensor, the flags of `Factor`, true or false. */
export type AttributeKind = 'number' | 'size' | 'factors' | 'boolean';

/** Which values a node can have. */
export type Range = readonly [low: number, high: number];

/** An operand before it has a place: a tensor, or a number of one of the kinds of `assembly/opcodes.ts`. */
export type Operand =
  | {
      readonly kind: 'tensor';
      readonly node: Node | undefined;
      /** Whether instructions of the body name it: it then has no word of its own. */
      readonly inBody?: boolean;
    }
  | { readonly kind: 'size'; readonly count: number; readonly perRow: boolean }
  | { readonly kind: 'f32' | 'f64' | 'word'; readonly value: number };

/** One instruction of a program, its tensors not yet placed. */
export interface Instruction {
  readonly opcode: Opcode;
  /** In the order of the words of its form. */
  readonly operands: Readonly<Record<string, Operand>>;
  /** Names of the operands it writes; all other tensors are only read. */
  readonly writes: readonly string[];
  /** Operands whose memory the first written one may take over. */
  readonly inPlace: readonly string[];
  /** What a written parameter's or state's operand is, for explain(); the node's own label where left out. */
  readonly label?: string;
  /** The instructions that it runs tile by tile. Tensors that they share with others are operands of the whole. */
  readonly body?: readonly Instruction[];
}

/** The value of an op in float64, for `neurite/check`. It shares no code with the kernels. */
export type Float64Value =
  | {
      /** One number from the numbers at its place: of one input with the constants α and β, or of two inputs. */
      readonly each: (x: number, y: number, z: number) => number;
      /** On which side of a kink these numbers lie; two points with the same sides have no kink between them. */
      readonly side?: (x: number, y: number, z: number) => number;
    }
  | {
      /** All numbers, row by row, from those of the inputs. */
      readonly all: (node: Node, inputs: readonly Float64Array[], rows: number) => Float64Array;
      readonly sides?: (node: Node, inputs: readonly Float64Array[]) => number[];
    };

/**
 * The definition of an operation on tensors: all that the rest of the library knows of it. It travels with its nodes, so an op needs no entry
 * anywhere to be used. Rules of differentiation return graph nodes, never opcodes, and use only ops that have such rules themselves: a
 * derivative can be differentiated again. `undefined` stands for a derivative of zero.
 */
export interface Op {
  /** By which traces, diagrams and files call it. */
  readonly name: string;
  /** How many inputs it takes; Infinity for any number from one on. A leaf has none. */
  readonly inputs: number;
  /** What a node knows besides its inputs, and of which kind. */
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** Whether each number follows from the numbers at its place alone, in every input of the node's own shape. */
  readonly diagonal: boolean;
  /** The shape of the value. @throws NeuriteError when inputs or attributes don't fit; leaves are made with a shape instead */
  shape(inputs: readonly Node[], attributes: Attributes): Shape;
  /** ∂L/∂xᵢ for each input, given dy = ∂L/∂y, in which each is linear. Forward mode follows from it: see `tangents`. */
  backward(node: Node, dy: Node): (Node | undefined)[];
  /** The instructions that make the node from its inputs. Left out by leaves that come from outside, and by ops with `compose`. */
  readonly kernel?: (node: Node) => readonly Instruction[];
  /** The same value made of other ops, in place of a kernel: of the node's inputs, without parameters and constants. */
  readonly compose?: (node: Node) => Node;
  /** The opcode by which a linear layer makes the value in the same pass; for unary ops that need no second look at their input. */
  readonly inLinear?: Opcode;
  /** Along which axis the op repeats its input. Users do not write such ops: they bring two shapes together. */
  readonly repeats?: 'rows' | 'features';
  /** Whether files may not hold the op: it reads what no saved graph has. */
  readonly unsaved?: boolean;
  /** Whether a node stands for its first input in training steps, for its second in everything else. */
  readonly byMode?: boolean;
  /** Where the op takes numbers of an input for ids: which input, which of its features, and how many ids there are. */
  readonly readsIds?: (node: Node) => { readonly input: Node; readonly feature: number; readonly count: number };
  /** The values a node can have, given those of its inputs; any number where left out. */
  readonly range?: (node: Node, rangeOf: (x: Node) => Range) => Range | undefined;
  /** The constants of a node as text, for diagrams. */
  readonly constants?: (node: Node) => string;
  /** The value in float64. Ops under `src/ops` export it beside their definition, where pages without `neurite/check` don't load it. */
  readonly value?: Float64Value;
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
      `${op}: ${which} is ${describe(x)}, expected a node, such as input(4), dense(3)(x), parameter(3) or constant([1, 2, 3])${x === undefined && operands.length === 1 ? '; in a list of layers a function of a node stands as it is, not called' : ''}`,
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

/** Every node that `roots` depend on, inputs before users; those of an earlier root come first. Nodes of `past` and what these depend on are left out. */
export function topological(roots: readonly Node[], past?: { has(node: Node): boolean }): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const known = (node: Node) => seen.has(node) || past?.has(node) === true;
  const stack: { node: Node; next: number }[] = [];
  for (const root of roots) {
    if (known(root)) continue;
    seen.add(root);
    stack.push({ node: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: Node; next: number };
      const input = top.node.inputs[top.next++];
      if (!input) {
        order.push(top.node);
        stack.pop();
      } else if (!known(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/** These nodes, and which of `nodes`, inputs before users, depend on one of them; `before`: what is known of others. */
export function dependents(nodes: readonly Node[], on: Iterable<Node>, before?: ReadonlySet<Node>): Set<Node> {
  const found = new Set(on);
  for (const node of nodes) if (node.inputs.some((x) => found.has(x) || before?.has(x))) found.add(node);
  return found;
}

/** The first node that adds up over the rows of its inputs. */
export function acrossRows(nodes: readonly Node[]): Node | undefined {
  return nodes.find((node) => !node.shape.batched && node.inputs.some((x) => x.shape.batched));
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
