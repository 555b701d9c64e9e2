/** Patterns that look like one kernel, and are none: what the kernel would make on the way, or later, something else reads. */
import fc from 'fast-check';
import { binaryCrossEntropy, crossEntropy, dense, input, type Loss, meanSquaredError, network, sgd } from 'neurite';
import { checkGradients } from 'neurite/check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/compile/differentiate.js';
import { findFusions } from '../../src/compile/fuse.js';
import { lower } from '../../src/compile/lower.js';
import { tensorsOf } from '../../src/graph/instruction.js';
import { apply, type Node, topological } from '../../src/graph/node.js';
import { affine } from '../../src/ops/affine.js';
import { binaryCrossEntropy as binaryOnLogits } from '../../src/ops/binaryCrossEntropy.js';
import { clip } from '../../src/ops/clip.js';
import { crossEntropy as onLogits } from '../../src/ops/crossEntropy.js';
import { expandFeatures } from '../../src/ops/expandFeatures.js';
import { heaviside } from '../../src/ops/heaviside.js';
import { fill } from '../../src/ops/leaves.js';
import { mulOp } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { sigmoid } from '../../src/ops/sigmoid.js';
import { softmax } from '../../src/ops/softmax.js';
import { square } from '../../src/ops/square.js';
import { sub } from '../../src/ops/sub.js';
import { tanh } from '../../src/ops/tanh.js';
import { builds } from '../kernels/machine.js';
import { sweep } from '../sweep.js';

describe.each(builds)('a head upon the probabilities of another, %s build', (build) => {
  const x = [1, -1, 2, 0.3, 0.2, 0.1];
  const values = [1, 2, 3, 4];

  /** The loss of a step, which has the mean squared error of what is upon the probabilities as its first or its second part. */
  function lossOf(activation: 'softmax' | 'sigmoid', loss: Loss, targets: readonly number[], first: boolean): { stepped: number; expected: number } {
    const nodes = input(3);
    const probabilities = dense(4, activation)(nodes);
    const upon = dense(2)(probabilities);
    const inOrder = <T>(a: T, b: T): [T, T] => (first ? [a, b] : [b, a]);
    using net = network({
      inputs: nodes,
      outputs: inOrder(upon, probabilities),
      loss: inOrder<Loss>(meanSquaredError(), loss),
      optimizer: sgd({ learningRate: 0.1 }),
      seed: 3,
      build,
    });
    const y = inOrder<readonly number[]>(values, targets);
    // Something else is left in the memory than what this step makes.
    net.step([2, 1, 0, 1, 1, 1], y as never);
    expect(checkGradients(net, x, y as never).passed).toBe(true);
    const predicted = net.predict(x) as unknown as [Float32Array, Float32Array];
    const [found, p] = inOrder(predicted[0], predicted[1]);
    const squared = values.reduce((sum, t, i) => sum + ((found[i] as number) - t) ** 2, 0) / values.length;
    const entropy =
      activation === 'softmax'
        ? targets.reduce((sum, t, i) => sum - Math.log(p[4 * i + t] as number), 0) / targets.length
        : targets.reduce((sum, t, i) => sum - Math.log(t === 1 ? (p[i] as number) : 1 - (p[i] as number)), 0) / targets.length;
    return { stepped: net.step(x, y as never), expected: squared + entropy };
  }

  test.each([true, false])('its loss is that of its own inputs, be it the first: %s', (first) => {
    const softmax = lossOf('softmax', crossEntropy(), [1, 3], first);
    expect(softmax.stepped).toBeCloseTo(softmax.expected, 5);
    const sigmoids = lossOf('sigmoid', binaryCrossEntropy(), [1, 0, 0, 1, 0, 1, 1, 0], first);
    expect(sigmoids.stepped).toBeCloseTo(sigmoids.expected, 5);
  });
});

describe('a slope times itself', () => {
  const x = input(3);
  const s = sigmoid(x);
  test.each([
    ['relu', heaviside(x, 0)],
    ['sigmoid', apply(mulOp, [s, affine(s, -1, 1)])],
    ['tanh', affine(square(tanh(x)), -1, 1)],
  ])('of %s is a product of two tensors', (_, slope) => {
    const squared = apply(mulOp, [slope, slope]);
    const { anchors, absorbed } = findFusions(topological([squared]), new Set([squared]));
    expect([anchors.size, absorbed.size]).toEqual([0, 0]);
  });
});

test('in random graphs of the ops that patterns are made of, all that an instruction reads is made before', () => {
  const choice = fc.record({ op: fc.nat(100), a: fc.nat(100), b: fc.nat(100), near: fc.boolean() });
  fc.assert(
    fc.property(fc.array(choice, { minLength: 2, maxLength: 16 }), fc.array(fc.nat(100), { minLength: 1, maxLength: 3 }), (choices, chosen) => {
      const x = input(3);
      const t = input(3);
      const nodes: Node[] = [x, t];
      for (const { op, a, b, near } of choices) {
        // Near: of the last, as patterns are; else of any, so that there are other users.
        const pick = (n: number) => nodes[near ? Math.max(0, nodes.length - 1 - (n % 3)) : n % nodes.length] as Node;
        const [p, q] = [pick(a), pick(b)];
        const makers: (() => Node)[] = [
          () => softmax(p),
          () => sigmoid(p),
          () => tanh(p),
          () => relu(p),
          () => heaviside(p, 0),
          () => clip(p, 0.1, 1),
          () => square(p),
          () => affine(p, -1, 1),
          () => affine(p, 0.5, 0),
          () => apply(mulOp, [p, q]),
          () => apply(mulOp, [p, q]),
          () => sub(p, q),
          () => expandFeatures(onLogits(p, q), 3),
          () => expandFeatures(binaryOnLogits(p, q), 3),
        ];
        nodes.push((makers[op % makers.length] as () => Node)());
      }
      const some = chosen.map((n) => nodes[nodes.length - 1 - (n % nodes.length)] as Node);
      const derivatives = gradients([{ node: some[0] as Node, gradient: fill((some[0] as Node).shape, 1) }], [x]).flatMap((d) => d ?? []);
      for (const roots of [
        [...some, ...derivatives],
        [...derivatives, ...some],
      ]) {
        const made = new Set<Node>([x, t]);
        for (const instruction of lower(roots, true)) {
          const tensors = tensorsOf(instruction);
          for (const { node, written } of tensors) if (!written && !made.has(node)) expect.fail(`${node} is read before it is made`);
          for (const { node, written } of tensors) if (written) made.add(node);
        }
        for (const root of roots) expect(made.has(root)).toBe(true);
      }
    }),
    { numRuns: sweep(2000, 200) },
  );
});
