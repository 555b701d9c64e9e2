import { gradients } from './compile/differentiate.js';
import type { Recipe } from './compile/program.js';
import type { Engine, LoadedProgram } from './engine.js';
import { type Node, topological } from './graph/node.js';
import { elements, features } from './graph/shape.js';
import type { LayerNodes } from './layers/layer.js';
import type { LossNodes } from './losses.js';
import { div } from './ops/div.js';
import { fill } from './ops/leaves.js';
import { mul } from './ops/mul.js';
import { affine, neg, scaleBy } from './ops/affine.js';
import { oneHot } from './ops/oneHot.js';
import { sub } from './ops/sub.js';

/** A tensor of a trace: its numbers row by row, copied out of memory. */
export interface TracedTensor {
  /** `[rows, features]`, or the shape of a parameter. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** One node of the graph: its value, and with targets the derivatives around it. */
export interface TracedNode {
  readonly name: string;
  readonly op: string;
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  readonly value: TracedTensor;
  /** ∂L/∂node; undefined without targets, or where the loss does not depend on it. */
  readonly gradient: TracedTensor | undefined;
  /** The factor of the chain rule for each input, where it is a number for each element: ∂node/∂input. */
  readonly slopes: readonly (TracedTensor | undefined)[];
}

/** One layer: the quantities of backpropagation by their names in the notes. */
export interface TracedLayer {
  readonly name: string;
  /** z = x·Wᵀ + b, before the activation. */
  readonly z: TracedTensor;
  /** u = g(z). */
  readonly u: TracedTensor;
  /** ∂L/∂u. */
  readonly du: TracedTensor | undefined;
  /** δ = ∂L/∂z. */
  readonly dz: TracedTensor | undefined;
  /** ∂L/∂W, `[out, in]`. */
  readonly dw: TracedTensor | undefined;
  /** ∂L/∂b. */
  readonly db: TracedTensor | undefined;
}

/** Everything a network computed for some rows. */
export class Trace {
  constructor(
    /** The mean loss over the rows; undefined without targets. */
    readonly loss: number | undefined,
    readonly layers: readonly TracedLayer[],
    readonly nodes: readonly TracedNode[],
  ) {}

  /** The deltas ∂L/∂z, one for each layer. */
  get deltas(): (TracedTensor | undefined)[] {
    return this.layers.map((layer) => layer.dz);
  }

  /** The layer of a name. */
  layer(name: string): TracedLayer | undefined {
    return this.layers.find((layer) => layer.name === name);
  }

  /** The node of a name. */
  node(name: string): TracedNode | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  /** A table: each layer's tensors with their first numbers. */
  toString(): string {
    const rows = this.layers.flatMap(({ name, ...tensors }) =>
      (['z', 'u', 'du', 'dz', 'dw', 'db'] as const).flatMap((key) => {
        const tensor = tensors[key];
        return tensor ? [[name, LABELS[key], `[${tensor.shape.join(', ')}]`, preview(tensor.values)]] : [];
      }),
    );
    const table = [['layer', 'tensor', 'shape', 'values'], ...rows];
    const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => (row[column] as string).length)));
    const lines = table.map((row) => row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i] as number) : cell)).join('  '));
    return this.loss === undefined ? lines.join('\n') : [...lines, `loss ${this.loss.toPrecision(6)}`].join('\n');
  }
}

const LABELS = { z: 'z', u: 'u', du: '∂L/∂u', dz: 'δ', dw: '∂L/∂W', db: '∂L/∂b' } as const;

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

/** The plans of the recipes made so far; a recipe outlives its programs, which are compiled again for more rows. */
const plans = new WeakMap<Recipe, Omit<TracePlan, 'program'>>();

/**
 * Compiles, on first use, the program that keeps everything: without fusion, no two tensors sharing memory, gradients beside the network's own.
 * Running it changes nothing that any other program reads.
 */
export function traceProgram(engine: Engine, rows: number, classes: readonly boolean[], withTargets: boolean): TracePlan {
  const { inputs, outputs } = engine.model;
  const losses = withTargets ? engine.lossNodes('trace', classes) : [];
  const all = topological(outputs);
  const shown = all.filter((node) => node.op.name !== 'expandRows' && node.op.name !== 'constant');
  const found = gradients(
    losses.map(({ rows, scale, factors }) => ({ node: rows, gradient: fill(rows.shape, scale, factors) })),
    shown,
  );
  const gradientOf = new Map<Node, Node>();
  shown.forEach((node, i) => {
    const gradient = found[i];
    if (gradient) gradientOf.set(node, gradient);
  });
  // A loss on logits goes past the output's value: its gradient there is written down by itself.
  losses.forEach((loss, i) => {
    const output = outputs[i] as Node;
    if (!gradientOf.has(output)) {
      const gradient = outputGradient(loss, output);
      if (gradient) gradientOf.set(output, gradient);
    }
  });
  const nodes = shown.map((node) => ({ node, gradient: gradientOf.get(node), slopes: slopesOf(node) }));
  const kept = nodes.flatMap(({ node, gradient, slopes }) => [node, gradient, ...slopes].filter((one): one is Node => one !== undefined));
  const made = kept.filter((node) => node.inputs.length > 0 || node.op.name === 'fill');
  const program = engine.derived(`trace:${withTargets ? classes : 'forward'}`, rows, () => ({
    roots: made,
    inputs: [...inputs, ...losses.map((loss) => loss.target)],
    outputs: made,
    places: engine.places,
    reports: losses.map(({ rows, scale }) => ({ rows, scale })),
    fuse: false,
    share: false,
  }));
  const plan = plans.get(program.recipe) ?? { nodes, gradientOf };
  plans.set(program.recipe, plan);
  return { program, ...plan };
}

/** ∂L/∂u where the loss was taken of the logits: −t/u for cross-entropy, (u − t)/(u(1 − u)) for the binary one, scaled as the loss is. */
function outputGradient(loss: LossNodes, output: Node): Node | undefined {
  const t = loss.target.attributes.classes ? oneHot(loss.target, features(output.shape)) : loss.target;
  if (loss.rows.op.name === 'crossEntropy') return scaleBy(neg(div(t, output)), loss.scale, loss.factors);
  if (loss.rows.op.name === 'binaryCrossEntropy') return scaleBy(div(sub(output, t), mul(output, affine(output, -1, 1))), loss.scale, loss.factors);
  return undefined;
}

/** ∂node/∂input for each input of an elementwise op: what its backward rule makes of ones. */
function slopesOf(node: Node): (Node | undefined)[] {
  const elementwise = node.inputs.length > 0 && node.inputs.every((x) => x.shape.batched === node.shape.batched && elements(x.shape) === elements(node.shape));
  if (!elementwise || ['softmax', 'matmul', 'concat', 'slice', 'pad'].includes(node.op.name)) return node.inputs.map(() => undefined);
  return node.op.backward(node, fill(node.shape, 1));
}

/** Reads a trace out of memory after its program ran. */
export function readTrace(
  engine: Engine,
  { program, nodes, gradientOf }: TracePlan,
  rows: number,
  loss: number | undefined,
  layers: readonly { nodes: LayerNodes; name: string }[],
  names: ReadonlyMap<Node, string>,
): Trace {
  const { f32 } = engine.core;
  const counts = new Map<string, number>();
  const nameOf = new Map<Node, string>();
  for (const { node } of nodes) {
    const known = names.get(node) ?? node.name;
    const count = (counts.get(node.op.name) ?? 0) + 1;
    if (!known) counts.set(node.op.name, count);
    nameOf.set(node, known ?? `${node.op.name}${count}`);
  }
  const read = (node: Node | undefined): TracedTensor | undefined => {
    if (!node) return undefined;
    const shape = [...(node.shape.batched ? [rows] : []), ...node.shape.size];
    const n = shape.reduce((product, d) => product * d, 1);
    const at = program.indexOf(node);
    return { shape, values: f32.slice(at, at + n) };
  };
  return new Trace(
    loss,
    layers.map(({ nodes: layer, name }) => ({
      name,
      z: read(layer.z) as TracedTensor,
      u: read(layer.u) as TracedTensor,
      du: read(gradientOf.get(layer.u)),
      dz: read(gradientOf.get(layer.z)),
      dw: read(gradientOf.get(layer.weights)),
      db: layer.biases && read(gradientOf.get(layer.biases)),
    })),
    nodes.map(({ node, gradient, slopes }) => ({
      name: nameOf.get(node) as string,
      op: node.op.name,
      inputs: node.inputs.map((x) => nameOf.get(x.op.name === 'expandRows' ? (x.inputs[0] as Node) : x) ?? x.label),
      value: read(node) as TracedTensor,
      gradient: read(gradient),
      slopes: slopes.map(read),
    })),
  );
}

