import { type AnyNetwork, add, concat, dense, input, network, relu, sequential } from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import { difference } from '../kernels/multiply.js';
import { filled, numbers } from '../kernels/numbers.js';

/** Rows around the tile's four and six, one, and more than one program runs on. */
const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 31, 64, 65, 256, 257, 300];

describe.each(builds)('frozen predictors, %s build', (build) => {
  const cases = {
    'a sequence': () => sequential(5, [dense(16, 'tanh'), dense(9, 'relu'), dense(3, 'softmax')], { build, seed: 1 }),
    'partial sums': () => sequential(700, [dense(33, 'relu'), dense(1)], { build, seed: 2 }),
    'no bias': () => sequential(6, [dense(4, { bias: false }), dense(8, 'relu', { bias: false })], { build, seed: 3 }),
    'a layer used twice, a product used raw': () => {
      const [x, y] = [input(7), input(7)];
      const shared = dense(10, { bias: false });
      const [a, b] = [shared(x), shared(y)];
      return network({ inputs: [x, y], outputs: [dense(2)(concat(relu(a), add(a, b)))], build, seed: 4 });
    },
  };

  test.each(Object.entries(cases))('%s: the bits of the network, for any number of rows', (_, make) => {
    using net: AnyNetwork = make();
    using fixed = net.freeze();
    const widths = fixed.inFeatures;
    for (const rows of ROWS) {
      const next = numbers(rows);
      const xs = widths.map((width) => filled(rows * width, next));
      const x = (xs.length === 1 ? xs[0] : xs) as Float32Array;
      expect(difference(fixed.predict(x) as Float32Array, net.predict(x) as Float32Array), `${rows} rows`).toBeUndefined();
      expect(difference(fixed.logits(x) as Float32Array, net.logits(x) as Float32Array), `${rows} rows`).toBeUndefined();
    }
  });

  test('training on changes the network and not the predictor', () => {
    using net = sequential(4, [dense(11, 'relu'), dense(2)], { build, seed: 5 });
    using fixed = net.freeze();
    const x = filled(20 * 4, numbers(6));
    const before = fixed.predict(x);
    for (const layer of net.layers) layer.weights.set(new Float32Array(layer.weights.length).fill(0.5));
    expect(net.predict(x)).not.toEqual(before);
    expect(fixed.predict(x)).toEqual(before);
    expect(net.freeze().predict(x)).toEqual(net.predict(x));
  });
});
