import {
  add,
  binaryCrossEntropy,
  concat,
  crossEntropy,
  dense,
  input,
  type Layer,
  type Loss,
  matmul,
  meanSquaredError,
  mul,
  parameter,
  square,
  squaredError,
  sum,
  tanh,
} from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { numbers } from '../kernels/numbers.js';
import { compare, type Pair, type Tally } from './compare.js';
import { pairOf, randomGraph } from './randomGraphs.js';

function compareAndDispose(pair: Pair, options: Parameters<typeof compare>[1]): void {
  try {
    compare(pair, options);
  } finally {
    pair.net.dispose();
  }
}

describe('random graphs', () => {
  test('1,000 graphs: values, gradients, jvp and hvp are the oracle’s', () => {
    const tally: Tally = {};
    const failures: string[] = [];
    for (let seed = 1; seed <= 1000; seed++) {
      const pair = randomGraph(seed, builds[seed % builds.length] as 'simd');
      try {
        compareAndDispose(pair, { brief: seed % 10 !== 0, tally });
      } catch (error) {
        failures.push(`graph ${seed}: ${(error as Error).message}`);
      }
    }
    expect(failures).toEqual([]);
    // Most hold to the quotient itself; a few cancel, and some graphs have no parameters.
    for (const kind of ['forward', 'jvp', 'inputGradient', 'gradient', 'hvp'] as const) expect(tally[kind], kind).toBeGreaterThan(850);
  });
});

describe('matrices made of parameters', () => {
  const forms = [false, true].flatMap((ta) => [false, true].map((tb) => [ta, tb] as const));
  test.each(forms)('a product transposed %s, %s, and functions of it', (ta, tb) => {
    for (const [seed, build] of builds.entries()) {
      const x = input(3, 'x');
      const product = matmul(parameter(ta ? [2, 3] : [3, 2]), parameter(tb ? [4, 2] : [2, 4]), ta, tb);
      const gain = parameter([3, 4]);
      const weights = add(mul(tanh(product), gain), square(gain));
      const outputs = [matmul(x, weights), sum(matmul(x, weights))];
      compareAndDispose(pairOf(outputs, [x], [meanSquaredError(), undefined], 3, numbers(seed + 30), build), {});
    }
  });
});

describe('weighted losses of several outputs on shared layers', () => {
  const heads: [string, () => { layer: Layer; loss: Loss }][] = [
    ['crossEntropy', () => ({ layer: dense(3, 'softmax'), loss: crossEntropy() })],
    ['crossEntropy, sum', () => ({ layer: dense(4, 'softmax'), loss: crossEntropy({ reduction: 'sum' }) })],
    ['crossEntropy from logits', () => ({ layer: dense(3), loss: crossEntropy({ fromLogits: true }) })],
    ['binaryCrossEntropy', () => ({ layer: dense(2, 'sigmoid'), loss: binaryCrossEntropy() })],
    ['binaryCrossEntropy from logits, sum', () => ({ layer: dense(1), loss: binaryCrossEntropy({ fromLogits: true, reduction: 'sum' }) })],
    ['meanSquaredError', () => ({ layer: dense(3, 'tanh'), loss: meanSquaredError() })],
    ['squaredError by a half', () => ({ layer: dense(2, 'softplus'), loss: squaredError({ scale: 0.5 }) })],
  ];
  const pairs = heads.flatMap(([first, a]) => heads.map(([second, b]) => [first, second, a, b] as const));
  test.each(pairs)('%s and %s', (_, __, a, b) => {
    for (const [seed, build] of builds.entries()) {
      const next = numbers(seed + 7);
      const [x1, x2] = [input(3, 'x1'), input(3, 'x2')];
      // One layer on both inputs, and on what comes of it: its gradient is the sum of three.
      const shared = dense(3, 'tanh');
      const h = add(shared(x1), shared(shared(x2)));
      const [left, right] = [a(), b()];
      const outputs = [left.layer(h), dense(2)(h), right.layer(concat(h, x1))];
      compareAndDispose(pairOf(outputs, [x1, x2], [left.loss, undefined, right.loss], 3, next, build, [0.3, 1, 1.7]), {});
    }
  });
});
