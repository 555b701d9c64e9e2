/** A network's architecture as JSON, and back. */
import { FileError, NeuriteError, ValueError } from '../errors.js';
import { Node, topological } from '../graph/node.js';
import { elements, features, type Shape } from '../graph/shape.js';
import { type LayerNodes, recordLayer } from '../layers/layer.js';
import { binaryCrossEntropy, crossEntropy, type Loss, meanSquaredError, squaredError, type WeightedLoss } from '../losses/losses.js';
import { Constant, constantOp, fill, fillOp, type Initial, inputOp, Parameter, parameterOp } from '../ops/leaves.js';
import { makerOf, type Optimizer, type OptimizerMaker } from '../optimizers/optimizer.js';
import { OPTIMIZERS, optimizersByName } from '../optimizers/optimizers.js';
import { Fields, isWhole, type Json, MAX_VALUES, numberOf, numberToJson, show } from './json.js';
import { type AttributeKind, opForms } from './registry.js';

/** The version of what this file writes. A reader refuses others. */
const VERSION = 1;

/** The most nodes a file may hold. */
export const MAX_NODES = 2 ** 14;

/** One less than this is the largest size of an axis. */
const MAX_SIZE = 2 ** 28;

/** The most elements of one tensor: what the address space holds. */
const MAX_ELEMENTS = 2 ** 30;

/**
 * The most parameters of a network made of JSON alone, unless the caller wants more: they have no values there, so that a text of a few bytes
 * may ask for any number of them. So many take 64 MiB, with an optimizer and its state up to four times that, and a second to draw.
 */
export const MAX_PARAMETERS = 2 ** 24;

/** The largest set of `Factor` flags. */
const MAX_FACTORS = 3;

/** A shape as JSON: `["rows", 784]` for a batch, `[128, 784]`, `[128]`. */
type ShapeJson = readonly (number | 'rows')[];

/** A node as JSON. Inputs are indices of earlier nodes. Leaves have a shape; any other node's follows from its op's rule. */
interface NodeJson {
  readonly op: string;
  readonly name?: string;
  readonly inputs?: readonly number[];
  readonly attributes?: { readonly [key: string]: number | string | boolean };
  readonly shape?: ShapeJson;
  readonly initial?: { readonly [key: string]: number | string | boolean };
  /** The tensor of the file that holds a parameter's or constant's values. */
  readonly tensor?: string;
  /** A constant's values, where no file goes with the JSON. */
  readonly values?: readonly (number | string)[];
}

/** A layer as JSON: indices of its nodes. */
interface LayerJson {
  readonly kind: string;
  readonly name: string;
  readonly activation: string;
  readonly input: number;
  readonly z: number;
  readonly u: number;
  readonly weights: number;
  readonly biases?: number;
}

/** A network's architecture, without its parameters: what `toJSON` gives and `fromJSON` takes. */
export interface NetworkJson {
  readonly format: 'neurite';
  readonly version: number;
  /** Inputs before their users. */
  readonly nodes: readonly NodeJson[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly layers: readonly LayerJson[];
  /** The loss of each output, `null` where there is none. Numbers JSON has no word for are strings: "Infinity". */
  readonly losses: readonly ({ readonly [key: string]: number | string | boolean } | null)[];
  readonly optimizer: { readonly [key: string]: number | string | boolean } | null;
  readonly seed: number;
  /** `simd` where the same bits were asked for everywhere, else `auto`. */
  readonly build: 'auto' | 'simd';
  /** The network's `metadata`; left out where there is none. */
  readonly metadata?: { readonly [key: string]: Json };
}

/** A network as its parts: what is written, and what comes of reading. */
export interface Architecture {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  readonly layers: readonly { readonly nodes: LayerNodes; readonly name: string }[];
  readonly losses: readonly (Required<WeightedLoss> | undefined)[];
  readonly optimizer: Optimizer | undefined;
  readonly seed: number;
  readonly build: 'auto' | 'simd';
}

/** A node with values of its own. */
export type Stored = Parameter | Constant;

/** What a tensor costs where it is not stored: the elements of one row. */
function workOf(nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + elements(node.shape), 0);
}

/** The most elements that the tensors of a graph may have together, one row of a batch counted, beside `stored` elements of values. */
function workLimit(stored: number): number {
  return 2 ** 24 + 64 * stored;
}

/**
 * The architecture as JSON.
 * @param tensors where values are stored in the file; without them a constant's values are part of the JSON, and a parameter's are nowhere
 * @throws NeuriteError for an op that is not neurite's own, or a graph larger than a reader takes
 */
export function writeArchitecture(call: string, architecture: Architecture, tensors?: ReadonlyMap<Stored, string>): NetworkJson {
  const { inputs, outputs, losses, optimizer, seed, build } = architecture;
  const nodes = topological(outputs);
  const indices = new Map(nodes.map((node, i) => [node, i]));
  const index = (node: Node) => indices.get(node) as number;
  const stored = nodes.filter((node) => node instanceof Parameter || node instanceof Constant);
  if (outputs.length > MAX_NODES) throw new ValueError(`${call}: the network has ${outputs.length} outputs, expected at most ${MAX_NODES}`);
  if (nodes.length > MAX_NODES) throw new ValueError(`${call}: the graph has ${nodes.length} nodes, expected at most ${MAX_NODES}`);
  if (workOf(nodes) > workLimit(workOf(stored)))
    throw new ValueError(`${call}: the graph's tensors have ${workOf(nodes)} elements, more than a file may ask for`);
  const numbers = tensors ? 0 : workOf(nodes.filter((node) => node instanceof Constant));
  if (numbers > MAX_VALUES)
    throw new ValueError(`${call}: the constants have ${numbers} numbers, expected at most ${MAX_VALUES} in JSON; a file made by save() holds more`);
  return {
    format: 'neurite',
    version: VERSION,
    nodes: nodes.map((node) => writeNode(call, node, index, tensors)),
    inputs: inputs.map(index),
    outputs: outputs.map(index),
    // A function may have left a layer's own nodes out of what it returned.
    layers: architecture.layers
      .filter(({ nodes: { input, z, weights, biases } }) => [input, z, weights, biases ?? z].every((node) => indices.has(node)))
      .map(({ name, nodes: { kind, activation, input, z, u, weights, biases } }) => ({
        kind,
        name,
        activation,
        input: index(input),
        z: index(z),
        u: index(u),
        weights: index(weights),
        ...(biases && { biases: index(biases) }),
      })),
    losses: losses.map((entry) => (entry ? encode({ ...entry.loss, weight: entry.weight }) : null)),
    optimizer: optimizer ? writeOptimizer(call, optimizer) : null,
    seed,
    build,
  };
}

/** @throws ValueError where a reader would take the optimizer for one of neurite's own */
function writeOptimizer(call: string, optimizer: Optimizer): Record<string, string | number | boolean> {
  const { name } = optimizer;
  if (Object.hasOwn(OPTIMIZERS, name) && OPTIMIZERS[name] !== makerOf(optimizer))
    throw new ValueError(`${call}: the optimizer is called ${name}, which is one of neurite's own, expected another name in its definition`);
  return encode(optimizer);
}

/** The same fields, numbers as JSON has them. */
function encode(fields: object): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, typeof value === 'number' ? numberToJson(value) : value]));
}

function writeNode(call: string, node: Node, index: (node: Node) => number, tensors: ReadonlyMap<Stored, string> | undefined): NodeJson {
  const { op, attributes } = node;
  const shape: ShapeJson = node.shape.batched ? ['rows', ...node.shape.size] : node.shape.size;
  const common = { op: op.name, ...(node.name !== undefined && { name: node.name }) };
  if (node instanceof Parameter) {
    const tensor = tensors?.get(node);
    return { ...common, shape, initial: writeInitial(node.initial), ...(tensor !== undefined && { tensor }) };
  }
  if (node instanceof Constant)
    return { ...common, shape, ...(tensors ? { tensor: tensors.get(node) as string } : { values: Array.from(node.values, numberToJson) }) };
  const form = opForms.get(op.name);
  if (op !== inputOp && op !== fillOp && form?.op !== op)
    throw new NeuriteError('GRAPH', `${call}: ${node} is made by an op that files have no word for`);
  const written = encode(attributes);
  return {
    ...common,
    ...(form ? { inputs: node.inputs.map(index) } : { shape }),
    ...(Object.keys(written).length > 0 && { attributes: written }),
  };
}

function writeInitial(initial: Initial): Record<string, string | number | boolean> {
  const { kind } = initial;
  if (kind === 'uniform') return encode({ kind, low: initial.low, high: initial.high });
  if (kind === 'normal') return encode({ kind, mean: initial.mean, deviation: initial.deviation });
  return encode({ kind, value: initial.value });
}

/** Where a reader finds the values of the file that goes with the JSON. */
export interface Values {
  /** The float32 elements of a tensor; undefined where there is none of that name and shape. */
  tensor(name: string, shape: readonly number[]): Uint8Array | undefined;
  /** How many elements there are in all. */
  readonly elements: number;
}

/** What comes of reading: the parts of a network, and which node has which tensor. */
export interface ReadArchitecture extends Architecture {
  readonly tensors: ReadonlyMap<Stored, string>;
}

/**
 * Makes nodes of JSON without trusting it: every index, attribute and shape is checked, every shape follows from the op's rule.
 * @param fields the JSON; fields besides the architecture's are left for the caller to take
 * @param values the file's; without them parameters are as large as the JSON says, and together at most `maxParameters`
 * @param others makers of optimizers that are not neurite's own
 * @throws FileError naming the place
 */
export function readArchitecture(
  fields: Fields,
  values: Values | undefined,
  maxParameters = MAX_PARAMETERS,
  others: readonly OptimizerMaker[] = [],
): ReadArchitecture {
  fields.oneOf('format', ['neurite']);
  const version = fields.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (version !== VERSION) throw new FileError(`${fields.where}: its version is ${version}, expected ${VERSION}; a later neurite wrote it`);
  const nodes: Node[] = [];
  const tensors = new Map<Stored, string>();
  const names = new Set<string>();
  let work = 0;
  let parameters = 0;
  let constants = 0;
  for (const [i, item] of fields.list('nodes', MAX_NODES).entries()) {
    const entry = new Fields(item, `${fields.where}: nodes[${i}]`);
    const node = ours(entry.where, () => readNode(entry, nodes, values));
    if (node instanceof Parameter || node instanceof Constant) {
      const name = entry.optionalString('tensor');
      if (name !== undefined) {
        if (names.has(name)) entry.fail('tensor', 'one for each node');
        names.add(name);
        tensors.set(node, name);
      }
    }
    entry.end();
    nodes.push(node);
    work += elements(node.shape);
    if (values && work > workLimit(values.elements)) {
      const most = workLimit(values.elements);
      throw new FileError(`${entry.where}: tensors of ${work} elements up to here, expected at most ${most} in a file of this size`);
    }
    if (node instanceof Parameter) parameters += elements(node.shape);
    if (node instanceof Constant) constants += elements(node.shape);
    if (!values && parameters > maxParameters) {
      throw new FileError(
        `${entry.where}: ${parameters} parameters up to here, expected at most ${maxParameters}; to have more, pass { maxParameters: ${2 ** Math.ceil(Math.log2(parameters))} }`,
      );
    }
  }
  const limit = workLimit(parameters + constants);
  if (!values && work > limit)
    throw new FileError(`${fields.where}: its tensors have ${work} elements, expected at most ${limit} beside so few parameters`);
  const node = (from: Fields, key: string): Node => nodes[from.integer(key, 0, nodes.length - 1)] as Node;
  const list = (key: string) =>
    fields
      .list(key, MAX_NODES)
      .map((index) => (isWhole(index, 0, nodes.length - 1) ? (nodes[index] as Node) : fields.fail(key, 'a list of indices of nodes')));
  const inputs = list('inputs');
  const outputs = list('outputs');
  const reached = topological(outputs).length;
  if (reached !== nodes.length) throw new FileError(`${fields.where}: ${nodes.length - reached} nodes lead to no output, expected none`);
  const layers = fields.list('layers', nodes.length).map((item, i) => readLayer(new Fields(item, `${fields.where}: layers[${i}]`), node));
  if (new Set(layers.map(({ nodes: { u } }) => u)).size !== layers.length) fields.fail('layers', 'a different u for each');
  const losses = fields.list('losses', outputs.length).map((item, i) => {
    if (item === null) return undefined;
    const entry = new Fields(item, `${fields.where}: losses[${i}]`);
    const weight = entry.number('weight');
    const loss = readDescription<Loss>(entry, { crossEntropy, binaryCrossEntropy, meanSquaredError, squaredError });
    entry.end();
    return { loss, weight };
  });
  let optimizer: Optimizer | undefined;
  if (fields.take('optimizer') !== null) {
    const entry = fields.object('optimizer');
    optimizer = readOptimizer(entry, others);
    entry.end();
  }
  const seed = fields.integer('seed', 0, 2 ** 32 - 1);
  const build = fields.oneOf('build', ['auto', 'simd']);
  for (const { nodes: layer } of layers) recordLayer(layer);
  return { inputs, outputs, layers, losses, optimizer, seed, build, tensors };
}

/** An optimizer by its name: one of neurite's, or one whose maker came with the file. */
function readOptimizer(entry: Fields, others: readonly OptimizerMaker[]): Optimizer {
  const makers = optimizersByName(entry.where, others);
  const name = entry.take('name');
  if (typeof name === 'string' && !Object.hasOwn(makers, name))
    entry.fail('name', `${Object.keys(makers).map(show).join(', ')} or one that is passed: { optimizers: [its maker] }`);
  return readDescription<Optimizer>(entry, makers as Readonly<Record<string, (options: never) => Optimizer>>);
}

/** What a reader calls may refuse what a file says with errors of its own kind: they become the file's. */
export function ours<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof NeuriteError) || error.code === 'FILE' || error.code === 'MEMORY') throw error;
    throw new FileError(`${where}: ${error.message}`);
  }
}

/**
 * A loss or an optimizer, made by its own maker from what the file says of it; and what the maker gives must be just that. So every
 * rule of the maker's holds, also for fields it gets later.
 */
function readDescription<T extends object>(entry: Fields, makers: Readonly<Record<string, (options: never) => T>>): T {
  const name = entry.oneOf('name', Object.keys(makers));
  const make = makers[name] as (options: object) => T;
  const fields: Record<string, unknown> = { name };
  for (const [key, usual] of Object.entries(make({}))) {
    if (key === 'name') continue;
    fields[key] = typeof usual === 'number' ? entry.number(key) : typeof usual === 'boolean' ? entry.boolean(key) : entry.string(key);
  }
  const made = ours(entry.where, () => make(fields));
  for (const [key, value] of Object.entries(made)) if (!Object.is(value, fields[key])) entry.fail(key, show(value));
  return made;
}

function readShape(entry: Fields): Shape {
  const wrong = () => entry.fail('shape', `["rows", features], [n] or [m, n] with sizes from 1 to ${MAX_SIZE - 1}, at most ${MAX_ELEMENTS} elements`);
  const shape = entry.list('shape', 2);
  const batched = shape[0] === 'rows';
  const size = (batched ? shape.slice(1) : shape).map((n) => (isWhole(n, 1, MAX_SIZE - 1) ? n : wrong()));
  if (size.length === 0 || elements({ batched, size }) > MAX_ELEMENTS) wrong();
  return { batched, size };
}

function readAttribute(entry: Fields, key: string, kind: AttributeKind): number | boolean {
  switch (kind) {
    case 'boolean':
      return entry.boolean(key);
    case 'size':
      return entry.integer(key, 1, MAX_SIZE - 1);
    case 'factors':
      return entry.integer(key, 0, MAX_FACTORS);
    case 'number': {
      // Ops refuse NaN where a caller makes them; a derivative of one would be refused only by the first step.
      const value = entry.number(key);
      return Number.isNaN(value) ? entry.fail(key, 'a number other than NaN') : value;
    }
  }
}

function readNode(entry: Fields, earlier: readonly Node[], values: Values | undefined): Node {
  const op = entry.string('op');
  const name = entry.optionalString('name');
  const form = opForms.get(op);
  if (!form) return readLeaf(entry, op, name, values);
  const most = Math.min(form.inputs, MAX_NODES);
  const inputs = entry
    .list('inputs', most)
    .map((index) => (isWhole(index, 0, earlier.length - 1) ? (earlier[index] as Node) : entry.fail('inputs', 'indices of earlier nodes')));
  if (inputs.length < (form.inputs === most ? most : 1)) entry.fail('inputs', `${form.inputs === most ? most : 'some'} nodes`);
  const kinds = Object.entries(form.attributes);
  if (kinds.length === 0) return new Node(form.op, inputs, form.op.shape(inputs, {}), {}, name);
  const given = entry.object('attributes');
  const attributes = Object.fromEntries(kinds.map(([key, kind]) => [key, readAttribute(given, key, kind)]));
  given.end();
  return new Node(form.op, inputs, form.op.shape(inputs, attributes), attributes, name);
}

function readLeaf(entry: Fields, op: string, name: string | undefined, values: Values | undefined): Node {
  if (op !== inputOp.name && op !== parameterOp.name && op !== constantOp.name && op !== fillOp.name)
    entry.fail('op', 'an op that this version knows');
  const shape = readShape(entry);
  if (op === inputOp.name) {
    if (!shape.batched) entry.fail('shape', '["rows", features]');
    return new Node(inputOp, [], shape, {}, name);
  }
  if (op === fillOp.name) {
    const attributes = entry.object('attributes');
    const node = fill(shape, attributes.number('value'), attributes.integer('factors', 0, MAX_FACTORS));
    attributes.end();
    return name === undefined ? node : new Node(node.op, [], shape, node.attributes, name);
  }
  if (shape.batched) entry.fail('shape', '[n] or [m, n]');
  const bytes = values && (values.tensor(entry.string('tensor'), shape.size) ?? entry.fail('tensor', 'a tensor of the file, of this shape'));
  if (op === parameterOp.name) return new Parameter(shape, readInitial(entry.object('initial')), name);
  if (bytes) return new Constant(shape, new Float32Array(bytes.slice().buffer));
  const wrong = () => entry.fail('values', `${elements(shape)} numbers`);
  const list = entry.list('values');
  if (list.length !== elements(shape)) wrong();
  return new Constant(
    shape,
    Float32Array.from(list, (value) => numberOf(value) ?? wrong()),
  );
}

function readInitial(entry: Fields): Initial {
  const kind = entry.oneOf('kind', ['uniform', 'normal', 'constant']);
  const initial: Initial =
    kind === 'uniform'
      ? { kind, low: entry.finite('low'), high: entry.finite('high') }
      : kind === 'normal'
        ? { kind, mean: entry.finite('mean'), deviation: entry.finite('deviation') }
        : { kind, value: entry.finite('value') };
  entry.end();
  return initial;
}

function readLayer(entry: Fields, node: (from: Fields, key: string) => Node): { nodes: LayerNodes; name: string } {
  const name = entry.string('name');
  const [input, z, u] = ['input', 'z', 'u'].map((key) => {
    const found = node(entry, key);
    return found.shape.batched ? found : entry.fail(key, 'a node that is a batch');
  }) as [Node, Node, Node];
  const parameter = (key: string, ...size: number[]): Parameter => {
    const found = node(entry, key);
    const fits = found instanceof Parameter && found.shape.size.length === size.length && found.shape.size.every((n, i) => n === size[i]);
    return fits ? found : entry.fail(key, `a parameter of shape [${size.join(', ')}]`);
  };
  const weights = parameter('weights', features(z.shape), features(input.shape));
  const biases = entry.has('biases') ? parameter('biases', features(z.shape)) : undefined;
  const nodes: LayerNodes = { kind: entry.string('kind'), name, activation: entry.string('activation'), input, z, u, weights, biases };
  entry.end();
  return { nodes, name };
}
