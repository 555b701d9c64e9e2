import { describe, fieldOf, isOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ShapeError, ValueError } from '../errors.js';
import { checkNodes, Node, named as rename } from '../graph/node.js';
import { formatShape, sameShape } from '../graph/shape.js';
import { Parameter, State } from '../ops/leaves.js';
import { checkPositive } from './options.js';

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

/**
 * A layer of one's own: `trace`, `summary`, diagrams, files and views show it by its kind, and what `apply` names of it by those names.
 *
 * `apply` is called for each node that the layer is applied to. It makes its parameters on the first call and uses them again on the others. Its
 * result is the layer's value, or `{ output, parameters, nodes, attributes, updates }`. An output that is the input itself is refused.
 *
 * @param kind what it is called where the user gives no name: `scale1`, `scale2`, … for `scale`
 * @throws ValueError for a kind that is no word, or parts that are none
 */
export function layer(kind: string, apply: (x: Node) => Node | LayerParts, options: LayerOptions = {}): Layer {
  if (typeof kind !== 'string' || kind === '') throw new ValueError(`layer: kind is ${describe(kind)}, expected a word, such as 'scale'`);
  if (typeof apply !== 'function') throw new ValueError(`layer: apply is ${describe(apply)}, expected a function of a node`);
  const { name, trainable = true } = checkOptions('layer', options ?? {}, ['name', 'trainable']);
  if (typeof trainable !== 'boolean') throw new ValueError(`${name ?? kind}: trainable is ${describe(trainable)}, expected true or false`);
  if (name !== undefined && typeof name !== 'string') throw new ValueError(`${kind}: name is ${describe(name)}, expected a string`);
  const call = name ?? kind;
  return (x) => {
    checkNodes(call, [x]);
    if (!x.shape.batched) throw new ShapeError(`${call}: ${x} is no batch, expected [rows, features]`);
    const made = apply(x);
    const parts: LayerParts = isOf(made, Node) ? { output: made as Node } : (made as LayerParts);
    const read = readParts(call, parts);
    const { output } = read;
    if (layerOf(output))
      throw new ValueError(
        `${call}: the output is that of the layer ${layerOf(output)?.kind}, expected a node of its own; a plain function composes layers: x => b(a(x))`,
      );
    if (output === x) throw new ValueError(`${call}: the output is the input itself, expected a node of its own`);
    return recordLayer(Object.freeze({ kind, name, input: x, trainable, ...read }));
  };
}

/** Parts as they are now. @throws ValueError naming the one that is none */
function readParts(call: string, parts: LayerParts): Omit<LayerRecord, 'kind' | 'name' | 'input' | 'trainable'> {
  const output = fieldOf(parts, 'output') as Node;
  if (!isOf(output, Node)) throw new ValueError(`${call}: apply gave ${describe(parts)}, expected a node, or { output, parameters, … }`);
  if (!output.shape.batched) throw new ShapeError(`${call}: the output ${output} is no batch, expected [rows, features]`);
  const entries = (what: 'parameters' | 'nodes' | 'attributes' | 'maxNorms') => Object.entries((fieldOf(parts, what) ?? {}) as object);
  const parameters = entries('parameters');
  for (const [name, node] of parameters) {
    if (!isOf(node, Parameter) && !isOf(node, State))
      throw new ValueError(`${call}: parameters.${name} is ${describe(node)}, expected a node of parameter() or state()`);
  }
  const nodes = entries('nodes');
  for (const [name, node] of nodes) if (!isOf(node, Node)) throw new ValueError(`${call}: nodes.${name} is ${describe(node)}, expected a node`);
  const attributes = entries('attributes');
  for (const [name, value] of attributes)
    if (typeof value !== 'string') throw new ValueError(`${call}: attributes.${name} is ${describe(value)}, expected a string`);
  const maxNorms = entries('maxNorms');
  for (const [name, value] of maxNorms) {
    if (!isOf(fieldOf(fieldOf(parts, 'parameters'), name), Parameter))
      throw new ValueError(`${call}: maxNorms.${name} is of no parameter, expected one of ${parameters.map(([key]) => key).join(', ')}`);
    checkPositive(call, name === 'weights' ? 'maxNorm' : `maxNorms.${name}`, value);
  }
  const updates = Array.from((fieldOf(parts, 'updates') ?? []) as readonly StateUpdate[], (update) => {
    const [state, next] = [fieldOf(update, 'state'), fieldOf(update, 'next')];
    if (!isOf(state, State) || typeof next !== 'function')
      throw new ValueError(`${call}: updates has ${describe(update)}, expected { state, next }, a node of state() and a function of a node`);
    return { state: state as State, next: (current: Node) => checkNext(call, state as State, next.call(update, current)) };
  });
  return {
    output,
    parameters: Object.freeze(Object.fromEntries(parameters)),
    nodes: Object.freeze(Object.fromEntries(nodes)),
    attributes: Object.freeze(Object.fromEntries(attributes)),
    updates,
    penalties: Object.freeze(Array.from((fieldOf(parts, 'penalties') ?? []) as readonly Node[])),
    maxNorms: Object.freeze(Object.fromEntries(maxNorms)),
  };
}

/** @throws ShapeError where a state would become a tensor of another shape */
function checkNext(call: string, state: State, next: unknown): Node {
  checkNodes(call, [next]);
  if (!sameShape((next as Node).shape, state.shape))
    throw new ShapeError(`${call}: ${next} came as the next value of ${state}, expected the shape ${formatShape(state.shape)}`);
  return next as Node;
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
