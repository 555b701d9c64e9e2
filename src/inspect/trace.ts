import type { Floats } from '../arguments/arrays.js';
import { describe } from '../arguments/describe.js';
import type { AnyTargets, Inputs } from '../arguments/values.js';
import { gradients } from '../compile/differentiate.js';
import type { Recipe } from '../compile/program.js';
import { givenTargets, readBatchOf, type WeightOption, writeBatch } from '../data/batch.js';
import type { Engine } from '../engine/engine.js';
import type { LoadedProgram } from '../engine/loadedProgram.js';
import { ValueError } from '../errors.js';
import { nameNodes } from '../graph/names.js';
import { type Node, topological } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import type { NamedLayer } from '../layers/names.js';
import { definitionOf } from '../losses/loss.js';
import { dataOf, type LossNodes } from '../losses/networkLoss.js';
import { graphOf } from '../losses/ownLoss.js';
import type { TargetForm } from '../losses/targetForm.js';
import { type AnyNetwork, internals, type NetworkOf } from '../network/network.js';
import { add } from '../ops/add.js';
import { constantOp, fill } from '../ops/leaves.js';
import { mul } from '../ops/mul.js';
import { oneHot } from '../ops/oneHot.js';
import { scaleBy } from '../ops/scaleBy.js';
import { table } from './table.js';

/** A tensor of a trace: its numbers row by row, copied out of memory. */
export interface TracedTensor {
  /** `[rows, features]`, or the shape of a parameter. */
  readonly shape: readonly number[];
  readonly values: Floats;
}

/** A tensor where the trace has targets; undefined in one without. */
type Gradient = TracedTensor | undefined;

/** One node of the graph: its value, and with targets the derivatives around it. */
export interface TracedNode<G extends Gradient = Gradient> {
  readonly name: string;
  readonly op: string;
  /** The layer it is a part of, if any. */
  readonly layer: string | undefined;
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  readonly value: TracedTensor;
  /** ∂L/∂node. */
  readonly gradient: G;
  /** The factor of the chain rule for each input, where it is a number for each element: ∂node/∂input. See also `Trace.slope`. */
  readonly slopes: readonly (TracedTensor | undefined)[];
}

/** A tensor of a layer, and with targets its gradient. */
export interface TracedPart<G extends Gradient = Gradient> {
  readonly value: TracedTensor;
  readonly gradient: G | undefined;
}

/** One layer: the quantities of backpropagation by their names in the notes, and all of its own by theirs. */
export interface TracedLayer<G extends Gradient = Gradient> {
  readonly name: string;
  readonly kind: string;
  /** Its parameters and states: `weights`, `biases`, …. */
  readonly parameters: Readonly<Record<string, TracedPart<G>>>;
  /** The nodes within it that it names: `z`, …; without those of training steps alone. */
  readonly nodes: Readonly<Record<string, TracedPart<G>>>;
  /** z = x·Wᵀ + b, before the activation; u where the layer names no z. */
  readonly z: TracedTensor;
  /** u = g(z). */
  readonly u: TracedTensor;
  /** ∂L/∂u. */
  readonly du: G;
  /** δ = ∂L/∂z. */
  readonly dz: G;
  /** ∂L/∂W, `[out, in]`. A layer without `weights` has none: see `parameters`. */
  readonly dw: G;
  /** ∂L/∂b; undefined for a layer without biases. */
  readonly db: G | undefined;
}

/** Everything a network computed for some rows; with targets, the gradients too. A gradient is 0 where the loss does not depend on its tensor. */
export class Trace<G extends Gradient = Gradient> {
  constructor(
    /** The mean loss over the rows; undefined without targets. */
    readonly loss: G extends TracedTensor ? number : undefined,
    readonly layers: readonly TracedLayer<G>[],
    readonly nodes: readonly TracedNode<G>[],
  ) {}

  /** The deltas ∂L/∂z, one for each layer. */
  get deltas(): G[] {
    return this.layers.map((layer) => layer.dz);
  }

  /** The layer of a name. @throws ValueError listing the names there are */
  layer(name: string): TracedLayer<G> {
    return byName('layer', 'name', this.layers, name);
  }

  /** The node of a name. @throws ValueError listing the names there are */
  node(name: string): TracedNode<G> {
    return byName('node', 'name', this.nodes, name);
  }

  /**
   * ∂node/∂input, the factor of the chain rule for one edge of the graph: with f₃ = named(sigmoid(a₃), 'f3'), `slope('f3', 'a3')` is ∂f₃/∂a₃.
   * A number for each element, in the shape of the node's value.
   *
   * @throws ValueError where the node doesn't have that input, or the factor is a matrix, as for a layer's product or a softmax: see `jacobian`
   */
  slope(node: string, input: string): TracedTensor {
    const { inputs, slopes } = byName('slope', 'node', this.nodes, node);
    const at = inputs.indexOf(input);
    if (at < 0) throw new ValueError(`slope: input is ${describe(input)}, expected an input of ${node}: ${inputs.join(', ') || 'it has none'}`);
    const slope = slopes[at];
    if (!slope) throw new ValueError(`slope: ∂${node}/∂${input} has no number for each element alone; jacobian gives derivatives that are matrices`);
    return slope;
  }

  /** A table in the order of the graph: the tensors of each layer, and value, gradient and slopes of every other node, with their first numbers. */
  toString(): string {
    const line = (name: string, label: string, tensor: TracedTensor | undefined): string[][] =>
      tensor ? [[name, label, `[${tensor.shape.join(', ')}]`, preview(tensor.values)]] : [];
    const shown = new Set<string>();
    const rows = this.nodes.flatMap(({ name, layer, inputs, value, gradient, slopes }) => {
      if (layer === undefined) {
        const factors = slopes.flatMap((slope, i) => line(name, `∂${name}/∂${inputs[i]}`, slope));
        return [...line(name, 'value', value), ...line(name, `∂L/∂${name}`, gradient), ...factors];
      }
      if (shown.has(layer)) return [];
      shown.add(layer);
      const { u, du, nodes, parameters } = this.layer(layer);
      const gradients = (parts: Readonly<Record<string, TracedPart>>) =>
        Object.entries(parts).flatMap(([key, part]) => line(layer, GRADIENTS[key] ?? `∂L/∂${key}`, part.gradient));
      return [
        ...Object.entries(nodes).flatMap(([key, part]) => line(layer, key, part.value)),
        ...line(layer, 'u', u),
        ...line(layer, '∂L/∂u', du),
        ...gradients(nodes),
        ...gradients(parameters),
      ];
    });
    const lines = table([['name', 'tensor', 'shape', 'values'], ...rows]);
    const loss: number | undefined = this.loss;
    return loss === undefined ? lines.join('\n') : [...lines, `loss ${loss.toPrecision(6)}`].join('\n');
  }
}

/** @throws ValueError listing the names there are */
function byName<T extends { readonly name: string }>(call: string, what: string, among: readonly T[], name: string): T {
  const found = among.find((one) => one.name === name);
  if (!found) throw new ValueError(`${call}: ${what} is ${describe(name)}, expected one of ${among.map((one) => one.name).join(', ')}`);
  return found;
}

/** What the notes call the gradients of a dense layer's parts. */
const GRADIENTS: Readonly<Record<string, string>> = { z: 'δ', weights: '∂L/∂W', biases: '∂L/∂b' };

function preview(values: Float32Array): string {
  const shown = Array.from(values.subarray(0, 8), (v) => v.toPrecision(5));
  return shown.join(' ') + (values.length > 8 ? ` … (${values.length})` : '');
}

/** What a trace wants of a graph, as nodes. */
interface TracePlan {
  readonly program: LoadedProgram;
  /** The nodes shown, with what is known of each. */
  readonly nodes: readonly { node: Node; gradient: Node | undefined; slopes: readonly (Node | undefined)[] }[];
  readonly gradientOf: ReadonlyMap<Node, Node>;
}

type TraceNodes = Omit<TracePlan, 'program'>;

/** What the recipes made so far show; a recipe outlives its programs, which are compiled again for more rows. */
const plans = new WeakMap<Recipe, TraceNodes>();

/**
 * Compiles, on first use, the program that keeps everything: without fusion, no two tensors sharing memory, gradients beside the network's own.
 * Running it changes nothing that any other program reads.
 */
function traceProgram(engine: Engine, rows: number, forms: readonly TargetForm[], withTargets: boolean): TracePlan {
  const program = engine.derived(`trace:${withTargets ? forms : 'forward'}`, rows, () => {
    const { recipe, ...nodes } = planTrace(engine, forms, withTargets);
    plans.set(recipe, nodes);
    return recipe;
  });
  return { program, ...(plans.get(program.recipe) as TraceNodes) };
}

function planTrace(engine: Engine, forms: readonly TargetForm[], withTargets: boolean): TraceNodes & { recipe: Recipe } {
  const { inputs, outputs } = engine.model;
  const losses = withTargets ? engine.lossNodes('trace', forms) : [];
  const terms = withTargets ? engine.terms(losses) : [];
  // A loss of the user's own and a penalty are nodes that they made.
  const own = withTargets
    ? [...losses.filter(({ loss }) => graphOf(loss)).map(({ rows }) => rows), ...engine.penalties.map((node) => engine.inMode('prediction', node))]
    : [];
  const all = topological([...outputs, ...own]);
  const shown = all.filter((node) => node.op.repeats !== 'rows' && node.op !== constantOp);
  const found = gradients(withTargets ? engine.seeds(losses) : [], shown);
  const gradientOf = new Map<Node, Node>();
  shown.forEach((node, i) => {
    const gradient = found[i];
    if (gradient) gradientOf.set(node, gradient);
  });
  // A loss on logits goes past the output's value: its gradient there is written down by itself.
  const judged = outputs.filter((_, i) => engine.losses[i]);
  losses.forEach((loss, i) => {
    const output = judged[i] as Node;
    const direct = loss.logits === output ? undefined : outputGradient(loss, output);
    const other = gradientOf.get(output);
    if (direct) gradientOf.set(output, other ? add(other, direct) : direct);
  });
  if (withTargets) for (const node of shown) if (!gradientOf.has(node)) gradientOf.set(node, fill(node.shape, 0));
  const nodes = shown.map((node) => ({ node, gradient: gradientOf.get(node), slopes: slopesOf(node) }));
  const kept = nodes.flatMap(({ node, gradient, slopes }) => [node, gradient, ...slopes].filter((one): one is Node => one !== undefined));
  const made = kept.filter((node) => node.inputs.length > 0 || node.op.kernel);
  const recipe: Recipe = {
    roots: made,
    inputs: [...inputs, ...dataOf(losses)],
    outputs: made,
    places: engine.places,
    // Where the loss is not finite, all else is what one looks for.
    reports: terms.map(({ rows, scale }) => ({ rows, scale, goOn: true })),
    fuse: false,
    share: false,
  };
  return { nodes, gradientOf, recipe };
}

/** ∂L/∂u where the loss was taken of the logits and so goes past u: as its definition says, scaled as the loss is. */
function outputGradient({ loss, target, weight, scale, factors }: LossNodes, output: Node): Node | undefined {
  const t = target.attributes.classes ? oneHot(target, features(output.shape)) : target;
  const direct = definitionOf(loss).outputGradient?.(output, t, loss as never);
  return direct && scaleBy(weight ? mul(direct, weight) : direct, scale, factors);
}

/** ∂node/∂input for each input of a node whose numbers follow each from those at its place: what its backward rule makes of ones. */
function slopesOf(node: Node): (Node | undefined)[] {
  const diagonal =
    node.op.diagonal &&
    node.inputs.length > 0 &&
    node.inputs.every((x) => x.shape.batched === node.shape.batched && elements(x.shape) === elements(node.shape));
  if (!diagonal) return node.inputs.map(() => undefined);
  return node.op.backward(node, fill(node.shape, 1)).map((slope) => slope ?? fill(node.shape, 0));
}

/**
 * The layer of each node: its parameters, product and z, and what its activation puts between z and u. Of several layers a node is the first's,
 * and a layer's part ends where another's begins.
 */
function layersOfNodes(layers: readonly NamedLayer[], at: (node: Node) => Node): Map<Node, string> {
  const layerOf = new Map<Node, string>();
  for (const { record, name } of layers) {
    const input = at(record.input);
    for (const node of Object.values(record.parameters)) if (!layerOf.has(node)) layerOf.set(node, name);
    const open = [at(record.output)];
    for (let node = open.pop(); node; node = open.pop()) {
      if (node === input || layerOf.has(node) || node.inputs.length === 0) continue;
      layerOf.set(node, name);
      open.push(...node.inputs);
    }
  }
  return layerOf;
}

/**
 * Everything the network computes for a batch: z, u and, with targets, ∂L/∂u, δ = ∂L/∂z, ∂L/∂W and ∂L/∂b of every layer, and every node
 * of the graph with its factors of the chain rule. A second program without fusion is compiled on first use. Looking changes nothing.
 */
export function trace<In extends number>(network: NetworkOf<In>, x: Inputs<NoInfer<In>>): Trace<undefined>;
export function trace<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T>,
  options?: WeightOption,
): Trace<TracedTensor>;
export function trace<T extends AnyTargets, In extends number>(
  network: NetworkOf<In, T>,
  x: Inputs<NoInfer<In>>,
  y: NoInfer<T> | undefined,
  options?: WeightOption,
): Trace;
export function trace(network: AnyNetwork, x: unknown, y?: unknown, options?: WeightOption): Trace {
  const inside = internals('trace', network).idle('trace');
  const withTargets = y !== undefined;
  if (withTargets) inside.need('trace', 'loss');
  const { engine } = inside;
  const batch = readBatchOf('trace', engine, x, withTargets ? givenTargets('trace', y, options) : undefined);
  const plan = traceProgram(engine, batch.rows, batch.forms, withTargets);
  writeBatch(plan.program, batch, 0, batch.rows);
  const { workspace } = plan.program;
  workspace.lossSum = 0;
  plan.program.run(batch.rows);
  const loss = withTargets ? workspace.lossSum / batch.rows : undefined;
  return readTrace(engine, plan, batch.rows, loss, inside.layers, inside.nodeNames());
}

/** Reads a trace out of memory after its program ran. */
function readTrace(
  engine: Engine,
  { program, nodes, gradientOf }: TracePlan,
  rows: number,
  loss: number | undefined,
  layers: readonly NamedLayer[],
  names: ReadonlyMap<Node, string>,
): Trace {
  const { f32 } = engine.core;
  const nameOf = nameNodes(
    nodes.map(({ node }) => node),
    names,
  );
  const at = (node: Node) => engine.inMode('prediction', node);
  const layerOf = layersOfNodes(layers, at);
  const traced = new Set(nodes.map(({ node }) => node));
  const read = (node: Node | undefined): TracedTensor | undefined => {
    if (!node) return undefined;
    const shape = [...(node.shape.batched ? [rows] : []), ...node.shape.size];
    const n = shape.reduce((product, d) => product * d, 1);
    const index = program.indexOf(node);
    return { shape, values: f32.slice(index, index + n) };
  };
  return new Trace(
    loss,
    layers.map(({ record, name }) => {
      const parts = (own: Readonly<Record<string, Node>>): Record<string, TracedPart> =>
        Object.fromEntries(
          Object.entries(own).flatMap(([key, raw]) => {
            const node = at(raw);
            return traced.has(node) ? [[key, { value: read(node) as TracedTensor, gradient: read(gradientOf.get(node)) }]] : [];
          }),
        );
      const [nodes, parameters] = [parts(record.nodes), parts(record.parameters)];
      const [u, du] = [read(at(record.output)) as TracedTensor, read(gradientOf.get(at(record.output)))];
      return {
        name,
        kind: record.kind,
        parameters,
        nodes,
        z: nodes.z?.value ?? u,
        u,
        du,
        dz: nodes.z ? nodes.z.gradient : du,
        dw: parameters.weights?.gradient,
        db: parameters.biases?.gradient,
      };
    }),
    nodes.map(({ node, gradient, slopes }) => ({
      name: nameOf.get(node) as string,
      op: node.op.name,
      layer: layerOf.get(node),
      inputs: node.inputs.map((x) => {
        const source = x.op.repeats === 'rows' ? (x.inputs[0] as Node) : x;
        return nameOf.get(source) ?? names.get(source) ?? source.label;
      }),
      value: read(node) as TracedTensor,
      gradient: read(gradient),
      slopes: slopes.map(read),
    })),
  );
}
