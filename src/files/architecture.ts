/** A network's architecture as JSON, and back. */

import { isList } from '../arguments/describe.js';
import { CoreError, FileError, MemoryError, NeuriteError, UnsupportedError, ValueError } from '../errors.js';
import { type AttributeKind, Node, type Op, topological } from '../graph/node.js';
import { elements, features, formatShape, type Shape, sameShape } from '../graph/shape.js';
import { recordLayer } from '../layers/layer.js';
import type { NamedLayer, Stored } from '../layers/names.js';
import { type AnyLossMaker, definitionOf, type Loss } from '../losses/loss.js';
import type { LossWithWeight } from '../losses/networkLoss.js';
import { graphLoss, type LossGraph } from '../losses/ownLoss.js';
import * as makers from '../losses/table.generated.js';
import type { Model } from '../losses/term.js';
import {
  Constant,
  constantOp,
  fill,
  fillOp,
  INITIALS,
  type Initial,
  inputOp,
  Parameter,
  parameterOp,
  State,
  stateOp,
  targetOp,
} from '../ops/leaves.js';
import { parameterGroups } from '../optimizers/groups.js';
import type { ParameterGroup, ParameterGroups } from '../optimizers/layout.js';
import { makerOf, OPTIONAL, type Optimizer, type OptimizerMaker } from '../optimizers/optimizer.js';
import { OPTIMIZERS, optimizersByName } from '../optimizers/optimizers.js';
import { Fields, isWhole, type Json, MAX_VALUES, numberOf, numberToJson, show } from './json.js';
import { ownOps, savedOps } from './registry.js';
import { activationName, opName, VERSION } from './version.js';

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

/** A layer as JSON: indices of its nodes, by the names they have in it. */
interface LayerJson {
  readonly kind: string;
  readonly name: string;
  readonly input: number;
  readonly output: number;
  readonly parameters: { readonly [name: string]: number };
  readonly nodes: { readonly [name: string]: number };
  readonly attributes: { readonly [name: string]: string };
  /** What a training step leaves in states. */
  readonly updates?: readonly { readonly state: number; readonly next: number }[];
  /** The largest norm of each row of a parameter; left out where there is none. */
  readonly maxNorms?: { readonly [parameter: string]: number };
}

/** A loss as JSON: its description and weight; of one that is none of neurite's, the indices of its target and of the loss of each row. */
type LossJson = { readonly [key: string]: number | string | boolean | readonly (number | string)[] };

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
  readonly losses: readonly (LossJson | null)[];
  /** The nodes that are minimised besides; left out where there are none. */
  readonly penalties?: readonly number[];
  /** The parameters that training leaves as they are; left out where there are none. */
  readonly frozen?: readonly number[];
  readonly optimizer: { readonly [key: string]: Json } | null;
  readonly seed: number;
  /** `simd` where the same bits were asked for everywhere, else `auto`. */
  readonly build: 'auto' | 'simd';
  /** The network's `metadata`; left out where there is none. */
  readonly metadata?: { readonly [key: string]: Json };
}

/** A loss with its weight, and where no file can name it, its graph; the weight then has all factors in it. */
export interface WrittenLoss extends LossWithWeight {
  readonly graph?: { readonly target: Node; readonly rows: Node } | undefined;
}

/** A network as its parts: what is written, and what comes of reading. */
export interface Architecture {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  readonly layers: readonly NamedLayer[];
  readonly losses: readonly (WrittenLoss | undefined)[];
  readonly penalties: readonly Node[];
  /** The parameters that training leaves as they are. */
  readonly frozen: readonly Node[];
  readonly optimizer: Optimizer | undefined;
  readonly seed: number;
  readonly build: 'auto' | 'simd';
}

/** The leaves that a file may hold. */
const LEAVES: readonly Op[] = [inputOp, targetOp, parameterOp, stateOp, constantOp, fillOp];

let losses: Readonly<Record<string, AnyLossMaker>> | undefined;

/** The losses of neurite, which a file says by their names. Made on first use, so that a page that reads no file need not have them. */
function namedLosses(): Readonly<Record<string, AnyLossMaker>> {
  losses ??= Object.fromEntries(Object.values(makers).map((maker) => [definitionOf(maker).name, maker]));
  return losses;
}

/** Whether a file can say a loss by its name; of any other it holds the graph. */
export function hasName(loss: Loss): boolean {
  const definition = definitionOf(loss);
  return Object.values(namedLosses()).some((maker) => definitionOf(maker) === definition);
}

/** What a file's nodes lead to: outputs, the losses that are graphs, penalties, what training steps leave in states. */
export function rootsOf({ outputs, losses, penalties, layers }: Pick<Architecture, 'outputs' | 'losses' | 'penalties' | 'layers'>): Node[] {
  const updates = layers.flatMap(({ updates }) => updates.flatMap(({ state, next }) => [state, next]));
  return [...outputs, ...losses.flatMap((loss) => (loss?.graph ? [loss.graph.target, loss.graph.rows] : [])), ...penalties, ...updates];
}

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
 * @throws NeuriteError for an op that files have no word for, or a graph larger than a reader takes
 */
export function writeArchitecture(call: string, architecture: Architecture, tensors?: ReadonlyMap<Stored, string>): NetworkJson {
  const { inputs, outputs, losses, penalties, frozen, optimizer, seed, build } = architecture;
  const nodes = topological(rootsOf(architecture));
  checkWords(call, nodes);
  const indices = new Map(nodes.map((node, i) => [node, i]));
  const index = (node: Node) => indices.get(node) as number;
  const stored = nodes.filter((node) => node instanceof Parameter || node instanceof State || node instanceof Constant);
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
    nodes: nodes.map((node) => writeNode(node, index, tensors)),
    inputs: inputs.map(index),
    outputs: outputs.map(index),
    // A function may have left a layer's own nodes out of what it returned.
    layers: architecture.layers
      .filter(({ record: { input } }) => indices.has(input))
      .map(({ name, record: { kind, input, output, parameters, nodes, attributes, maxNorms }, updates }) => ({
        kind,
        name,
        input: index(input),
        output: index(output),
        parameters: indicesOf(parameters, index),
        nodes: indicesOf(nodes, index),
        attributes,
        ...(Object.keys(maxNorms).length > 0 && { maxNorms: encode(maxNorms) as Record<string, number> }),
        ...(updates.length > 0 && { updates: updates.map(({ state, next }) => ({ state: index(state), next: index(next) })) }),
      })),
    losses: losses.map((entry) => (entry ? writeLoss(entry, index) : null)),
    ...(penalties.length > 0 && { penalties: penalties.map(index) }),
    ...(frozen.length > 0 && { frozen: frozen.map(index) }),
    optimizer: optimizer ? writeOptimizer(call, optimizer) : null,
    seed,
    build,
  };
}

/** @throws ValueError where a reader would take the optimizer for one of neurite's own */
function writeOptimizer(call: string, optimizer: Optimizer): Record<string, Json> {
  const { name, groups, ...options } = optimizer;
  if (Object.hasOwn(OPTIMIZERS, name) && OPTIMIZERS[name] !== makerOf(optimizer))
    throw new ValueError(`${call}: the optimizer is called ${name}, which is one of neurite's own, expected another name in its definition`);
  // A network's groups name each parameter.
  return { ...encode({ name, ...options }), ...(groups && { groups: groups.list.map(encode) as Json[] }) };
}

function writeLoss({ loss, weight, graph }: WrittenLoss, index: (node: Node) => number): LossJson {
  if (!graph) return encode<readonly (string | number)[]>({ ...loss, weight });
  const { name, reduction } = loss;
  return encode({ name, reduction, weight, target: index(graph.target), rows: index(graph.rows) });
}

function indicesOf(nodes: Readonly<Record<string, Node>>, index: (node: Node) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(nodes).flatMap(([name, node]) => (index(node) === undefined ? [] : [[name, index(node)]])));
}

/** The same fields, numbers as JSON has them. */
function encode<T = never>(fields: object): Record<string, string | number | boolean | T> {
  const toJson = (value: unknown) => (typeof value === 'number' ? numberToJson(value) : value);
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, isList(value) ? Array.from(value, toJson) : toJson(value)])) as never;
}

/** @throws NeuriteError for a node made by an op that a file cannot name: it is for targets, or another op has its name */
function checkWords(call: string, nodes: readonly Node[]): void {
  const words = new Map([...savedOps(call), ...LEAVES.map((op) => [op.name, op] as const)]);
  for (const node of nodes) {
    const { op } = node;
    const named = words.get(op.name);
    if (op.unsaved || (named && named !== op) || (!named && op.inputs === 0)) {
      const reason = named ? `, since another op is called '${op.name}'` : '';
      throw new NeuriteError('GRAPH', `${call}: ${node} is made by an op that files have no word for${reason}`);
    }
    words.set(op.name, op);
  }
}

/** The definitions that a reader of a graph has to be handed. */
export function ownOpsOf(outputs: readonly Node[]): Op[] {
  return ownOps(topological(outputs).map((node) => node.op));
}

function writeNode(node: Node, index: (node: Node) => number, tensors: ReadonlyMap<Stored, string> | undefined): NodeJson {
  const { op, attributes } = node;
  const shape: ShapeJson = node.shape.batched ? ['rows', ...node.shape.size] : node.shape.size;
  const common = { op: op.name, ...(node.name !== undefined && { name: node.name }) };
  if (node instanceof Parameter || node instanceof State) {
    const tensor = tensors?.get(node);
    return { ...common, shape, initial: writeInitial(node.initial), ...(tensor !== undefined && { tensor }) };
  }
  if (node instanceof Constant)
    return { ...common, shape, ...(tensors ? { tensor: tensors.get(node) as string } : { values: Array.from(node.values, numberToJson) }) };
  const written = encode(op === targetOp ? {} : attributes);
  return {
    ...common,
    ...(op.inputs > 0 ? { inputs: node.inputs.map(index) } : { shape }),
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
 * @param ops those the file may name
 * @param others makers of optimizers that are not neurite's own
 * @throws FileError naming the place
 */
export function readArchitecture(
  fields: Fields,
  values: Values | undefined,
  maxParameters = MAX_PARAMETERS,
  ops: ReadonlyMap<string, Op> = savedOps('load'),
  others: readonly OptimizerMaker[] = [],
): ReadArchitecture {
  fields.oneOf('format', ['neurite']);
  const version = fields.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (version > VERSION) throw new FileError(`${fields.where}: its version is ${version}, expected at most ${VERSION}; a later neurite wrote it`);
  const nodes: Node[] = [];
  const tensors = new Map<Stored, string>();
  const names = new Set<string>();
  let work = 0;
  let parameters = 0;
  let constants = 0;
  for (const [i, item] of fields.list('nodes', MAX_NODES).entries()) {
    const entry = new Fields(item, `${fields.where}: nodes[${i}]`);
    const node = ours(entry.where, () => readNode(entry, version, ops, nodes, values));
    if (node instanceof Parameter || node instanceof State || node instanceof Constant) {
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
    if (node instanceof Parameter || node instanceof State) parameters += elements(node.shape);
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
  if (outputs.length === 0) throw new FileError(`${fields.where}: ${nodes.length} nodes lead to no output, expected none`);
  const model = { inputs, outputs };
  const losses = fields.list('losses', outputs.length).map((item, i) => {
    if (item === null) return undefined;
    const entry = new Fields(item, `${fields.where}: losses[${i}]`);
    const weight = entry.number('weight');
    const graph = entry.has('rows') ? { target: node(entry, 'target'), rows: node(entry, 'rows') } : undefined;
    const loss = graph
      ? readGraphLoss(entry, { ...graph, output: outputs[i] as Node }, model)
      : readDescription<Loss>(entry, namedLosses(), {}, version);
    entry.end();
    return { loss, weight, graph };
  });
  const targets = losses.flatMap((loss) => loss?.graph?.target ?? []);
  if (new Set(targets).size !== targets.length) fields.fail('losses', 'a different target for each');
  const stray = nodes.findIndex((one) => one.op === targetOp && !targets.includes(one));
  if (stray >= 0) throw new FileError(`${fields.where}: nodes[${stray}]: op is "target", expected one that a loss names as its own`);
  const penalties = fields.has('penalties') ? list('penalties') : [];
  const frozen = fields.has('frozen') ? list('frozen') : [];
  if (frozen.some((one) => !(one instanceof Parameter))) fields.fail('frozen', 'a list of parameters');
  const layers = fields.list('layers', nodes.length).map((item, i) => {
    const entry = new Fields(item, `${fields.where}: layers[${i}]`);
    return version === 1 ? readDense(entry, version, node) : readLayer(entry, node);
  });
  const reached = topological(rootsOf({ outputs, losses, penalties, layers })).length;
  if (reached !== nodes.length) throw new FileError(`${fields.where}: ${nodes.length - reached} nodes lead to no output, expected none`);
  if (new Set(layers.map(({ record }) => record.output)).size !== layers.length) fields.fail('layers', 'a different output for each');
  let optimizer: Optimizer | undefined;
  if (fields.take('optimizer') !== null) {
    const entry = fields.object('optimizer');
    optimizer = readOptimizer(entry, others, version);
    entry.end();
  }
  const seed = fields.integer('seed', 0, 2 ** 32 - 1);
  const build = fields.oneOf('build', ['auto', 'simd']);
  for (const { record } of layers) recordLayer(record);
  return { inputs, outputs, layers, losses, penalties, frozen, optimizer, seed, build, tensors };
}

/** An optimizer by its name: one of neurite's, or one whose maker came with the file. */
function readOptimizer(entry: Fields, others: readonly OptimizerMaker[], version: number): Optimizer {
  const makers = optimizersByName(entry.where, others);
  const name = entry.take('name');
  if (typeof name === 'string' && !Object.hasOwn(makers, name))
    entry.fail(
      'name',
      `${Object.keys(makers).map(show).join(', ')} or one that is passed: { optimizers: [${/^\w{1,40}$/.test(name) ? name : 'its maker'}] }`,
    );
  const given: Record<string, unknown> = {};
  for (const key of OPTIONAL) {
    if (!entry.has(key)) continue;
    given[key] = key === 'groups' ? readGroups(entry) : entry.number(key);
  }
  return readDescription<Optimizer>(entry, makers as Readonly<Record<string, (options: never) => Optimizer>>, given, version);
}

function readGroups(entry: Fields): ParameterGroups {
  const groups = entry.list('groups', MAX_NODES).map((item, i) => {
    const fields = new Fields(item, `${entry.where}.groups[${i}]`);
    const group: Record<string, unknown> = { parameters: fields.list('parameters', MAX_NODES) };
    for (const key of ['learningRateFactor', 'weightDecay']) if (fields.has(key)) group[key] = fields.number(key);
    fields.end();
    return group as unknown as ParameterGroup;
  });
  return ours(entry.where, () => parameterGroups(groups));
}

/** What is the file's already, or no fault of the file: the host has no memory, or refuses the core. */
const HOSTS = [FileError, MemoryError, UnsupportedError, CoreError];

/** What a reader calls may refuse what a file says with errors of its own kind: they become the file's, but for those of the host. */
export function ours<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof NeuriteError) || HOSTS.some((kind) => error instanceof kind)) throw error;
    throw new FileError(`${where}: ${error.message}`);
  }
}

/** A loss that is the graph of the file. */
function readGraphLoss(entry: Fields, graph: LossGraph, model: Model): Loss {
  const name = entry.string('name');
  const reduction = entry.oneOf('reduction', ['mean', 'sum']);
  return ours(entry.where, () => graphLoss('the file', name, reduction, graph, model));
}

/**
 * A loss or an optimizer, made by its own maker from what the file says of it; and what the maker gives must be just that. So every
 * rule of the maker's holds, also for fields it gets later.
 * @param given fields that are read already
 */
function readDescription<T extends object>(
  entry: Fields,
  makers: Readonly<Record<string, (options: never) => T>>,
  given: Readonly<Record<string, unknown>>,
  version: number,
): T {
  const name = entry.oneOf('name', Object.keys(makers));
  const make = makers[name] as (options: object) => T;
  const fields: Record<string, unknown> = { name, ...given };
  for (const [key, usual] of Object.entries(make({}))) {
    if (key === 'name') continue;
    // What an older file knows nothing of is as usual.
    fields[key] = version < VERSION && !entry.has(key) ? usual : readField(entry, key, usual);
  }
  const made = ours(entry.where, () => make(fields));
  for (const [key, value] of Object.entries(made)) if (!sameField(value, fields[key])) entry.fail(key, show(value));
  return made;
}

function readField(entry: Fields, key: string, usual: unknown): unknown {
  // Of one number there may be several.
  const several = isList(usual) || (typeof usual === 'number' && isList(entry.value[key]));
  if (several) return entry.list(key).map((value) => numberOf(value) ?? entry.fail(key, 'a list of numbers'));
  return typeof usual === 'number' ? entry.number(key) : typeof usual === 'boolean' ? entry.boolean(key) : entry.string(key);
}

function sameField(a: unknown, b: unknown): boolean {
  return isList(a) && isList(b) ? a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i])) : Object.is(a, b);
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

function readNode(entry: Fields, version: number, ops: ReadonlyMap<string, Op>, earlier: readonly Node[], values: Values | undefined): Node {
  const word = entry.string('op');
  const name = entry.optionalString('name');
  const op = ops.get(opName(version, word));
  if (!op) return readLeaf(entry, word, name, values);
  const most = Math.min(op.inputs, MAX_NODES);
  const inputs = entry
    .list('inputs', most)
    .map((index) => (isWhole(index, 0, earlier.length - 1) ? (earlier[index] as Node) : entry.fail('inputs', 'indices of earlier nodes')));
  if (inputs.length < (op.inputs === most ? most : 1)) entry.fail('inputs', `${op.inputs === most ? most : 'some'} nodes`);
  const kinds = Object.entries(op.attributes);
  if (kinds.length === 0) return new Node(op, inputs, op.shape(inputs, {}), {}, name);
  const given = entry.object('attributes');
  const attributes = Object.fromEntries(kinds.map(([key, kind]) => [key, readAttribute(given, key, kind)]));
  given.end();
  return new Node(op, inputs, op.shape(inputs, attributes), attributes, name);
}

function readLeaf(entry: Fields, op: string, name: string | undefined, values: Values | undefined): Node {
  if (!LEAVES.some((leaf) => leaf.name === op)) entry.fail('op', 'an op that this version knows, or one whose definition is passed as { ops: [op] }');
  const shape = readShape(entry);
  if (op === inputOp.name || op === targetOp.name) {
    if (!shape.batched) entry.fail('shape', '["rows", features]');
    return op === inputOp.name ? new Node(inputOp, [], shape, {}, name) : new Node(targetOp, [], shape, { classes: false }, name);
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
  if (op === stateOp.name) return new State(shape, readInitial(entry.object('initial')), name);
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
  const kind = entry.oneOf('kind', Object.keys(INITIALS));
  const numbers = (INITIALS[kind] as readonly string[]).map((name) => [name, entry.finite(name)]);
  entry.end();
  return { kind, ...Object.fromEntries(numbers) } as Initial;
}

/** A layer of version 1, which only knew dense ones. */
function readDense(entry: Fields, version: number, node: (from: Fields, key: string) => Node): NamedLayer {
  const name = entry.string('name');
  const [input, z, output] = ['input', 'z', 'u'].map((key) => batchOf(entry, key, node(entry, key))) as [Node, Node, Node];
  const parameter = (key: string, ...size: number[]): Parameter => {
    const found = node(entry, key);
    const fits = found instanceof Parameter && found.shape.size.length === size.length && found.shape.size.every((n, i) => n === size[i]);
    return fits ? found : entry.fail(key, `a parameter of shape [${size.join(', ')}]`);
  };
  const weights = parameter('weights', features(z.shape), features(input.shape));
  const biases = entry.has('biases') ? parameter('biases', features(z.shape)) : undefined;
  const parameters = { weights, ...(biases && { biases }) };
  const kind = entry.string('kind');
  const attributes = { activation: activationName(version, entry.string('activation')) };
  entry.end();
  return {
    name,
    record: { kind, name, input, output, parameters, nodes: { z }, attributes, updates: [], penalties: [], maxNorms: {}, trainable: true },
    updates: [],
  };
}

function batchOf(entry: Fields, key: string, found: Node): Node {
  return found.shape.batched ? found : entry.fail(key, 'a node that is a batch');
}

function readLayer(entry: Fields, node: (from: Fields, key: string) => Node): NamedLayer {
  const name = entry.string('name');
  const kind = entry.string('kind');
  const [input, output] = ['input', 'output'].map((key) => batchOf(entry, key, node(entry, key))) as [Node, Node];
  const named = <T>(key: string, read: (from: Fields, key: string) => T): Record<string, T> => {
    const fields = entry.object(key);
    const found = Object.fromEntries(fields.keys().map((one) => [one, read(fields, one)]));
    fields.end();
    return found;
  };
  const parameters = named('parameters', (from, key) => {
    const found = node(from, key);
    return found instanceof Parameter || found instanceof State ? found : from.fail(key, 'a parameter or a state');
  });
  const nodes = named('nodes', node);
  const attributes = named('attributes', (from, key) => from.string(key));
  const updates = (entry.has('updates') ? entry.list('updates', MAX_NODES) : []).map((item, i) => {
    const update = new Fields(item, `${entry.where}: updates[${i}]`);
    const [state, next] = [node(update, 'state'), node(update, 'next')];
    update.end();
    if (!(state instanceof State)) return update.fail('state', 'a state');
    return sameShape(state.shape, next.shape) ? { state, next } : update.fail('next', `a node of the state's shape ${formatShape(state.shape)}`);
  });
  const maxNorms = entry.has('maxNorms')
    ? named('maxNorms', (from, key) => {
        const most = from.finite(key);
        return parameters[key] instanceof Parameter && Math.fround(most) > 0 ? most : from.fail(key, 'the largest norm of a parameter, above 0');
      })
    : {};
  entry.end();
  // What a file says that training leaves is what every application of the layer before it left is part of.
  const own = updates.map(({ state, next }) => ({ state, next: () => next }));
  return {
    name,
    record: { kind, name, input, output, parameters, nodes, attributes, updates: own, penalties: [], maxNorms, trainable: true },
    updates,
  };
}
