/** Random graphs, beside the oracle's. */
import {
  abs,
  add,
  clip,
  concat,
  constant,
  dense,
  div,
  dot,
  elu,
  erf,
  erfc,
  exp,
  gelu,
  input,
  type Layer,
  type Loss,
  leakyRelu,
  log,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  meanSquaredError,
  min,
  minimum,
  mish,
  mul,
  type Node,
  neg,
  network,
  parameter,
  pow,
  relu,
  scale,
  selu,
  shift,
  sigmoid,
  silu,
  slice,
  softmax,
  softplus,
  softsign,
  sqrt,
  square,
  squaredError,
  sub,
  sum,
  type Targets,
  tanh,
} from 'neurite';
import { topological } from '../../src/graph/node.js';
import { features } from '../../src/graph/shape.js';
import { numbers } from '../kernels/numbers.js';
import type { GraphLoss } from '../oracle/graph.js';
import { describeGraph, graphLoss, type Pair } from './compare.js';

/** Whole numbers from 0 to n − 1. */
type Pick = (n: number) => number;

/** Ops of one node that keep values of order 1 of order 1, wherever they are. */
const unary: ((x: Node) => Node)[] = [
  tanh,
  sigmoid,
  relu,
  softplus,
  gelu,
  silu,
  mish,
  elu,
  selu,
  softsign,
  abs,
  softmax,
  logSoftmax,
  neg,
  erf,
  erfc,
  (x) => leakyRelu(x, 0.25),
  (x) => clip(x, -0.75, 1.25),
  (x) => exp(tanh(x)),
  (x) => square(tanh(x)),
  (x) => pow(softplus(x), 1.5),
  (x) => sqrt(shift(square(x), 0.5)),
  (x) => log(shift(softplus(x), 0.5)),
  (x) => scale(shift(x, 0.4), 0.7),
  (x) => slice(x, 0, Math.max(1, features(x.shape) - 1)),
];

const narrow: ((x: Node) => Node)[] = [sum, mean, max, min, logSumExp].map((f) => (x: Node) => scale(f(x), 1 / Math.sqrt(features(x.shape))));

const binary: ((a: Node, b: Node) => Node)[] = [
  (a, b) => scale(add(a, b), 0.7),
  (a, b) => scale(sub(a, b), 0.7),
  (a, b) => mul(a, tanh(b)),
  (a, b) => div(a, shift(softplus(b), 0.5)),
  maximum,
  minimum,
];

/**
 * A random graph: one to three inputs, up to 30 ops on any of the nodes so far, layers applied several times, one to three outputs.
 * @param most features of an input or a layer, and most rows
 */
export function randomGraph(seed: number, build: 'simd' | 'relaxed', most = 4): Pair {
  const next = numbers(seed);
  const pick: Pick = (n) => Math.floor(((next() + 1) / 2) * n);
  const from = <T>(list: readonly T[]) => list[pick(list.length)] as T;
  const rows = 1 + pick(most);
  const inputs = Array.from({ length: 1 + pick(3) }, (_, i) => input(1 + pick(most), `x${i}`));
  const nodes: Node[] = [...inputs];
  const layers = new Map<number, Layer>();
  const uses = new Set<Node>();
  const use = (node: Node) => {
    uses.add(node);
    return node;
  };
  // Every input is used, the others as it happens.
  const operand = (i: number) => use(i < inputs.length ? (inputs[i] as Node) : from(nodes));
  const ops = Math.max(inputs.length, 1 + pick(30));
  for (let i = 0; i < ops; i++) {
    const a = operand(i);
    const width = features(a.shape);
    const kind = pick(12);
    if (kind < 4) nodes.push(from(unary)(a));
    else if (kind < 7) {
      const b = from(nodes.filter((node) => node !== a && [1, width].includes(features(node.shape))).concat(parameter(width)));
      nodes.push(from(binary)(...(pick(2) ? ([a, use(b)] as const) : ([use(b), a] as const))));
    } else if (kind === 7) nodes.push(from(narrow)(a));
    else if (kind === 8) {
      const key = width * 3 + pick(3);
      if (!layers.has(key)) layers.set(key, dense(1 + pick(most), from(['tanh', 'relu', 'identity', 'sigmoid', 'gelu'] as const)));
      nodes.push((layers.get(key) as Layer)(a));
    } else if (kind === 9) nodes.push(slice(concat(a, use(from(nodes))), 0, Math.min(most + 1, width + 1)));
    else if (kind === 10)
      nodes.push(matmul(a, pick(2) ? constant(Float32Array.from({ length: width * 2 }, next), [width, 2]) : parameter([width, 2])));
    else {
      const b = from(nodes.filter((node) => features(node.shape) === width));
      nodes.push(scale(dot(a, use(b)), 0.5));
    }
  }
  const sinks = nodes.filter((node) => !uses.has(node));
  const outputs = sinks.slice(0, 2);
  // What nothing uses goes into the last output, so that every input has one that depends on it.
  const reached = new Set(topological(outputs));
  const rest = [...sinks.slice(2), ...inputs.filter((node) => !reached.has(node))];
  if (rest.length > 0) outputs.push(tanh(rest.map(mean).reduce((a, b) => add(a, b))));
  return pairOf(
    outputs,
    inputs,
    outputs.map((_, i) => (i === 0 ? meanSquaredError() : squaredError({ scale: 0.3 }))),
    rows,
    next,
    build,
  );
}

/** The network and the oracle's graph, with parameters, inputs and targets drawn. */
export function pairOf(
  outputs: Node[],
  inputs: Node[],
  losses: (Loss | undefined)[],
  rows: number,
  next: () => number,
  build: 'simd' | 'relaxed',
  weights: number[] = [],
): Pair {
  const values = new Map<Node, Float32Array>();
  const { graph, index } = describeGraph(outputs, (node) => {
    const size = node.shape.size.reduce((a, b) => a * b, 1);
    const spread = node.shape.batched ? 1 : 1 / Math.sqrt(features(node.shape));
    const drawn = Float32Array.from({ length: size * (node.shape.batched ? rows : 1) }, () => spread * next());
    values.set(node, drawn);
    return drawn;
  });
  const parameters = graph.flatMap((node, i) => (node.op === 'parameter' ? [i] : []));
  const targets: Targets[] = [];
  const expected = losses.map((loss, i): GraphLoss | undefined => {
    if (!loss) return undefined;
    const n = features((outputs[i] as Node).shape);
    const weight = weights[i] ?? 1;
    if (loss.name === 'crossEntropy' && i === 0) {
      const ids = Array.from({ length: rows }, () => Math.floor(((next() + 1) / 2) * n));
      targets.push(Uint8Array.from(ids));
      return graphLoss(
        loss,
        ids.flatMap((id) => Array.from({ length: n }, (_, k) => (k === id ? 1 : 0))),
        weight,
      );
    }
    const t = Float32Array.from({ length: rows * n }, () =>
      loss.name === 'squaredError' || loss.name === 'meanSquaredError' ? next() : (next() + 1) / 2,
    );
    if (loss.name === 'crossEntropy') {
      for (let row = 0; row < rows; row++) {
        const of = t.subarray(row * n, (row + 1) * n);
        const total = of.reduce((a, b) => a + b);
        of.forEach((v, k) => {
          of[k] = v / total;
        });
      }
    }
    targets.push(t);
    return graphLoss(loss, t, weight);
  });
  const net = network({ inputs, outputs, loss: losses.map((loss, i) => loss && { loss, weight: weights[i] ?? 1 }), build });
  net.parameters.set(parameters.flatMap((i) => Array.from(graph[i]?.values as ArrayLike<number>)));
  const indices = (list: readonly Node[]) => list.map((node) => index.get(node) as number);
  return { net, graph, inputs: indices(inputs), parameters, outputs: indices(outputs), rows, losses: expected, targets, next };
}
