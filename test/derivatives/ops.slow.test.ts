import fc from 'fast-check';
import { constant, dot, input, mul, type Node, network, parameter, squaredError, type Values } from 'neurite';
import { jvp } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { EPSILON, numbers } from '../kernels/numbers.js';
import { expand, type GraphNode } from '../oracle/graph.js';
import { type OpCase, type Operand, opCases, oracleOf } from '../vocabulary.js';
import { compare, graphLoss, type Pair, parameterTangent, type Tally } from './compare.js';

interface Draw {
  rows: number;
  features: number;
  second: number;
  operands: readonly Operand[];
  seed: number;
  build: 'simd' | 'relaxed';
}

/** A few more than the 200 that are to hold to the quotient: single draws may cancel. */
const RUNS = 212;

/** How far from a kink arguments keep: well above their rounding. */
const KINK_DISTANCE = 1e-3;

/** A network of one op and what the oracle has for it; the outputs are its value and a scalar, the value's product with a constant. */
function pairOf(row: OpCase, { rows, features, second, operands, seed, build }: Draw, distance = KINK_DISTANCE): Pair {
  const next = numbers(seed);
  const graph: GraphNode[] = [];
  const inputs: number[] = [];
  const parameters: number[] = [];
  const inputNodes: Node[] = [];
  const weights: number[] = [];
  const leaf = (op: 'input' | 'parameter' | 'constant', size: number[], [low, high]: readonly [number, number], avoid: readonly number[] = []) => {
    const n = size.reduce((a, b) => a * b, 1) * (op === 'input' ? rows : 1);
    const draw = (): number => {
      const x = Math.fround(low + ((next() + 1) / 2) * (high - low));
      return avoid.some((kink) => Math.abs(x - kink) < distance) ? draw() : x;
    };
    const values = Float32Array.from({ length: n }, draw);
    graph.push({ op, inputs: [], batched: op === 'input', size, values });
    const index = graph.length - 1;
    if (op === 'input') {
      inputs.push(index);
      const node = input(size[0] as number, `x${inputs.length}`);
      inputNodes.push(node);
      return { index, node };
    }
    if (op === 'constant') return { index, node: constant(values) };
    parameters.push(index);
    weights.push(...values);
    return { index, node: parameter(size.length === 1 ? (size[0] as number) : (size as [number, number])) };
  };
  const made: { index: number; node: Node }[] = [];
  operands.forEach((operand, k) => {
    const domain = row.domains[k] ?? row.domains[0];
    const avoid = row.kinks;
    const n = k === 1 && row.row.name === 'concat' ? second : features;
    if (operand === 'same') made.push(made[0] as { index: number; node: Node });
    else if (operand === 'input') made.push(leaf('input', [n], domain, avoid));
    else if (operand === 'narrow') made.push(leaf('input', [1], domain, avoid));
    else if (operand === 'parameter') made.push(leaf('parameter', [n], domain, avoid));
    else if (operand === 'scalar') made.push(leaf('parameter', [1], domain, avoid));
    else made.push(leaf('parameter', row.attributes ? [second, features] : [features, second], domain));
  });
  const [a, b] = made as [{ index: number; node: Node }, { index: number; node: Node }];
  let node = row.apply(a.node, b?.node as Node);
  const widthOf = ({ index }: { index: number }) => graph[index]?.size[0] as number;
  const n = row.row.width ? row.row.width(widthOf(a), operands[1] === 'matrix' ? second : b ? widthOf(b) : 0) : Math.max(...made.map(widthOf));
  const { shape } = node;
  const attributes = typeof row.attributes === 'function' ? row.attributes(widthOf(a)) : row.attributes;
  graph.push({ ...oracleOf(row.row), inputs: made.map(({ index }) => index), batched: shape.batched, size: [n], ...(attributes && { attributes }) });
  expect([...shape.size], 'the shape of the value').toEqual([n]);
  let output = graph.length - 1;
  if (!shape.batched) {
    const x = leaf('input', [n], [0.5, 2]);
    node = mul(x.node, node);
    graph.push({ op: 'mul', inputs: [x.index, output], batched: true, size: [n] });
    output = graph.length - 1;
  }
  if (parameters.length === 0) {
    const p = leaf('parameter', [n], [0.5, 2]);
    node = mul(node, p.node);
    graph.push({ op: 'mul', inputs: [output, p.index], batched: true, size: [n] });
    output = graph.length - 1;
  }
  const c = leaf('constant', [n], [0.5, 2]);
  const scalar = dot(node, c.node);
  graph.push({ op: 'dot', inputs: [output, c.index], batched: true, size: [1] });
  const targets = Float32Array.from({ length: rows * n }, () => next());
  const loss = squaredError({ scale: 0.5 });
  const net = network({ inputs: inputNodes, outputs: [node, scalar], loss: [loss, undefined], build });
  net.parameters.set(weights);
  return {
    net,
    graph,
    inputs,
    parameters,
    outputs: [output, graph.length - 1],
    rows,
    losses: [graphLoss(loss, targets), undefined],
    targets: [targets],
    next,
  };
}

function draws(row: OpCase): fc.Arbitrary<Draw> {
  const size = (max: number) => fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: fc.integer({ min: 1, max }) });
  return fc.record({
    rows: size(5),
    features: size(9),
    second: size(5),
    operands: fc.constantFrom(...row.operands),
    seed: fc.integer({ min: 0, max: 2 ** 30 }),
    build: fc.constantFrom(...builds),
  });
}

/** 2⁻⁴ … 2⁻¹⁰. */
const STEPS = [4, 5, 6, 7, 8, 9, 10].map((n) => 2 ** -n);

/** Whether something lies within 4h of a tie, h the largest step, and so may change places on the way. */
function tied(row: OpCase, { graph, inputs, parameters, rows }: Pair): boolean {
  const near = (a: number, b: number) => a !== b && Math.abs(a - b) < 8 * (STEPS[0] as number);
  const leaves = [...inputs, ...parameters].sort((a, b) => a - b).map((i) => graph[i] as GraphNode);
  const element = (leaf: GraphNode, r: number, f: number) => {
    const n = leaf.size[0] as number;
    return leaf.values?.[(leaf.batched ? r * n : 0) + (n === 1 ? 0 : f)] as number;
  };
  const [a, b] = leaves as [GraphNode, GraphNode];
  const n = a.size[0] as number;
  for (let r = 0; r < rows; r++) {
    for (let f = 0; f < 5; f++) {
      if (row.ties === 'operands' && near(element(a, r, f), element(b, r, f))) return true;
      for (let g = 0; row.ties === 'features' && g < n && f < n; g++) if (near(element(a, r, f), element(a, r, g))) return true;
    }
  }
  return false;
}

/** ‖f(x + h·d) − f(x) − h·J·d‖∞ for each h, f in float64 and J·d from the core. */
function remaindersOf(row: OpCase, draw: Draw): number[] {
  let pair = pairOf(row, draw, 4 * (STEPS[0] as number));
  for (let redrawn = 1; row.ties && tied(row, pair); redrawn++) {
    pair.net.dispose();
    pair = pairOf(row, { ...draw, seed: draw.seed + 1000 * redrawn }, 4 * (STEPS[0] as number));
  }
  const { net, graph, inputs, outputs, rows, next } = pair;
  const x = inputs.map((i) => Float32Array.from((graph[i] as GraphNode).values as ArrayLike<number>));
  const dx = x.map((values) => values.map(next));
  // Where a linear op is to have no remainder, parameters stay: some multiply its value.
  const dp = Float32Array.from({ length: net.parameterCount }, row.linear ? () => 0 : next);
  const { tangent } = jvp(net, (x.length === 1 ? x[0] : x) as Values, { x: (x.length === 1 ? dx[0] : dx) as Values, parameters: dp });
  const along = parameterTangent(graph, pair.parameters, dp);
  const at = (h: number) => {
    const stepped = graph.map((node, i) => {
      const d = inputs.includes(i) ? dx[inputs.indexOf(i)] : along.get(i);
      return d && node.values ? { ...node, values: Array.from(node.values, (v, j) => v + h * (d[j] as number)) } : node;
    });
    return expand(stepped, rows)[outputs[0] as number]?.lanes[0] as Float64Array;
  };
  net.dispose();
  const start = at(0);
  return STEPS.map((h) => at(h).reduce((worst, y, j) => Math.max(worst, Math.abs(y - (start[j] as number) - h * (tangent[j] as number))), 0));
}

/** The slope of log r over log h by least squares; h halves from each to the next. */
function slope(remainders: readonly number[]): number {
  const middle = (remainders.length - 1) / 2;
  const sums = remainders.reduce(([xy, xx], r, i) => [xy - (i - middle) * Math.log2(r), xx + (i - middle) ** 2] as [number, number], [0, 0] as [
    number,
    number,
  ]);
  return sums[0] / sums[1];
}

describe.each(opCases.map((row) => [row.name, row] as const))('%s', (_, row) => {
  test('every derivative is that of the oracle, on random shapes', () => {
    const tally: Tally = {};
    fc.assert(
      fc.property(draws(row), (draw) => {
        const pair = pairOf(row, draw);
        try {
          compare(pair, { tally, ...(row.tolerances && { within: row.tolerances }) });
        } finally {
          pair.net.dispose();
        }
      }),
      { numRuns: RUNS, seed: 5 },
    );
    for (const [kind, count] of Object.entries(tally)) expect(count, kind).toBeGreaterThanOrEqual(200);
  });

  test('the remainder of the Taylor expansion in float64 with the derivative of the core', () => {
    for (const operands of row.operands) {
      // Of several points together: at one alone the second derivative may happen to vanish.
      const each = Array.from({ length: 10 }, (__, seed) =>
        remaindersOf(row, { rows: 3, features: 5, second: 4, operands, seed: seed + 1, build: 'simd' }),
      );
      const worst = STEPS.map((___, i) => Math.max(...each.map((remainders) => remainders[i] as number)));
      const rounding = STEPS.map((h) => 64 * EPSILON * h);
      // A constant, such as the softmax of one feature, is linear whatever its op.
      if (row.linear || worst.every((r) => r === 0)) worst.forEach((r, i) => expect(r, `h = ${STEPS[i]}`).toBeLessThanOrEqual(rounding[i] as number));
      else expect(slope(worst), operands.join()).toBeGreaterThanOrEqual(1.9);
    }
  });
});
