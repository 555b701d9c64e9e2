import { describe, expect, test } from 'vitest';
import { centralDifferences, largestDifference } from './gradientCheck.js';
import { expand, functions, type GraphNode, totalLoss } from './graph.js';

/** Where each function is looked at: within its domain, away from its kinks. */
const points = [0.3, 0.7, 1.6];
const outside = [-2.4, -0.45];
const positiveOnly = new Set(['sqrt', 'log', 'pow']);
const domain = (name: string) => (positiveOnly.has(name) ? points : name === 'log1p' ? [...points, -0.45] : [...points, ...outside]);

describe('the derivatives written down for the oracle agree with differences', () => {
  test.each(Object.entries(functions))('%s', (name, f) => {
    const [alpha, beta] = name === 'clip' ? [-0.9, 1.2] : [0.6, 0.2];
    for (const x of domain(name)) {
      const [, first, second] = f(x, alpha, beta);
      const slope = centralDifferences(([t]) => f(t as number, alpha, beta)[0], [x]);
      const curvature = centralDifferences(([t]) => f(t as number, alpha, beta)[1], [x]);
      expect(largestDifference([first, second], [...slope, ...curvature]), `at ${x}`).toBeLessThan(1e-8);
    }
  });
});

test('expansions of a graph agree with differences: gradient, and Hessian times a vector', () => {
  const values = (n: number, start: number) => Float64Array.from({ length: n }, (_, i) => (((start + i) * 1.618033988749895) % 2) - 1);
  const rows = 2;
  const leaf = (op: string, batched: boolean, size: number[], start: number): GraphNode => ({
    op,
    inputs: [],
    batched,
    size,
    values: values(
      size.reduce((a, b) => a * b, batched ? rows : 1),
      start,
    ),
  });
  const node = (op: string, inputs: number[], size: number[], attributes: Record<string, unknown> = {}): GraphNode => ({
    op,
    inputs,
    batched: true,
    size,
    attributes,
  });
  const graph = [
    leaf('input', true, [3], 1),
    leaf('parameter', false, [4, 3], 20),
    leaf('parameter', false, [4], 50),
    node('matmul', [0, 1], [4], { tb: true }),
    node('add', [3, 2], [4]),
    node('tanh', [4], [4]),
    node('div', [2, 5], [4]),
    node('logSumExp', [5], [1]),
    node('maximum', [5, 7], [4]),
    node('softmax', [8], [4]),
    node('concat', [9, 6], [8]),
    node('slice', [10], [5], { start: 1, width: 5 }),
    node('max', [10], [1]),
    node('mul', [11, 12], [5]),
    node('softmax', [13], [5]),
  ];
  const targets = Float64Array.of(0.1, 0.2, 0.3, 0.4, 0, 0, 1, 0, 0, 0);
  const loss = { name: 'crossEntropy' as const, reduction: 'mean' as const, weight: 0.7, targets };
  const start = Float64Array.from([1, 2].flatMap((i) => Array.from(graph[i]?.values as Float64Array)));
  const withParameters = (p: ArrayLike<number>) =>
    graph.map((one, i) => (i === 1 ? { ...one, values: Array.from(p).slice(0, 12) } : i === 2 ? { ...one, values: Array.from(p).slice(12) } : one));
  const tangent = (v: ArrayLike<number>) => new Map([1, 2].map((i) => [i, Array.from(v).slice(i === 1 ? 0 : 12, i === 1 ? 12 : 16)]));
  const units = Array.from({ length: 16 }, (_, i) => tangent(Float64Array.from({ length: 16 }, (__, j) => (i === j ? 1 : 0))));
  const lanes = (p: ArrayLike<number>, v: ArrayLike<number>) => totalLoss(expand(withParameters(p), rows, tangent(v), units), [14], [loss], rows);
  const gradient = (p: ArrayLike<number>) => Float64Array.from(units, (_, i) => lanes(p, new Float64Array(16))[2 + 2 * i] as number);
  const numeric = centralDifferences((p) => totalLoss(expand(withParameters(p), rows), [14], [loss], rows)[0] as number, start);
  expect(largestDifference(gradient(start), numeric)).toBeLessThan(1e-8);
  const v = values(16, 90);
  const along = lanes(start, v);
  const h = 6e-6;
  const above = gradient(start.map((p, i) => p + h * (v[i] as number)));
  const below = gradient(start.map((p, i) => p - h * (v[i] as number)));
  const difference = above.map((g, i) => (g - (below[i] as number)) / (2 * h));
  expect(
    largestDifference(
      units.map((_, i) => along[3 + 2 * i] as number),
      difference,
    ),
  ).toBeLessThan(1e-7);
});
