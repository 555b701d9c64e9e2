import { adam, binaryCrossEntropy, crossEntropy, dense, meanSquaredError, type Network, type NeuriteError, sequential, sgd } from 'neurite';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';

/** A batch like the last takes the direct way; one in a list of rows never does. */
const losses = {
  'class ids': { make: () => crossEntropy(), output: 'softmax' as const, good: [0, 2, 1], bad: [-1, 3, 0.5, Number.NaN, 2 ** 32, -0] },
  probabilities: { make: () => binaryCrossEntropy(), output: 'sigmoid' as const, good: [0, 1, 0.5], bad: [1 + 1e-12, -1e-60, Number.NaN, 2] },
  values: { make: () => meanSquaredError(), output: 'identity' as const, good: [3, -4, 0], bad: [Number.NaN, Number.POSITIVE_INFINITY, 1e39] },
};

const outcome = (call: () => number): string => {
  try {
    return `loss ${call()}`;
  } catch (error) {
    return `${(error as NeuriteError).code}: ${(error as Error).message}`;
  }
};

describe.each(builds)('%s', (build) => {
  describe.each(Object.entries(losses))('%s', (_, { make, output, good, bad }) => {
    const net = (optimizer = adam()): Network<never> =>
      sequential(2, [dense(4, 'tanh'), dense(output === 'softmax' ? 3 : 1, output)], { loss: make() as never, optimizer, seed: 1, build }) as never;
    const y = (values: readonly number[]) => (output === 'softmax' ? Uint32Array.from(values) : Float64Array.from(values));
    const x = Float32Array.of(0.1, 0.2, -0.3, 0.4, 0.5, -0.6);

    test('the same bits as the long way, for step and gradient', () => {
      const [direct, long] = [net(), net()];
      for (let i = 0; i < 20; i++) {
        const targets = y(good) as never;
        expect(direct.gradient(x, targets)).toBe(long.gradient(x.slice(), targets));
        expect(direct.step(x, targets)).toBe(long.step(Array.from(x) as never, targets, {}));
      }
      expect(direct.parameters).toEqual(long.parameters);
      for (const each of [direct, long]) each.dispose();
    });

    test.each(bad)('the same words for a target of %s as at the first call', (value) => {
      const [used, fresh] = [net(), net()];
      used.step(x, Float64Array.from(good) as never);
      used.reset();
      const targets = Float64Array.from([value, ...good.slice(1)]) as never;
      expect(outcome(() => used.step(x, targets))).toBe(outcome(() => fresh.step(x, targets)));
      for (const each of [used, fresh]) each.dispose();
    });

    test('after configure, dispose and another length', () => {
      const each = net(sgd({ learningRate: 0.1 }) as never);
      const twin = net(sgd({ learningRate: 0.1 }) as never);
      const targets = y(good) as never;
      for (const one of [each, twin]) one.step(x, targets);
      for (const one of [each, twin]) one.configure({ optimizer: adam() });
      expect(each.step(x, targets)).toBe(twin.step(Array.from(x) as never, targets));
      expect(() => each.step(x.subarray(1), targets)).toThrow('expected a multiple of 2');
      each.dispose();
      expect(() => each.step(x, targets)).toThrow('disposed');
      twin.dispose();
    });
  });
});
