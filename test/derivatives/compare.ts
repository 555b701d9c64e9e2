/** Networks and the oracle's graphs side by side: every derivative there is, in the core and in float64. */

import type { AnyNetwork, Loss, Node, Targets, Values } from 'neurite';
import {
  hessian as hessianOf,
  hvp,
  inputGradient as inputGradientOf,
  inputHessian,
  inputHvp,
  jacobian,
  jvp,
  parameterJacobian,
  perSampleGradients,
  vjp as vjpOf,
} from 'neurite/derivatives';
import { expect } from 'vitest';
import { topological } from '../../src/graph/node.js';
import { type Expansion, expand, expandLoss, type GraphLoss, type GraphNode, type Tangent, totalLoss } from '../oracle/graph.js';
import { oracleOfOp, type Tolerances } from '../vocabulary.js';

/** A network, what the oracle has for it, and numbers to go through both. */
export interface Pair {
  net: AnyNetwork;
  graph: GraphNode[];
  /** Indices into the graph, in the network's order. */
  inputs: number[];
  parameters: number[];
  outputs: number[];
  rows: number;
  /** One for each output, or none for it. */
  losses?: (GraphLoss | undefined)[];
  /** The targets of those, as the network takes them. */
  targets?: Targets[];
  /** Numbers in [−1, 1) for directions. */
  next: () => number;
}

export const tolerances: Tolerances = { first: 1e-5, second: 1e-4 };

/**
 * Where ‖b‖∞ is less than this, terms of order 1 have cancelled and float32 cannot hold the quotient: the difference is then measured against
 * this instead, and the comparison not counted among those that hold to the quotient itself.
 */
const CANCELLED = 0.1;

/** What is compared, by the call it comes from. */
export type Kind = 'forward' | 'jacobian' | 'vjp' | 'jvp' | 'gradient' | 'inputGradient' | 'perSampleGradients' | 'hvp' | 'inputHessian';

/** How many cases of each kind held to ‖a − b‖∞ ≤ tolerance·‖b‖∞ in all their comparisons. */
export type Tally = Partial<Record<Kind, number>>;

/** A graph of nodes as the oracle takes it; `valuesOf` gives the numbers of inputs and parameters. */
export function describeGraph(
  outputs: readonly Node[],
  valuesOf: (node: Node) => ArrayLike<number>,
): { graph: GraphNode[]; index: Map<Node, number> } {
  const order = topological(outputs);
  const index = new Map(order.map((node, i) => [node, i]));
  const graph = order.map((node): GraphNode => {
    const { op, shape, attributes } = node;
    const described: GraphNode = {
      ...oracleOfOp(op.name),
      inputs: node.inputs.map((x) => index.get(x) as number),
      attributes,
      batched: shape.batched,
      size: [...shape.size],
    };
    if (op.name === 'constant') return { ...described, values: (node as Node & { values: Float32Array }).values };
    return node.inputs.length === 0 && op.name !== 'fill' ? { ...described, values: valuesOf(node) } : described;
  });
  return { graph, index };
}

/** The largest |a − b|, and of |b|. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): { difference: number; size: number } {
  if (a.length !== b.length) expect.fail(`${a.length} numbers came, expected ${b.length}`);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs((a[i] as number) - (b[i] as number));
    if (!(d <= difference)) difference = d;
    size = Math.max(size, Math.abs(b[i] as number));
  }
  return { difference, size };
}

export interface Options {
  tally?: Tally;
  within?: Tolerances;
  floor?: number;
  /** Only values, gradients, jvp and hvp. */
  brief?: boolean;
}

/** Compares within tolerances, and remembers for each kind whether all comparisons held to the quotient. */
class Comparison {
  readonly #strict = new Map<Kind, boolean>();

  constructor(
    readonly within: Tolerances,
    readonly floor: number,
  ) {}

  agree(kind: Kind, what: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
    const tolerance = kind === 'hvp' || kind === 'inputHessian' ? this.within.second : this.within.first;
    const { difference, size } = distance(a, b);
    if (!(difference <= tolerance * Math.max(size, this.floor))) {
      const shown = (x: ArrayLike<number>) => `[${Array.from(x).slice(0, 8).join(', ')}${x.length > 8 ? ', …' : ''}]`;
      expect.fail(
        `${kind}${what}: ${shown(a)} differs from ${shown(b)} by ${difference.toExponential(2)}, more than ${tolerance} of ${Math.max(size, this.floor)}`,
      );
    }
    this.#strict.set(kind, (this.#strict.get(kind) ?? true) && difference <= tolerance * size);
  }

  /** Adds a case to the count of each kind that was strict throughout. */
  countInto(tally: Tally): void {
    for (const [kind, strict] of this.#strict) tally[kind] = (tally[kind] ?? 0) + (strict ? 1 : 0);
  }
}

const product = (size: number[]) => size.reduce((a, b) => a * b, 1);
const width = (node: GraphNode) => node.size[0] as number;
const lane = (x: Expansion, l: number) => x.lanes[l] as Float64Array;

/** One direction for each feature of an input, on all rows at once: rows do not meet. */
export function inputDirections(graph: GraphNode[], input: number, rows: number): Tangent[] {
  const n = width(graph[input] as GraphNode);
  return Array.from({ length: n }, (_, f) => new Map([[input, Float64Array.from({ length: rows * n }, (__, j) => (j % n === f ? 1 : 0))]]));
}

export function parameterDirections(graph: GraphNode[], parameters: number[]): Tangent[] {
  return parameters.flatMap((p) => {
    const n = product((graph[p] as GraphNode).size);
    return Array.from({ length: n }, (_, i) => new Map([[p, Float64Array.from({ length: n }, (__, j) => (i === j ? 1 : 0))]]));
  });
}

/** A run over all parameters as a tangent of each. */
export function parameterTangent(graph: GraphNode[], parameters: number[], run: ArrayLike<number>): Tangent {
  let start = 0;
  return new Map(
    parameters.map((p) => {
      const n = product((graph[p] as GraphNode).size);
      start += n;
      return [p, Array.from({ length: n }, (_, j) => run[start - n + j] as number)];
    }),
  );
}

const draw = (n: number, next: () => number) => Float32Array.from({ length: n }, next);

/** A single input is passed as it is, several as a list. */
const one = <T>(list: T[]): T | T[] => (list.length === 1 ? (list[0] as T) : list);

/** Output `o` from rows of `[rows, out]` lanes as `[rows, out, directions]`. */
function jacobianOf(y: Expansion, rows: number, first: number, count: number): Float64Array {
  const out = y.size[0] as number;
  const result = new Float64Array(rows * out * count);
  for (let i = 0; i < count; i++) for (let j = 0; j < rows * out; j++) result[j * count + i] = lane(y, 2 + 2 * (first + i))[j] as number;
  return result;
}

/** Compares forward values and every first derivative, and the second ones of the loss and of outputs with one feature. */
export function compare(pair: Pair, options: Options = {}): void {
  const { tally = {}, within = tolerances, floor = CANCELLED, brief = false } = options;
  const comparison = new Comparison(within, floor);
  const { net, graph, inputs, parameters, outputs, rows, next } = pair;
  const x = one(inputs.map((i) => Float32Array.from((graph[i] as GraphNode).values as ArrayLike<number>))) as Values;
  const count = net.parameterCount;
  const widths = inputs.map((i) => width(graph[i] as GraphNode));
  const dx = inputs.map((_, k) => draw(rows * (widths[k] as number), next));
  const dp = draw(count, next);
  const along: Tangent = parameterTangent(graph, parameters, dp);
  const alongInputs: Tangent = new Map(inputs.map((i, k) => [i, dx[k] as Float32Array]));
  const directions = [...inputs.flatMap((i) => inputDirections(graph, i, rows)), ...parameterDirections(graph, parameters)];
  const all = expand(graph, rows, along, directions);
  const moved = expand(graph, rows, alongInputs);
  const inputTotal = widths.reduce((a, b) => a + b, 0);

  const predicted = outputs.length === 1 ? [net.predict(x)] : net.predict(x as readonly Values[]);
  outputs.forEach((o, output) => {
    const y = all[o] as Expansion;
    const ofInputs = lane(moved[o] as Expansion, 1);
    const out = y.size[0] as number;
    comparison.agree('forward', ` of output ${output}`, predicted[output] as Float32Array, lane(y, 0));

    comparison.agree('jvp', ` of output ${output} along x`, jvp(net, x, { x: one(dx) }, { output }).tangent, ofInputs);
    if (count > 0) {
      comparison.agree('jvp', ` of output ${output} along the parameters`, jvp(net, x, { parameters: dp }, { output }).tangent, lane(y, 1));
      const both = lane(y, 1).map((d, j) => d + (ofInputs[j] as number));
      comparison.agree('jvp', ` of output ${output} along both`, jvp(net, x, { x: one(dx), parameters: dp }, { output }).tangent, both);
    }
    if (brief) return;
    const expected = jacobianOf(y, rows, 0, directions.length);
    const column = (from: number, n: number) =>
      Float64Array.from({ length: rows * out * n }, (_, j) => expected[Math.floor(j / n) * directions.length + from + (j % n)] as number);
    let from = 0;
    widths.forEach((n, input) => {
      comparison.agree('jacobian', ` of output ${output} to input ${input}`, jacobian(net, x, { output, input }), column(from, n));
      from += n;
    });
    if (count > 0)
      comparison.agree('jacobian', ` of output ${output} to the parameters`, parameterJacobian(net, x, { output }), column(inputTotal, count));

    const v = draw(rows * out, next);
    const vjp = vjpOf(net, x, v, { output });
    const back = (f: number, row: number) =>
      Array.from({ length: out }, (_, j) => (v[row * out + j] as number) * (expected[(row * out + j) * directions.length + f] as number)).reduce(
        (a, b) => a + b,
        0,
      );
    comparison.agree('vjp', `'s value of output ${output}`, vjp.value, lane(y, 0));
    from = 0;
    widths.forEach((n, input) => {
      const start = from;
      comparison.agree(
        'vjp',
        ` of output ${output} to input ${input}`,
        vjp.inputs[input] as Float32Array,
        Float64Array.from({ length: rows * n }, (_, j) => back(start + (j % n), Math.floor(j / n))),
      );
      from += n;
    });
    const backParameters = Float64Array.from({ length: count }, (_, p) =>
      Array.from({ length: rows }, (__, row) => back(inputTotal + p, row)).reduce((a, b) => a + b, 0),
    );
    comparison.agree('vjp', ` of output ${output} to the parameters`, vjp.parameters, backParameters);

    if (out === 1) compareInputHessian(pair, x, output, comparison);
  });
  if (pair.losses) compareLoss(pair, x, dp, all, inputTotal, comparison, brief);
  comparison.countInto(tally);
}

/** ∂²output/∂input² of a scalar output, row by row, as a matrix and along a direction. */
function compareInputHessian({ net, graph, inputs, outputs, rows, next }: Pair, x: Values, output: number, comparison: Comparison): void {
  inputs.forEach((at, input) => {
    const n = width(graph[at] as GraphNode);
    const units = inputDirections(graph, at, rows);
    const second = (v: Tangent) => {
      const y = expand(graph, rows, v, units)[outputs[output] as number] as Expansion;
      return Float64Array.from({ length: rows * n }, (_, j) => lane(y, 3 + 2 * (j % n))[Math.floor(j / n)] as number);
    };
    const v = draw(rows * n, next);
    comparison.agree(
      'inputHessian',
      ` times v of output ${output} to input ${input}`,
      inputHvp(net, x, v, { output, input }),
      second(new Map([[at, v]])),
    );
    const columns = units.map(second);
    const hessian = Float64Array.from(
      { length: rows * n * n },
      (_, j) => columns[Math.floor(j / n) % n]?.[Math.floor(j / (n * n)) * n + (j % n)] as number,
    );
    comparison.agree('inputHessian', ` of output ${output} to input ${input}`, inputHessian(net, x, { output, input }), hessian);
  });
}

/** The loss, its gradients to parameters and inputs, of each row by itself, and its Hessian. */
function compareLoss(pair: Pair, x: Values, dp: Float32Array, all: Expansion[], inputTotal: number, comparison: Comparison, brief: boolean): void {
  const { net, graph, inputs, outputs, rows } = pair;
  const losses = pair.losses as (GraphLoss | undefined)[];
  const y = one(pair.targets as Targets[]) as Targets;
  const count = net.parameterCount;
  const totals = totalLoss(all, outputs, losses, rows);
  // The library reports a mean over the rows, whatever the reduction of the gradient.
  const perRow = losses.flatMap((loss, i) => (loss ? [expandLoss(all[outputs[i] as number] as Expansion, loss, rows)] : []));
  const mean = perRow.reduce((sum, { lanes }) => sum + (lanes[0] as Float64Array).reduce((a, b) => a + b, 0), 0) / rows;
  comparison.agree('forward', ' of the loss', [net.gradient(x, y)], [mean]);
  const each = (l: number, row: number) => perRow.reduce((sum, loss) => sum + (lane(loss, l)[row] as number), 0);
  const reduced = (l: number, row: number) =>
    losses
      .filter((loss) => loss)
      .reduce((sum, loss, i) => sum + (lane(perRow[i] as Expansion, l)[row] as number) / (loss?.reduction === 'mean' ? rows : 1), 0);
  const inputGradient = inputGradientOf(net, x as readonly Values[], y) as unknown as Float32Array | Float32Array[];
  let from = 0;
  inputs.forEach((at, input) => {
    const n = width(graph[at] as GraphNode);
    const start = from;
    const found = inputs.length === 1 ? (inputGradient as Float32Array) : (inputGradient as Float32Array[])[input];
    const expected = Float64Array.from({ length: rows * n }, (_, j) => reduced(2 + 2 * (start + (j % n)), Math.floor(j / n)));
    comparison.agree('inputGradient', ` to input ${input}`, found as Float32Array, expected);
    from += n;
  });
  if (count === 0) return;
  const parameterLanes = Array.from({ length: count }, (_, p) => 2 + 2 * (inputTotal + p));
  comparison.agree(
    'gradient',
    '',
    net.gradients,
    parameterLanes.map((l) => totals[l] as number),
  );
  if (!brief) {
    const perSample = Float64Array.from({ length: rows * count }, (_, j) => each(parameterLanes[j % count] as number, Math.floor(j / count)));
    comparison.agree('perSampleGradients', '', perSampleGradients(net, x, y), perSample);
  }
  comparison.agree(
    'hvp',
    '',
    hvp(net, x, y, dp),
    parameterLanes.map((l) => totals[l + 1] as number),
  );
  if (count <= 12 && !brief) {
    const units = parameterDirections(graph, pair.parameters);
    const hessian = units.flatMap((unit) => {
      const along = totalLoss(expand(graph, rows, unit, units), outputs, losses, rows);
      return units.map((_, p) => along[3 + 2 * p] as number);
    });
    comparison.agree('hvp', ' and hessian', hessianOf(net, x, y), hessian);
  }
}

/** A loss of the library, as the oracle has it. */
export function graphLoss(loss: Loss, targets: ArrayLike<number>, weight = 1): GraphLoss {
  return {
    name: loss.name === 'meanSquaredError' ? 'squaredError' : (loss.name as GraphLoss['name']),
    fromLogits: loss.fromLogits,
    reduction: loss.reduction,
    weight: weight * loss.scale,
    targets,
  };
}
