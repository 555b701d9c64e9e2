/**
 * Graphs of dense ops in float64, with exact first and second derivatives: every number carries a truncated Taylor expansion,
 * x + x_v·ε + Σ_i (x_i + x_iv·ε)·δ_i with ε² = δ_i·δ_j = 0. One pass along a direction v and unit directions i so gives ∂y/∂i, the
 * Jacobian's product with v, and the Hessian's. Each function is written down with its first two derivatives; the rest is the product rule.
 */
import { erf, erfc } from './functions.js';
import { sigmoid } from './losses.js';

/** A node: its op by name, the indices of its inputs, and for leaves (`input`, `parameter`, `constant`) their numbers. */
export interface GraphNode {
  op: string;
  /** In place of a word of the oracle's own: the function of one number with its derivatives; α and β are among the attributes. */
  f?: (x: number, alpha: number, beta: number) => Derivatives;
  inputs: number[];
  attributes?: Record<string, unknown>;
  /** Whether the rows of the batch are its first axis. */
  batched: boolean;
  /** `[features]` of a batch, `[n]` or `[m, n]` of any other. */
  size: number[];
  values?: ArrayLike<number>;
}

/** What the outputs are measured by: the sum over rows and outputs, times a factor, and over the rows or not. */
export interface GraphLoss {
  name: 'crossEntropy' | 'binaryCrossEntropy' | 'squaredError';
  fromLogits?: boolean;
  reduction: 'mean' | 'sum';
  weight: number;
  /** Values as wide as the output; class ids as one-hot rows. */
  targets: ArrayLike<number>;
}

/** Directions of the leaves, by their index. Left out: 0. */
export type Tangent = Map<number, ArrayLike<number>>;

/** A tensor: lane 0 its values, lane 1 their change along v, lanes 2 + 2i and 3 + 2i that along direction i, and along both. */
export interface Expansion {
  batched: boolean;
  size: number[];
  lanes: Float64Array[];
}

/** f, f' and f'' of one number. */
export type Derivatives = [value: number, first: number, second: number];

const at = (x: ArrayLike<number>, i: number) => x[i] as number;
const product = (size: number[]) => size.reduce((a, b) => a * b, 1);
const width = (x: Expansion) => x.size[x.size.length - 1] as number;

const PHI = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const NORMAL = (x: number) => 0.5 * (1 + erf(x * Math.SQRT1_2));
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

function elu(x: number, alpha: number): Derivatives {
  const e = alpha * Math.exp(x);
  return x > 0 ? [x, 1, 0] : [alpha * Math.expm1(x), e, e];
}

/** f, f', f'' of one number; α and β are constants of the op. At a kink the slope is that of SEEDS' last bullet and the second derivative 0. */
export const functions: Record<string, (x: number, alpha: number, beta: number) => Derivatives> = {
  identity: (x) => [x, 1, 0],
  affine: (x, alpha, beta) => [alpha * x + beta, alpha, 0],
  abs: (x) => [Math.abs(x), Math.sign(x), 0],
  square: (x) => [x * x, 2 * x, 2],
  sqrt: (x) => [Math.sqrt(x), 0.5 / Math.sqrt(x), -0.25 / (x * Math.sqrt(x))],
  exp: (x) => [Math.exp(x), Math.exp(x), Math.exp(x)],
  expm1: (x) => [Math.expm1(x), Math.exp(x), Math.exp(x)],
  log: (x) => [Math.log(x), 1 / x, -1 / (x * x)],
  log1p: (x) => [Math.log1p(x), 1 / (1 + x), -1 / (1 + x) ** 2],
  erf: (x) => {
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    return [erf(x), slope, -2 * x * slope];
  },
  erfc: (x) => {
    const slope = (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    return [x < 0 ? 2 - erfc(-x) : erfc(x), slope, -2 * x * slope];
  },
  pow: (x, p) => [x ** p, p === 0 ? 0 : p * x ** (p - 1), p === 0 || p === 1 ? 0 : p * (p - 1) * x ** (p - 2)],
  reciprocal: (x) => [1 / x, -1 / (x * x), 2 / (x * x * x)],
  clip: (x, low, high) => [Math.min(Math.max(x, low), high), x >= low && x <= high ? 1 : 0, 0],
  sigmoid: (x) => {
    const [y, z] = [sigmoid(x), sigmoid(-x)];
    return [y, y * z, y * z * (z - y)];
  },
  tanh: (x) => {
    const slope = 1 / Math.cosh(x) ** 2;
    return [Math.tanh(x), slope, -2 * Math.tanh(x) * slope];
  },
  relu: (x) => (x > 0 ? [x, 1, 0] : [0, 0, 0]),
  leakyRelu: (x, alpha) => (x > 0 ? [x, 1, 0] : [alpha * x, alpha, 0]),
  heaviside: (x, alpha) => [x > 0 ? 1 : x === 0 ? alpha : 0, 0, 0],
  softplus: (x) => [Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), sigmoid(x), sigmoid(x) * sigmoid(-x)],
  gelu: (x) => [x * NORMAL(x), NORMAL(x) + x * PHI(x), PHI(x) * (2 - x * x)],
  silu: (x) => {
    const [y, z] = [sigmoid(x), sigmoid(-x)];
    return [x * y, y + x * y * z, y * z * (2 + x * (z - y))];
  },
  elu,
  selu: (x) => elu(x, SELU_ALPHA).map((v) => SELU_SCALE * v) as Derivatives,
  softsign: (x) => {
    const d = 1 + Math.abs(x);
    return [x / d, 1 / (d * d), (-2 * Math.sign(x)) / (d * d * d)];
  },
  hardSigmoid: (x) => [Math.min(Math.max(x / 6 + 0.5, 0), 1), x >= -3 && x <= 3 ? 1 / 6 : 0, 0],
  mish: (x) => {
    // t = tanh(softplus x); t' = (1 − t²)·σ(x).
    const [y, z] = [sigmoid(x), sigmoid(-x)];
    const t = Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
    const first = (1 - t * t) * y;
    const second = (1 - t * t) * y * (z - 2 * t * y);
    return [x * t, t + x * first, 2 * first + x * second];
  },
};

/** f of every number: y_v = f'·x_v, y_i = f'·x_i, y_iv = f''·x_i·x_v + f'·x_iv. */
function apply(x: Expansion, f: (x: number) => Derivatives): Expansion {
  const [value, along] = x.lanes as [Float64Array, Float64Array];
  const n = value.length;
  const [y, first, second] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  for (let j = 0; j < n; j++) [y[j], first[j], second[j]] = f(at(value, j));
  const lanes = x.lanes.map((lane, l) => {
    if (l === 0) return y;
    const result = times(first, lane);
    if (l < 3 || l % 2 === 0) return result;
    const unit = x.lanes[l - 1] as Float64Array;
    for (let j = 0; j < n; j++) result[j] = at(result, j) + at(second, j) * at(unit, j) * at(along, j);
    return result;
  });
  return { ...x, lanes };
}

/** a·b, element by element. */
function times(a: Float64Array, b: Float64Array): Float64Array {
  const y = new Float64Array(a.length);
  for (let j = 0; j < y.length; j++) y[j] = at(a, j) * at(b, j);
  return y;
}

/** A linear map of the values, which all lanes go through. */
function linear(x: Expansion, batched: boolean, size: number[], map: (lane: Float64Array) => Float64Array): Expansion {
  return { batched, size, lanes: x.lanes.map(map) };
}

function sum(...lanes: Float64Array[]): Float64Array {
  const total = new Float64Array((lanes[0] as Float64Array).length);
  for (const lane of lanes) for (let j = 0; j < total.length; j++) total[j] = at(total, j) + at(lane, j);
  return total;
}

/** A product linear in each factor: (ab)_v = a_v b + a b_v, (ab)_iv = a_iv b + a_i b_v + a_v b_i + a b_iv. */
function bilinear(
  a: Expansion,
  b: Expansion,
  batched: boolean,
  size: number[],
  multiply: (a: Float64Array, b: Float64Array) => Float64Array,
): Expansion {
  const [a0, av] = a.lanes as [Float64Array, Float64Array];
  const [b0, bv] = b.lanes as [Float64Array, Float64Array];
  const lanes = a.lanes.map((left, l) => {
    const right = b.lanes[l] as Float64Array;
    if (l === 0) return multiply(a0, b0);
    if (l === 1 || l % 2 === 0) return sum(multiply(left, b0), multiply(a0, right));
    return sum(multiply(left, b0), multiply(a.lanes[l - 1] as Float64Array, bv), multiply(av, b.lanes[l - 1] as Float64Array), multiply(a0, right));
  });
  return { batched, size, lanes };
}

const elementwise = (a: Expansion, b: Expansion) => bilinear(a, b, a.batched, a.size, times);
const plus = (a: Expansion, b: Expansion, sign = 1): Expansion => ({
  ...a,
  lanes: a.lanes.map((x, l) => x.map((v, j) => v + sign * at(b.lanes[l] as Float64Array, j))),
});

/** The same values on each row, and a single feature across `features`. */
function stretch(x: Expansion, batched: boolean, features: number, rows: number): Expansion {
  const from = width(x);
  const tall = batched ? rows : 1;
  return linear(x, batched, [features], (lane) => {
    const y = new Float64Array(tall * features);
    for (let r = 0; r < tall; r++)
      for (let f = 0; f < features; f++) y[r * features + f] = at(lane, (x.batched ? r * from : 0) + (from === 1 ? 0 : f));
    return y;
  });
}

/** Both of one shape, as an op on two nodes takes them. */
function broadcast(a: Expansion, b: Expansion, rows: number): [Expansion, Expansion] {
  if (a.batched === b.batched && a.size.join() === b.size.join()) return [a, b];
  const batched = a.batched || b.batched;
  const features = Math.max(width(a), width(b));
  return [stretch(a, batched, features, rows), stretch(b, batched, features, rows)];
}

/** One of two numbers, by the sign of their difference; half of each where they are equal. */
function choose(a: Expansion, b: Expansion, sign: number): Expansion {
  const [a0, b0] = [a.lanes[0] as Float64Array, b.lanes[0] as Float64Array];
  return {
    ...a,
    lanes: a.lanes.map((x, l) =>
      x.map((v, j) => {
        const other = at(b.lanes[l] as Float64Array, j);
        const difference = sign * (at(a0, j) - at(b0, j));
        return difference > 0 ? v : difference < 0 ? other : (v + other) / 2;
      }),
    ),
  };
}

function sumFeatures(x: Expansion): Expansion {
  const n = width(x);
  return linear(x, x.batched, [1], (lane) => {
    const y = new Float64Array(lane.length / n);
    for (let j = 0; j < lane.length; j++) y[Math.floor(j / n)] = at(y, Math.floor(j / n)) + at(lane, j);
    return y;
  });
}

/** The largest of each row times a sign; on ties the mean of their derivatives. */
function extreme(x: Expansion, sign: number): Expansion {
  const n = width(x);
  const value = x.lanes[0] as Float64Array;
  return linear(x, x.batched, [1], (lane) =>
    Float64Array.from({ length: lane.length / n }, (_, row) => {
      const best = Math.max(...value.subarray(row * n, (row + 1) * n).map((v) => sign * v));
      const chosen = Array.from({ length: n }, (__, j) => row * n + j).filter((j) => sign * at(value, j) === best);
      return chosen.reduce((total, j) => total + at(lane, j), 0) / chosen.length;
    }),
  );
}

/** x less the largest of its row, which is taken as a constant: what follows does not depend on it. */
function shifted(x: Expansion): { x: Expansion; largest: Float64Array } {
  const n = width(x);
  const largest = (extreme(x, 1).lanes[0] as Float64Array).slice();
  return { largest, x: { ...x, lanes: x.lanes.map((lane, l) => (l === 0 ? lane.map((v, j) => v - at(largest, Math.floor(j / n))) : lane)) } };
}

const exp = (x: Expansion) => apply(x, functions.exp as (x: number) => Derivatives);

function softmax(x: Expansion, rows: number): Expansion {
  const e = exp(shifted(x).x);
  const total = stretch(sumFeatures(e), x.batched, width(x), rows);
  return elementwise(e, apply(total, functions.reciprocal as (x: number) => Derivatives));
}

function logSumExp(x: Expansion): Expansion {
  const { x: less, largest } = shifted(x);
  const y = apply(sumFeatures(exp(less)), functions.log as (x: number) => Derivatives);
  return { ...y, lanes: y.lanes.map((lane, l) => (l === 0 ? lane.map((v, j) => v + at(largest, j)) : lane)) };
}

/** op(a)·op(b), `t` for transposed. */
function matmul(a: Expansion, b: Expansion, ta: boolean, tb: boolean, rows: number): Expansion {
  const axes = (x: Expansion): [number, number] => (x.batched ? [rows, width(x)] : (x.size as [number, number]));
  const [ar, ac] = axes(a);
  const [br, bc] = axes(b);
  const [m, k, n] = [ta ? ac : ar, ta ? ar : ac, tb ? br : bc];
  const batched = !ta && a.batched;
  return bilinear(a, b, batched, batched ? [n] : [m, n], (x, y) => {
    const z = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let l = 0; l < k; l++) total += at(x, ta ? l * ac + i : i * ac + l) * at(y, tb ? j * bc + l : l * bc + j);
        z[i * n + j] = total;
      }
    }
    return z;
  });
}

function columns(x: Expansion, start: number, end: number): Expansion {
  const n = width(x);
  return linear(x, x.batched, [end - start], (lane) =>
    Float64Array.from({ length: (lane.length / n) * (end - start) }, (_, j) =>
      at(lane, Math.floor(j / (end - start)) * n + start + (j % (end - start))),
    ),
  );
}

function concat(all: Expansion[]): Expansion {
  const total = all.reduce((n, x) => n + width(x), 0);
  const [first] = all as [Expansion];
  const rows = (first.lanes[0] as Float64Array).length / width(first);
  const lanes = first.lanes.map((_, l) => {
    const lane = new Float64Array(rows * total);
    let start = 0;
    for (const x of all) {
      const n = width(x);
      for (let row = 0; row < rows; row++) lane.set((x.lanes[l] as Float64Array).subarray(row * n, (row + 1) * n), row * total + start);
      start += n;
    }
    return lane;
  });
  return { batched: first.batched, size: [total], lanes };
}

/** Every node's expansion. The directions: v, and one map for each i. */
export function expand(graph: GraphNode[], rows: number, v: Tangent = new Map(), directions: Tangent[] = []): Expansion[] {
  const all: Expansion[] = [];
  graph.forEach((node, index) => all.push(expandNode(node, index, all, rows, v, directions)));
  return all;
}

function expandNode(node: GraphNode, index: number, all: Expansion[], rows: number, v: Tangent, directions: Tangent[]): Expansion {
  const { op, batched, size, attributes = {} } = node;
  if (node.values) {
    const n = product(size) * (batched ? rows : 1);
    const lane = (numbers: ArrayLike<number> | undefined) => {
      const y = new Float64Array(n);
      if (numbers) y.set(numbers);
      return y;
    };
    return { batched, size, lanes: [lane(node.values), lane(v.get(index)), ...directions.flatMap((d) => [lane(d.get(index)), new Float64Array(n)])] };
  }
  const inputs = node.inputs.map((i) => all[i] as Expansion);
  const [a, b] = inputs as [Expansion, Expansion];
  const number = (name: string) => attributes[name] as number;
  const f = node.f ?? functions[op];
  if (f) return apply(a, (x) => f(x, number('alpha'), number('beta')));
  switch (op) {
    case 'fill': {
      const n = product(size) * (batched ? rows : 1);
      return {
        batched,
        size,
        lanes: [new Float64Array(n).fill(number('value')), ...Array.from({ length: 1 + 2 * directions.length }, () => new Float64Array(n))],
      };
    }
    case 'add':
    case 'sub':
      return plus(...broadcast(a, b, rows), op === 'add' ? 1 : -1);
    case 'mul':
      return elementwise(...broadcast(a, b, rows));
    case 'div': {
      const [x, y] = broadcast(a, b, rows);
      return elementwise(x, apply(y, functions.reciprocal as (x: number) => Derivatives));
    }
    case 'maximum':
    case 'minimum':
      return choose(...broadcast(a, b, rows), op === 'maximum' ? 1 : -1);
    case 'dot':
      return sumFeatures(elementwise(...broadcast(a, b, rows)));
    case 'matmul':
      return matmul(a, b, attributes.ta === true, attributes.tb === true, rows);
    case 'sumFeatures':
      return sumFeatures(a);
    case 'meanFeatures':
      return apply(sumFeatures(a), (x) => [x / width(a), 1 / width(a), 0]);
    case 'max':
    case 'min':
      return extreme(a, op === 'max' ? 1 : -1);
    case 'softmax':
      return softmax(a, rows);
    case 'logSumExp':
      return logSumExp(a);
    case 'logSoftmax':
      return plus(a, stretch(logSumExp(a), a.batched, width(a), rows), -1);
    case 'expandRows':
    case 'expandFeatures':
      return stretch(a, batched, size[0] as number, rows);
    case 'concat':
      return concat(inputs);
    case 'slice':
      return columns(a, number('start'), number('start') + number('width'));
    default:
      throw new Error(`the oracle has no op ${op}`);
  }
}

/** The loss of each row, before the mean over the batch but with every other factor. */
export function expandLoss(output: Expansion, loss: GraphLoss, rows: number): Expansion {
  const n = width(output);
  const zero = () => new Float64Array(rows * n);
  const t: Expansion = { batched: true, size: [n], lanes: output.lanes.map((_, l) => (l === 0 ? Float64Array.from(loss.targets) : zero())) };
  const minus = (x: Expansion) => apply(x, (v) => [-v, -1, 0]);
  const log = (x: Expansion) => apply(x, functions.log as (x: number) => Derivatives);
  const complement = (x: Expansion) => apply(x, (v) => [1 - v, -1, 0]);
  let terms: Expansion;
  if (loss.name === 'squaredError') {
    terms = apply(plus(output, t, -1), functions.square as (x: number) => Derivatives);
  } else if (loss.name === 'crossEntropy') {
    terms = minus(elementwise(t, loss.fromLogits ? plus(output, stretch(logSumExp(output), true, n, rows), -1) : log(output)));
  } else {
    const u = loss.fromLogits ? apply(output, functions.sigmoid as (x: number) => Derivatives) : output;
    terms = minus(plus(elementwise(t, log(u)), elementwise(complement(t), log(complement(u)))));
  }
  const factor = loss.weight / (loss.reduction === 'mean' && loss.name !== 'crossEntropy' ? n : 1);
  return apply(sumFeatures(terms), (x) => [factor * x, factor, 0]);
}

/** The reduced loss along each lane: the sum over the rows and the outputs' losses, divided by the rows where it is a mean. */
export function totalLoss(all: Expansion[], outputs: number[], losses: (GraphLoss | undefined)[], rows: number): number[] {
  const totals = new Array<number>((all[0] as Expansion).lanes.length).fill(0);
  losses.forEach((loss, i) => {
    if (!loss) return;
    const { lanes } = expandLoss(all[outputs[i] as number] as Expansion, loss, rows);
    lanes.forEach((lane, l) => {
      totals[l] = (totals[l] as number) + lane.reduce((a, b) => a + b, 0) / (loss.reduction === 'mean' ? rows : 1);
    });
  });
  return totals;
}
