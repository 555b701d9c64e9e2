import { describe } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { ShapeError, ValueError } from '../errors.js';
import { checkNodes, type Node, named as rename } from '../graph/node.js';
import type { Parameter, State } from '../ops/leaves.js';

/** A layer: a function from node to node. Applied twice, it uses the same parameters twice. */
export type Layer = (x: Node) => Node;

/** A state after a training step, as a node: of the state as it is, or as an earlier application in the same network leaves it. */
export interface StateUpdate {
  readonly state: Node;
  next(current: Node): Node;
}

/** What one application of a layer put into a graph. */
export interface LayerRecord {
  readonly kind: string;
  /** The name the user gave. */
  readonly name: string | undefined;
  readonly input: Node;
  /** The layer's value. */
  readonly output: Node;
  /** Its parameters and states by the names they have in the layer: `weights`, `biases`; in files behind the layer's name, `dense1.weights`. */
  readonly parameters: Readonly<Record<string, Parameter | State>>;
  /** Nodes between input and output that are worth a name: `z`, before an activation. */
  readonly nodes: Readonly<Record<string, Node>>;
  /** What else is shown of it: `activation: 'relu'`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** What a training step leaves in its states. */
  readonly updates: readonly StateUpdate[];
  /** What is minimised besides because of it. */
  readonly penalties: readonly Node[];
  /** The largest norm of each row of a parameter, by the parameter's name. */
  readonly maxNorms: Readonly<Record<string, number>>;
  /** Whether its parameters begin as trained ones. */
  readonly trainable: boolean;
}

/** What a layer of one's own makes of a node: its value, and what it is to be seen by. */
export interface LayerParts {
  readonly output: Node;
  readonly parameters?: Readonly<Record<string, Node>>;
  readonly nodes?: Readonly<Record<string, Node>>;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly updates?: readonly StateUpdate[];
  /** What is minimised besides, as `penalty` of a network takes it. */
  readonly penalties?: readonly Node[];
  /** The largest norm of each row of a parameter, by the parameter's name: longer ones are shortened behind each training step. */
  readonly maxNorms?: Readonly<Record<string, number>>;
}

/** What every layer takes as options. */
export interface LayerOptions {
  /** By which `trace`, `summary` and errors call it. Default its kind with a number. */
  readonly name?: string | undefined;
  /** Whether training changes its parameters; `net.setTrainable` says otherwise later. Default true. */
  readonly trainable?: boolean | undefined;
}

const applications = new WeakMap<Node, LayerRecord>();

/** Remembers which layer made a node, so that a network can name its layers. */
export function recordLayer(record: LayerRecord): Node {
  applications.set(record.output, record);
  return record.output;
}

/** The layer that made a node, if one did. */
export function layerOf(node: Node): LayerRecord | undefined {
  return applications.get(node);
}

/** The activation's name that a layer is shown with; `identity` where it has none. */
export function activationIn({ attributes }: LayerRecord): string {
  return attributes.activation ?? 'identity';
}

/** What a layer makes of a node, as one of neurite's own says it: nobody else changes it later. */
export interface OwnParts extends Omit<LayerParts, 'parameters'> {
  readonly parameters?: Readonly<Record<string, Parameter | State>>;
}

/**
 * A layer of neurite's own, whose parts are what they say. `apply` is called for each node that the layer is applied to. It makes its parameters on
 * the first call and uses them again on the others.
 *
 * @param kind what it is called where the user gives no name: `scale1`, `scale2`, … for `scale`
 * @throws ValueError for a name that is none, or an output that is the input itself or that of another layer
 */
export function layer(kind: string, apply: (x: Node) => OwnParts, { name, trainable = true }: LayerOptions = {}): Layer {
  checkFlag(name ?? kind, 'trainable', trainable);
  if (name !== undefined && typeof name !== 'string') throw new ValueError(`${kind}: name is ${describe(name)}, expected a string`);
  const call = name ?? kind;
  return (x) => {
    checkNodes(call, [x]);
    if (!x.shape.batched) throw new ShapeError(`${call}: ${x} is no batch, expected [rows, features]`);
    const { output, parameters = {}, nodes = {}, attributes = {}, updates = [], penalties = [], maxNorms = {} } = apply(x);
    if (!output.shape.batched) throw new ShapeError(`${call}: the output ${output} is no batch, expected [rows, features]`);
    const other = layerOf(output);
    if (other)
      throw new ValueError(
        `${call}: the output is that of the layer ${other.kind}, expected a node of its own; a plain function composes layers: x => b(a(x))`,
      );
    if (output === x) throw new ValueError(`${call}: the output is the input itself, expected a node of its own`);
    const shown = { parameters, nodes, attributes, penalties, maxNorms };
    // A penalty's function gets to see them.
    for (const part of Object.values(shown)) Object.freeze(part);
    return recordLayer(Object.freeze({ kind, name, input: x, output, ...shown, updates, trainable }));
  };
}

/**
 * The same node under a name, by which `trace`, `summary` and errors show it. The output of a layer stays the layer's, which takes the
 * name where it has none.
 */
export function named(node: Node, name: string): Node {
  checkNodes('named', [node]);
  if (typeof name !== 'string') throw new ValueError(`named: name is ${describe(name)}, expected a string`);
  const copy = rename(node, name);
  const record = layerOf(node);
  if (!record) return copy;
  const nodes = Object.fromEntries(Object.entries(record.nodes).map(([key, inner]) => [key, inner === node ? copy : inner]));
  return recordLayer({ ...record, name: record.name ?? name, nodes, output: copy });
}
