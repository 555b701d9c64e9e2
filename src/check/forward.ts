/**
 * One float64 forward for each op: the graph of a network evaluated with an arithmetic so fine that differences of its values give
 * derivatives. Written for checking only, apart from the kernels and from the rules of differentiation.
 */
import { NeuriteError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';

/** The values of a node, row by row. */
export type Numbers = Float64Array;

/** What an op makes of the values of its inputs. */
type Forward = (node: Node, inputs: readonly Numbers[], rows: number) => Numbers;

const at = (x: ArrayLike<number>, i: number) => x[i] as number;

/** Numbers a node has for `rows` rows. */
export function lengthOf(node: Node, rows: number): number {
  return elements(node.shape) * (node.shape.batched ? rows : 1);
}

/**
 * erf x: the series 2/√π·Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n+1)) (DLMF 7.6.1) up to 2, whose terms lose no more than two digits there, and beyond it
 * 1 − erfc x with the continued fraction of erfc (DLMF 7.9.1) taken to 80 terms: an error below 1e-14.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a > 2) {
    let tail = a;
    for (let k = 80; k > 0; k--) tail = a + k / 2 / tail;
    return Math.sign(x) * (1 - Math.exp(-a * a) / (tail * Math.sqrt(Math.PI)));
  }
  let power = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    power *= (-x * x) / n;
    sum += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** 1 − erf x, by the same continued fraction where it is small. */
function erfc(x: number): number {
  if (!(x > 2)) return 1 - erf(x);
  let tail = x;
  for (let k = 80; k > 0; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / (tail * Math.sqrt(Math.PI));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function elementwise(f: (x: number, alpha: number, beta: number) => number): Forward {
  return (node, [x]) => {
    const { alpha = 0, beta = 0 } = node.attributes as { alpha?: number; beta?: number };
    return (x as Numbers).map((v) => f(v, alpha, beta));
  };
}

function pairwise(f: (a: number, b: number) => number): Forward {
  return (_, [a, b]) => (a as Numbers).map((v, i) => f(v, at(b as Numbers, i)));
}

/** Rows of x, each made one number. */
function reduce(f: (row: Numbers) => number): Forward {
  return (node, [x]) => {
    const n = features((node.inputs[0] as Node).shape);
    return Float64Array.from({ length: (x as Numbers).length / n }, (_, r) => f((x as Numbers).subarray(r * n, (r + 1) * n)));
  };
}

/** Rows of a and b, each pair made one number. */
function ofRows(f: (a: Numbers, b: Numbers) => number): Forward {
  return (node, [a, b]) => {
    const n = features((node.inputs[0] as Node).shape);
    const row = (x: Numbers, r: number) => x.subarray(r * n, (r + 1) * n);
    return Float64Array.from({ length: (a as Numbers).length / n }, (_, r) => f(row(a as Numbers, r), row(b as Numbers, r)));
  };
}

const largest = (row: Numbers) => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
const sum = (row: Numbers) => row.reduce((a, b) => a + b, 0);

/** log Σ eˣ, the largest taken off first. */
function logSumExp(row: Numbers): number {
  const top = largest(row);
  return top + Math.log(sum(row.map((v) => Math.exp(v - top))));
}

/** A function of log softmax, row by row. */
function normalize(f: (v: number) => number): Forward {
  return (node, [x]) => {
    const n = features(node.shape);
    const y = new Float64Array((x as Numbers).length);
    for (let r = 0; r < y.length / n; r++) {
      const row = (x as Numbers).subarray(r * n, (r + 1) * n);
      const total = logSumExp(row);
      for (let j = 0; j < n; j++) y[r * n + j] = f((row[j] as number) - total);
    }
    return y;
  };
}

const matmul: Forward = (node, [a, b], rows) => {
  const { ta, tb } = node.attributes as { ta: boolean; tb: boolean };
  const axes = ({ shape }: Node) => (shape.batched ? [rows, features(shape)] : shape.size) as [number, number];
  const [ar, ac] = axes(node.inputs[0] as Node);
  const [br, bc] = axes(node.inputs[1] as Node);
  const [m, n, k] = [ta ? ac : ar, tb ? br : bc, ta ? ar : ac];
  const [x, w] = [a as Numbers, b as Numbers];
  const y = new Float64Array(m * n);
  const [xStep, wStep] = [ta ? ac : 1, tb ? 1 : bc];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let l = 0, p = ta ? i : i * ac, q = tb ? j * bc : j; l < k; l++, p += xStep, q += wStep) total += (x[p] as number) * (w[q] as number);
      y[i * n + j] = total;
    }
  }
  return y;
};

/** Columns of x from `from` on, put into y from `to` on. */
function copyColumns(y: Numbers, yWidth: number, to: number, x: Numbers, xWidth: number, from: number, width: number): void {
  for (let r = 0; r < y.length / yWidth; r++) y.set(x.subarray(r * xWidth + from, r * xWidth + from + width), r * yWidth + to);
}

/** Every op a graph may have, by its name. */
const forwards: Readonly<Record<string, Forward>> = {
  affine: elementwise((x, alpha, beta) => alpha * x + beta),
  abs: elementwise(Math.abs),
  square: elementwise((x) => x * x),
  sqrt: elementwise(Math.sqrt),
  exp: elementwise(Math.exp),
  expm1: elementwise(Math.expm1),
  log: elementwise(Math.log),
  log1p: elementwise(Math.log1p),
  erf: elementwise(erf),
  erfc: elementwise(erfc),
  pow: elementwise((x, p) => x ** p),
  clip: elementwise((x, low, high) => Math.min(Math.max(x, low), high)),
  sigmoid: elementwise((x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))),
  tanh: elementwise(Math.tanh),
  relu: elementwise((x) => Math.max(x, 0)),
  leakyRelu: elementwise((x, alpha) => (x > 0 ? x : alpha * x)),
  step: elementwise((x, alpha) => (x > 0 ? 1 : x === 0 ? alpha : 0)),
  softplus: elementwise(softplus),
  add: pairwise((a, b) => a + b),
  sub: pairwise((a, b) => a - b),
  mul: pairwise((a, b) => a * b),
  div: pairwise((a, b) => a / b),
  max: pairwise(Math.max),
  min: pairwise(Math.min),
  sumFeatures: reduce(sum),
  maxFeatures: reduce(largest),
  logSumExp: reduce(logSumExp),
  matmul,
  // Of targets that are rows of values.
  crossEntropy: ofRows((z, t) => logSumExp(z) - z.reduce((total, v, k) => total + v * at(t, k), 0)),
  binaryCrossEntropy: ofRows((z, t) => z.reduce((total, v, k) => total + softplus(v) - v * at(t, k), 0)),
  softmax: normalize(Math.exp),
  logSoftmax: normalize((v) => v),
  expandRows: (node, [x], rows) => Float64Array.from({ length: lengthOf(node, rows) }, (_, i) => at(x as Numbers, i % (x as Numbers).length)),
  expandFeatures: (node, [x], rows) =>
    Float64Array.from({ length: lengthOf(node, rows) }, (_, i) => at(x as Numbers, Math.floor(i / features(node.shape)))),
  fill: (node, _, rows) => new Float64Array(lengthOf(node, rows)).fill(node.attributes.value as number),
  concat(node, inputs, rows) {
    const y = new Float64Array(lengthOf(node, rows));
    let start = 0;
    node.inputs.forEach((x, i) => {
      const n = features(x.shape);
      copyColumns(y, features(node.shape), start, inputs[i] as Numbers, n, 0, n);
      start += n;
    });
    return y;
  },
  slice(node, [x], rows) {
    const y = new Float64Array(lengthOf(node, rows));
    const n = features(node.shape);
    copyColumns(y, n, 0, x as Numbers, features((node.inputs[0] as Node).shape), node.attributes.start as number, n);
    return y;
  },
};

/**
 * The values of all nodes, `order` having inputs before users and `leaves` those that come from outside.
 * @throws NeuriteError for an op that has no float64 forward
 */
export function forward(order: readonly Node[], leaves: ReadonlyMap<Node, ArrayLike<number>>, rows: number): Map<Node, Numbers> {
  const values = new Map<Node, Numbers>();
  for (const node of order) {
    const given = leaves.get(node);
    const f = forwards[node.op.name];
    if (given) values.set(node, Float64Array.from(given));
    else if (f)
      values.set(
        node,
        f(
          node,
          node.inputs.map((x) => values.get(x) as Numbers),
          rows,
        ),
      );
    else throw new NeuriteError('GRAPH', `checkGradients: there is no float64 forward for ${node}`);
  }
  return values;
}

/** On which side of its kink each argument of a node with kinks lies; undefined for an op without. */
const sides: Readonly<Record<string, (node: Node, inputs: readonly Numbers[]) => number[]>> = {
  abs: (_, [x]) => Array.from(x as Numbers, Math.sign),
  relu: (_, [x]) => Array.from(x as Numbers, Math.sign),
  leakyRelu: (_, [x]) => Array.from(x as Numbers, Math.sign),
  step: (_, [x]) => Array.from(x as Numbers, Math.sign),
  clip: ({ attributes: { alpha, beta } }, [x]) =>
    Array.from(x as Numbers, (v) => Math.sign(v - (alpha as number)) + 3 * Math.sign(v - (beta as number))),
  max: (_, [a, b]) => Array.from(a as Numbers, (v, i) => Math.sign(v - at(b as Numbers, i))),
  min: (_, [a, b]) => Array.from(a as Numbers, (v, i) => Math.sign(v - at(b as Numbers, i))),
  maxFeatures(node, [x]) {
    const n = features((node.inputs[0] as Node).shape);
    return Array.from({ length: (x as Numbers).length / n }, (_, r) => {
      const row = (x as Numbers).subarray(r * n, (r + 1) * n);
      return row.indexOf(largest(row));
    });
  },
};

/** Where all kinks of a graph are passed: two points with the same sides have none between them, as far as a straight way may tell. */
export function sidesOf(order: readonly Node[], values: ReadonlyMap<Node, Numbers>): number[] {
  return order.flatMap(
    (node) =>
      sides[node.op.name]?.(
        node,
        node.inputs.map((x) => values.get(x) as Numbers),
      ) ?? [],
  );
}
