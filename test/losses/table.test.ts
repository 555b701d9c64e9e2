/** Every loss in the table of the package has its row in the vocabulary, and is what that row says. */
import * as neurite from 'neurite';
import { dense, input, type Loss, load, type Node, network, save, sequential, sigmoid, softmax, softplus } from 'neurite';
import { checkGradients } from 'neurite/check';
import { inputGradient } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { definitionOf } from '../../src/losses/loss.js';
import * as makers from '../../src/losses/table.generated.js';
import { usedInNetworks } from '../files/networks.js';
import { builds } from '../kernels/machine.js';
import { EPSILON, numbers } from '../kernels/numbers.js';
import { expectAnswered, expectExport, expectInReadme, expectRows } from '../rows.js';
import { answered, type LossRow, losses } from '../vocabulary.js';
import { charbonnier, charbonnierGradient, charbonnierRow } from './charbonnier.js';

test('each has a row, and no row is of none', () => {
  expectRows(
    'losses',
    losses.map(({ name }) => name),
    Object.keys(makers),
  );
});

/** A loss that is none of the package's: a row is all it takes. */
const thrown: LossRow = {
  name: 'charbonnier',
  make: () => charbonnier(),
  output: 'identity',
  targets: (draws) => [...draws],
  row: charbonnierRow,
  gradient: charbonnierGradient,
  divisor: 'outputs',
  torch: { none: 'the tests alone have it' },
};

describe.each([...losses, thrown].map((row) => [row.name, row] as const))('%s', (name, { make, output, targets, row, gradient, divisor, torch }) => {
  const rows = 9;
  const width = 4;
  const next = numbers(name.length, 0, 1);
  // To both sides of Huber's kink, and of where an exponential is large.
  const z = Float32Array.from({ length: rows * width }, () => 8 * next() - 4);
  const t = Array.from({ length: rows }, () => targets(Array.from({ length: width }, () => 0.05 + 0.9 * next())).map(Math.fround));
  const each = Array.from({ length: rows }, (_, i) => Array.from(z.subarray(i * width, (i + 1) * width)));
  const loss: Loss = make();
  const divisors = { one: 1, outputs: width, targets: (t[0] as number[]).length };
  const over = (loss.reduction === 'mean' ? divisors[divisor] : 1) / loss.scale;

  test('the definition has the name that the package gives it', () => {
    expect(loss.name).toBe(name);
    expect(definitionOf(loss).name).toBe(name);
  });

  test("the row's gradient is what differences of its loss say", () => {
    const h = 1e-5;
    each.forEach((v, i) => {
      gradient(v, t[i] as number[]).forEach((d, k) => {
        const moved = (by: number) => v.map((value, j) => (j === k ? value + by : value));
        const difference = (row(moved(h), t[i] as number[]) - row(moved(-h), t[i] as number[])) / (2 * h);
        // Probabilities in float32 sum to 1 within a few roundings, which crossEntropy takes for 1.
        expect(Math.abs(d - difference)).toBeLessThan(4 * EPSILON * Math.max(1, Math.abs(d)));
      });
    });
  });

  test.each(builds)('loss and gradient are those of float64 (%s)', (build) => {
    const x = input(width);
    const activation = { softmax, sigmoid, softplus, identity: (v: Node) => v }[output];
    const net = network({ inputs: x, outputs: activation(neurite.mul(x, neurite.constant(1))), loss, build });
    const expected = each.reduce((total, v, i) => total + row(v, t[i] as number[]), 0) / rows / over;
    expect(Math.abs(net.gradient(z, t as never) - expected)).toBeLessThan(4e-6 * expected);
    const found = inputGradient(net, z, t as never) as Float32Array;
    const factor = over * (loss.reduction === 'mean' ? rows : 1);
    each
      .flatMap((v, i) => gradient(v, t[i] as number[]))
      .forEach((d, i) => {
        expect(Math.abs((found[i] as number) * factor - d)).toBeLessThan(4e-6 * Math.max(1, Math.abs(d)));
      });
  });

  test('neurite/check agrees, also after a file', () => {
    const net = sequential(3, [dense(5, 'tanh'), dense(width, output)], { loss, seed: 2 });
    const x = Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(i));
    expect(checkGradients(net, x, t as never, { entries: Number.POSITIVE_INFINITY }).passed).toBe(true);
    expect(checkGradients(load(save(net)), x, t as never).passed).toBe(true);
  });

  test.runIf(losses.some((row) => row.name === name))('it is exported, saved, documented and held against PyTorch', () => {
    expectExport(name, 'its file in src/losses exports a constant of that name, made by defineLoss');
    expect(usedInNetworks().losses).toContain(name);
    expectInReadme(name, 'losses');
    expectAnswered(name, answered(torch));
  });
});
