/**
 * Against PyTorch in float64: `npm run test:torch`, with Debian's python3-torch under the system's own python3. Skipped by `npm test` where there
 * is none, but never by `npm run test:torch` nor in CI.
 */

import {
  type Activation,
  type AnyNetwork,
  dense,
  input,
  type Layer,
  type Loss,
  type Node,
  network,
  parameter,
  type Targets,
  type Values,
} from 'neurite';
import { hessian, jacobian } from 'neurite/derivatives';
import { beforeAll, describe, expect, test } from 'vitest';
import { distance } from '../derivatives/compare.js';
import { builds } from '../kernels/machine.js';
import { numbers } from '../kernels/numbers.js';
import { activations, functions, type LossRow, losses, type Torch } from '../vocabulary.js';
import { networks, type Spec } from './networks.js';
import { answerOfTorch, hasTorch, required } from './python.js';

const ops = new Map(functions.map(({ name, f }) => [name, f]));

/** The loss of a network, and its row. */
function lossOf({ loss: word }: Spec): { loss: Loss; row: LossRow; ids: boolean } {
  const name = word.replace(/OfLogits$/, '');
  const row = losses.find((one) => one.name === name) as LossRow;
  return { loss: name === word ? row.make() : row.make({ fromLogits: true }), row, ids: row.output === 'softmax' };
}

/** A network and the numbers it is tried on. */
interface Case {
  net: AnyNetwork;
  x: Float32Array[];
  y: number[];
}

/** What PyTorch found. */
interface Found {
  output: number[];
  loss: number;
  gradient: number[];
  jacobian: number[];
  hessian: number[];
}

function build(spec: Spec, seed: number, build: (typeof builds)[number]): Case {
  const next = numbers(seed);
  const nodes: Node[] = [];
  const layers = new Map<number, Layer>();
  const inputs: Node[] = [];
  const domains = new Map<string, readonly [number, number]>();
  const draw = ([low, high]: readonly [number, number]) => Math.fround(low + ((next() + 1) / 2) * (high - low));
  spec.steps.forEach((step, i) => {
    const from = (step.inputs ?? []).map((j) => nodes[j] as Node);
    if (step.op === 'input') {
      const node = input(step.size as number, `x${i}`);
      if (step.domain) domains.set(`x${i}`, step.domain);
      inputs.push(node);
      nodes.push(node);
    } else if (step.op === 'parameter') {
      const node = parameter(step.size as number, { name: `p${i}` });
      if (step.domain) domains.set(`p${i}`, step.domain);
      nodes.push(node);
    } else if (step.op === 'dense') {
      if (step.again === undefined)
        layers.set(i, dense(step.size as number, step.activation as Activation, { name: `d${i}`, bias: step.bias ?? true }));
      nodes.push((layers.get(step.again ?? i) as Layer)(from[0] as Node));
    } else {
      const f = ops.get(step.op) as (...operands: unknown[]) => Node;
      nodes.push(f(...from, ...(step.with ?? [])));
    }
  });
  const net = network({ inputs, outputs: nodes.at(-1) as Node, loss: lossOf(spec).loss, seed, build });
  // Biases too, which start at 0.
  net.parameters.forEach((v, i, all) => {
    all[i] = v === 0 ? 0.3 * next() : v;
  });
  for (const [name, domain] of domains) if (name.startsWith('p')) net.parameter(name).set(net.parameter(name).values.map(() => draw(domain)));
  const x = inputs.map((node) => {
    const domain = domains.get(node.name as string);
    return Float32Array.from({ length: spec.rows * (node.shape.size[0] as number) }, () => (domain ? draw(domain) : next()));
  });
  const width = net.outFeatures;
  const { ids, row } = lossOf(spec);
  const y = ids
    ? Array.from({ length: spec.rows }, (_, i) => i % width)
    : Array.from({ length: spec.rows }, () => row.targets(Array.from({ length: width }, () => (next() + 1) / 2)).map(Math.fround)).flat();
  return { net, x, y };
}

/** The network as test/torch/derivatives.py takes it. */
function described(spec: Spec, { net, x, y }: Case): unknown {
  const { steps, rows } = spec;
  const { loss, row, ids } = lossOf(spec);
  const onLogits = ['softmax', 'sigmoid'].includes(row.output) && !loss.fromLogits;
  const parameters = Object.fromEntries(
    net.parameterNames.map((name) => {
      const { shape, offset } = net.parameter(name);
      return [name, { shape, offset }];
    }),
  );
  return { steps, loss: row.name, ids, onLogits, rows, parameters, theta: [...net.parameters], x: x.map((one) => [...one]), y };
}

/** What PyTorch calls each function and activation. */
const spoken = (rows: readonly { readonly name: string; readonly torch: Torch }[]) =>
  Object.fromEntries(rows.flatMap(({ name, torch }) => (typeof torch === 'string' ? [[name, torch]] : [])));
const words = { ops: spoken(functions), activations: spoken(activations), losses: spoken(losses) };

function agree(what: string, a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  const { difference, size } = distance(a, b);
  expect(difference, what).toBeLessThanOrEqual(tolerance * size);
}

describe.runIf(required || hasTorch())('the networks of test/torch in PyTorch', () => {
  const cases = networks.map((spec, i) => build(spec, i + 1, builds[i % builds.length] as 'simd'));
  let found: Found[] = [];

  beforeAll(() => {
    found = answerOfTorch('derivatives.py', { networks: networks.map((spec, i) => described(spec, cases[i] as Case)), ...words }) as Found[];
  }, 120_000);

  test.each(networks.map((spec, i) => [spec.title, i] as const))('%s', (_, i) => {
    const { net, x, y } = cases[i] as Case;
    const expected = found[i] as Found;
    const given = (x.length === 1 ? x[0] : x) as Values;
    const predicted = net.predict(given);
    agree('output', predicted as Float32Array, expected.output, 1e-5);
    // The library reports the mean over the rows also of a sum.
    const reported = net.gradient(given, y as Targets) * (lossOf(networks[i] as Spec).loss.reduction === 'sum' ? (networks[i]?.rows as number) : 1);
    agree('loss', [reported], [expected.loss], 1e-5);
    agree('gradient', net.gradients, expected.gradient, 1e-5);
    agree('jacobian', jacobian(net, given), expected.jacobian, 1e-5);
    agree('hessian', hessian(net, given, y as Targets), expected.hessian, 1e-4);
    net.dispose();
  });
});
