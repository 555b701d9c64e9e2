import {
  binaryCrossEntropy,
  concat,
  crossEntropy,
  dense,
  input,
  type Layer,
  type Loss,
  meanSquaredError,
  mul,
  type Network,
  type Node,
  network,
  parameter,
  scale,
  sequential,
  slice,
  squaredError,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { describe, expect, test } from 'vitest';
import { forward } from '../../src/check/forward.js';
import { apply, topological } from '../../src/graph/node.js';
import { features } from '../../src/graph/shape.js';
import { mulOp } from '../../src/ops/mul.js';
import { tanhOp } from '../../src/ops/tanh.js';
import { describeGraph } from '../derivatives/compare.js';
import { numbers } from '../kernels/numbers.js';
import { expand } from '../oracle/graph.js';
import { opCases } from '../vocabulary.js';

const rows = 6;
const next = numbers(3);
const x = Float32Array.from({ length: rows * 4 }, next);
const ids = Uint8Array.from({ length: rows }, (_, i) => i % 3);
const values = Float32Array.from({ length: rows * 3 }, next);
const halves = values.map((v) => (v + 1) / 2);
const probabilities = halves.map((v, i) => v / halves.subarray(i - (i % 3), i - (i % 3) + 3).reduce((a, b) => a + b));

/** A network whose tanh has a backward rule that is off by a tenth; the kernel is right. */
function withWrongTanh(layer: Layer): Network {
  const wrong = { ...tanhOp, backward: (node: Node, dy: Node) => tanhOp.backward(node, scale(dy, 1.1)) };
  const at = input(4, 'x');
  return network({ inputs: at, outputs: layer(apply(wrong, [dense(5)(at)])), loss: meanSquaredError() });
}

describe('checkGradients', () => {
  const cases: [string, Layer[], Loss, Float32Array | Uint8Array][] = [
    ['softmax and class ids', [dense(5, 'tanh'), dense(3, 'softmax')], crossEntropy(), ids],
    ['logits and probabilities', [dense(5, 'relu'), dense(3)], crossEntropy({ fromLogits: true, reduction: 'sum' }), probabilities],
    ['sigmoid', [dense(5, 'gelu'), dense(3, 'sigmoid')], binaryCrossEntropy(), halves],
    ['values', [dense(5, 'leakyRelu'), dense(5, 'elu'), dense(3)], meanSquaredError(), values],
    ['squared error', [dense(5, 'mish'), dense(3, 'softsign')], squaredError({ scale: 0.5 }), values],
  ];
  test.each(cases)('passes a right gradient: %s', (_, layers, loss, y) => {
    const net = sequential(4, layers, { loss, seed: 2 });
    const found = checkGradients(net, x, y, { entries: Number.POSITIVE_INFINITY });
    expect(found.passed, String(found)).toBe(true);
    expect(found.entries).toBe(net.parameterCount + x.length);
    expect(found.worst.error).toBeLessThan(2e-6);
    expect(found.slope).toBeGreaterThan(1.9);
    expect(found.slope).toBeLessThan(2.3);
    expect(found.steps).toHaveLength(found.remainders.length);
    net.dispose();
  });

  test('several inputs, outputs and weighted losses, class ids and rows', () => {
    const [a, b] = [input(2, 'a'), input(3, 'b')];
    const shared = dense(4, 'softplus');
    const h = shared(concat(slice(shared(concat(a, b)), 0, 3), a));
    const net = network({
      inputs: [a, b],
      outputs: [dense(3, 'softmax')(h), h, dense(1, 'sigmoid')(mul(h, parameter(4, { name: 'gain' })))],
      loss: [{ loss: crossEntropy(), weight: 0.3 }, undefined, binaryCrossEntropy()],
    });
    const found = checkGradients(
      net,
      [
        [
          [1, 2],
          [0.5, -1],
        ],
        [
          [0.1, 0.2, 0.3],
          [-1, 0, 1],
        ],
      ],
      [
        [2, 0],
        [[1], [0.25]],
      ],
    );
    expect(found.passed, String(found)).toBe(true);
    expect(found.slope).toBeGreaterThan(1.9);
    net.dispose();
  });

  test('finds a wrong rule, says where, and sees it in the Taylor remainder', () => {
    const net = withWrongTanh(dense(3));
    const found = checkGradients(net, x, values);
    expect(found.passed).toBe(false);
    expect(found.worst.error).toBeGreaterThan(1e-3);
    expect(['dense1.weights', 'dense1.biases', 'x']).toContain(found.worst.name);
    expect(found.slope).toBeLessThan(1.6);
    expect(String(found)).toContain(`FAILED: ${found.entries} entries, the worst ${found.worst.name}[${found.worst.index}]`);
    net.dispose();
  });

  test('finds a term left out', () => {
    const wrong = { ...mulOp, backward: ({ inputs: [, b] }: Node, dy: Node) => [mul(dy, b as Node), undefined] };
    const at = input(4, 'x');
    const gate = dense(5, 'sigmoid', { name: 'gate' })(at);
    const net = network({ inputs: at, outputs: dense(3)(apply(wrong, [dense(5, 'tanh')(at), gate])), loss: meanSquaredError() });
    const found = checkGradients(net, x, values, { entries: 1000 });
    expect(found.passed).toBe(false);
    expect(found.worst.error).toBeGreaterThan(0.1);
    net.dispose();
  });

  test('draws points near a kink again, and counts them', () => {
    // All arguments of relu are 0: biases are, and so is x.
    const net = sequential(4, [dense(5, 'relu'), dense(3)], { loss: meanSquaredError(), seed: 1 });
    const found = checkGradients(net, new Float32Array(rows * 4), values);
    expect(found.redrawn).toBeGreaterThan(0);
    expect(found.passed, String(found)).toBe(true);
    net.dispose();
  });

  test('has no slope where the loss has no curvature', () => {
    const net = sequential(4, [dense(3, 'heaviside')], { loss: squaredError() });
    const found = checkGradients(net, x, values);
    expect(found.slope).toBeUndefined();
    expect(String(found)).toContain('no curvature to see');
    net.dispose();
  });

  test('is the same from the same seed, compares as many entries as asked, and leaves the parameters', () => {
    const net = sequential(4, [dense(9, 'tanh'), dense(3)], { loss: meanSquaredError() });
    const before = net.parameters.slice();
    const [a, b] = [7, 7].map((seed) => checkGradients(net, x, values, { seed, entries: 11 }));
    expect(a).toEqual(b);
    expect(a?.entries).toBe(11);
    expect(net.parameters).toEqual(before);
    net.dispose();
  });

  test('says what is wrong with the batch under its own name, and that a loss is missing', () => {
    const net = sequential(4, [dense(3)], { loss: meanSquaredError() });
    expect(() => checkGradients(net, x, Float32Array.of(1, 2, 3))).toThrow('checkGradients: y has 3 numbers for 6 rows of x');
    const silent = sequential(4, [dense(3)]);
    expect(() => checkGradients(silent, x, values)).toThrow(/no loss/);
    for (const one of [net, silent]) one.dispose();
  });
});

describe('the float64 forward of each op is the oracle’s', () => {
  test.each(opCases.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const draw = numbers(11);
    const drawn = new Map<Node, Float64Array>();
    const leaf = (node: Node, [low, high]: readonly [number, number], n: number) => {
      drawn.set(
        node,
        Float64Array.from({ length: n }, () => low + ((draw() + 1) / 2) * (high - low)),
      );
      return node;
    };
    const [first, second] = row.domains;
    const a = leaf(input(5, 'a'), first, rows * 5);
    const matrix = row.operands[0]?.[1] === 'matrix';
    const b = second && (matrix ? leaf(parameter(row.attributes ? [3, 5] : [5, 3]), second, 15) : leaf(input(5, 'b'), second, rows * 5));
    const y = row.apply(a, b as Node);
    const values = forward(topological([y]), drawn, rows).get(y) as Float64Array;
    const { graph, index } = describeGraph([y], (node) => drawn.get(node) as Float64Array);
    const expected = expand(graph, rows)[index.get(y) as number]?.lanes[0] as Float64Array;
    expect(values).toHaveLength(rows * features(y.shape));
    values.forEach((v, i) => expect(Math.abs(v - (expected[i] as number))).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(v))));
  });

  test('an op without one is an error that names it', () => {
    const at = input(2, 'x');
    const odd = apply({ ...tanhOp, name: 'odd' }, [at]);
    expect(() => forward(topological([odd]), new Map([[at, Float64Array.of(1, 2)]]), 1)).toThrow(/no float64 value for odd \[rows, 2\]/);
  });
});
