/** Every loss where numbers are special: logits of ±0, far out, infinite and NaN; errors of 0. */
import { dense, focal, huber, type Loss, logCosh, NeuriteError, sequential, sgd } from 'neurite';
import { hvp } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { builds } from '../kernels/machine.js';
import * as oracle from '../oracle/losses.js';
import { type LossRow, losses } from '../vocabulary.js';

/** What else has formulas of its own: powers whose second derivative is infinite at 0. */
const others: readonly LossRow[] = [0, 0.5, 1.5].map((gamma) => ({
  ...(losses.find(({ name }) => name === 'focal') as LossRow),
  name: `focal, gamma ${gamma}`,
  make: () => focal({ gamma }),
  ...oracle.focal(gamma, 0.25),
}));

const along = [1, 0.5];
const h = 1e-4;
const largest = 2 ** 127;

/** A network whose parameters are what goes into the output's activation. */
const ofLogits = (loss: Loss, output: LossRow['output'], build: 'simd' | 'relaxed') =>
  sequential(1, [dense(2, output, { bias: false })], { loss, build, optimizer: sgd({ learningRate: 1e-3 }) });

describe.each([...losses, ...others].map((row) => [row.name, row] as const))('%s', (name, { make, output, targets, row, gradient, divisor }) => {
  const loss = make();
  const drawn = [
    [0.2, 0.8],
    [0.8, 0.2],
  ].map((draws) => targets(draws).map(Math.fround));
  const over = (t: readonly number[]) => (loss.reduction === 'mean' ? { one: 1, outputs: 2, targets: t.length }[divisor] : 1) / loss.scale;
  const close = (found: ArrayLike<number>, expected: readonly number[], tolerance: number) =>
    expected.forEach((value, i) => {
      expect(Math.abs((found[i] as number) - value), `${found[i]}, expected ${value}`).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
    });

  test.each([0, -0, 1e-40, -1e-40, 88, -104, 1e4, -1e4])('a logit of %d: loss and derivatives are those of float64', (v) => {
    for (const build of builds) {
      using net = ofLogits(loss, output, build);
      for (const z of [
        [v, 0],
        [v, v],
        [0, v],
      ]) {
        for (const t of drawn) {
          net.parameters.set(z);
          const expected = row(z, t) / over(t);
          if (expected > largest) {
            expect(() => net.step([1], t as never)).toThrow(NeuriteError);
            continue;
          }
          close([net.gradient([1], t as never)], [expected], 4e-6);
          close(
            net.gradients,
            gradient(z, t).map((d) => d / over(t)),
            4e-6,
          );
          const second = hvp(net, [1], t as never, along);
          expect(Array.from(second).every(Number.isFinite), `${second}`).toBe(true);
          // Norms below the least have no direction that a difference could see.
          if (name === 'cosineSimilarity' && Math.hypot(...z) < 1) continue;
          const moved = (by: number) =>
            gradient(
              z.map((value, i) => value + by * (along[i] as number)),
              t,
            );
          const [up, down] = [moved(h), moved(-h)];
          close(
            second,
            up.map((d, i) => (d - (down[i] as number)) / (2 * h * over(t))),
            1e-4,
          );
        }
      }
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('a logit of %d: no finite loss that is not its limit', (v) => {
    for (const build of builds) {
      using net = ofLogits(loss, output, build);
      for (const t of drawn) {
        net.parameters.set([v, 0]);
        try {
          const found = net.gradient([1], t as never);
          expect(v).not.toBeNaN();
          close([found], [row([Math.sign(v) * 1e30, 0], t) / over(t)], 1e-6);
        } catch (error) {
          expect(error).toBeInstanceOf(NeuriteError);
          expect((error as Error).message).toContain('gradient: the loss became NaN or infinite');
          expect(() => net.step([1], t as never)).toThrow(NeuriteError);
        }
        expect(Array.from(net.parameters)).toEqual([v, 0]);
      }
    }
  });
});

test.each<[string, Loss]>([
  ['huber', huber()],
  ['logCosh', logCosh()],
])('%s has the second derivative of a square where the error is 0', (_, loss) => {
  for (const build of builds) {
    using net = ofLogits(loss, 'identity', build);
    net.parameters.set([0.5, 2]);
    expect(net.gradient([1], [0.5, 2])).toBeCloseTo(0, 7);
    expect(Array.from(net.gradients)).toEqual([0, 0]);
    expect(Array.from(hvp(net, [1], [0.5, 2], [1, -3]))).toEqual([0.5, -1.5]);
  }
});
