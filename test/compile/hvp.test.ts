import { crossEntropy, dense, type Loss, meanSquaredError, squaredError } from 'neurite';
import { describe, expect, test } from 'vitest';
import { gradients, tangents } from '../../src/compile/differentiate.js';
import { compile, type Recipe } from '../../src/compile/program.js';
import { coreOf } from '../../src/core/core.js';
import { Engine } from '../../src/engine/engine.js';
import { LoadedProgram } from '../../src/engine/loadedProgram.js';
import { Workspace } from '../../src/engine/workspace.js';
import { Node } from '../../src/graph/node.js';
import { elements } from '../../src/graph/shape.js';
import { lossesOf } from '../../src/losses/networkLoss.js';
import { fill, input, inputOp } from '../../src/ops/leaves.js';
import { builds } from '../kernels/machine.js';
import { EPSILON, filled, numbers } from '../kernels/numbers.js';
import { drawParameters, type Model, oracleOf } from '../network/models.js';
import { type Target, targetRow } from '../oracle/losses.js';
import { forward, hessianVectorProduct, type Layer, lossFactor, type Loss as OracleLoss, parametersOf, withParameters } from '../oracle/network.js';

const get = (x: ArrayLike<number>, i: number) => x[i] as number;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sum = (n: number, term: (i: number) => number) => range(n).reduce((total, i) => total + term(i), 0);

/**
 * How large the terms of H·v are: the oracle's formulas with each number replaced by a bound on its size, a difference by a sum. A value that
 * a function is taken of enters with the size of its argument besides, by which its error grows.
 */
function sizes(layers: [Layer, Layer], loss: OracleLoss, x: ArrayLike<number>, targets: Target[], v: ArrayLike<number>): Float64Array {
  const rows = targets.length;
  const [first, second] = layers;
  const [vFirst, vSecond] = withParameters(layers, v) as [Layer, Layer];
  const { inFeatures: n, outFeatures: hidden } = first;
  const outputs = second.outFeatures;
  const factor = lossFactor(loss, rows, outputs);
  const { u } = forward(layers, x, rows);
  const product = withParameters(layers, new Float64Array(v.length)) as [Layer, Layer];
  const add = (to: Float64Array | undefined, i: number, value: number) => {
    if (to) to[i] = get(to, i) + value;
  };
  const size = (layer: Layer, row: number, values: number[]) =>
    sum(values.length, (k) => Math.abs(get(layer.weights, row * values.length + k)) * get(values, k)) +
    Math.abs(layer.biases ? get(layer.biases, row) : 0);
  for (let i = 0; i < rows; i++) {
    const inputs = range(n).map((k) => Math.abs(get(x, i * n + k)));
    const a = range(hidden).map((j) => Math.abs(get(u[1] as Float64Array, i * hidden + j)) + size(first, j, inputs));
    const slope = a.map((value) => 1 + value ** 2);
    const aDot = range(hidden).map((j) => get(slope, j) * size(vFirst, j, inputs));
    const z = range(outputs).map((j) => size(second, j, a));
    const zDot = range(outputs).map((j) => size(vSecond, j, a) + size({ ...second, biases: undefined } as Layer, j, aDot));
    const largest = Math.max(...z);
    const output = range(outputs).map((j) => Math.abs(get(u[2] as Float64Array, i * outputs + j)));
    const p = loss.name === 'crossEntropy' ? output.map((value) => value * (1 + 2 * largest)) : output.map((value, j) => value + get(z, j));
    const t = targetRow(targets[i] as Target, outputs);
    const scale = loss.name === 'crossEntropy' ? factor : 2 * factor;
    const delta = p.map((value, j) => scale * (value + Math.abs(get(t, j))));
    const mean = sum(outputs, (j) => get(p, j) * get(zDot, j));
    const deltaDot = zDot.map((value, j) => scale * (loss.name === 'crossEntropy' ? get(p, j) * (value + mean) : value));
    for (const j of range(outputs)) {
      for (const k of range(hidden)) add(product[1].weights, j * hidden + k, get(deltaDot, j) * get(a, k) + get(delta, j) * get(aDot, k));
      add(product[1].biases, j, get(deltaDot, j));
    }
    for (const k of range(hidden)) {
      const weight = (layer: Layer, j: number) => Math.abs(get(layer.weights, j * hidden + k));
      const da = sum(outputs, (j) => get(delta, j) * weight(second, j));
      const daDot = sum(outputs, (j) => get(deltaDot, j) * weight(second, j) + get(delta, j) * weight(vSecond, j));
      const dzDot = daDot * get(slope, k) + 2 * da * get(a, k) * get(aDot, k);
      for (const q of range(n)) add(product[0].weights, k * n + q, dzDot * get(inputs, q));
      add(product[0].biases, k, dzDot);
    }
  }
  return parametersOf(product);
}

/** H·v as a graph: the backward pass differentiated once more, backward or forward. */
const modes: Record<string, (slopes: Node[], parameters: readonly Node[], v: Node[]) => (Node | undefined)[]> = {
  'reverse over reverse': (slopes, parameters, v) =>
    gradients(
      slopes.map((node, i) => ({ node, gradient: v[i] as Node })),
      parameters,
    ),
  'forward over reverse': (slopes, parameters, v) => tangents(slopes, new Map(parameters.map((parameter, i) => [parameter, v[i] as Node]))),
};

const losses: { title: string; loss: Loss; oracle: OracleLoss; output: 'identity' | 'softmax'; classes: boolean }[] = [
  { title: 'crossEntropy of ids', loss: crossEntropy(), oracle: { name: 'crossEntropy', reduction: 'mean' }, output: 'softmax', classes: true },
  {
    title: 'crossEntropy of rows, sum',
    loss: crossEntropy({ reduction: 'sum' }),
    oracle: { name: 'crossEntropy', reduction: 'sum' },
    output: 'softmax',
    classes: false,
  },
  { title: 'meanSquaredError', loss: meanSquaredError(), oracle: { name: 'squaredError', reduction: 'mean' }, output: 'identity', classes: false },
  { title: 'squaredError', loss: squaredError({ scale: 0.5 }), oracle: { name: 'squaredError', reduction: 0.5 }, output: 'identity', classes: false },
];

describe.each(builds)('%s: the Hessian of two layers times a vector', (build) => {
  describe.each(Object.keys(modes))('%s', (mode) => {
    test.each(losses)('$title', ({ loss, oracle, output, classes }) => {
      for (const bias of [true, false]) {
        for (const rows of [1, 2, 5, 17]) {
          const [n, hidden, outputs] = [4, 7, 3];
          const x = input(n);
          const model = { inputs: [x], outputs: [dense(outputs, output, { bias })(dense(hidden, 'tanh', { bias })(x))] };
          const engine = new Engine(model, coreOf(build));
          engine.configure(lossesOf('test', loss, model), undefined);
          const [{ rows: perRow, target, scale, factors }] = engine.lossNodes('test', [classes ? 'ids' : 'values']) as [
            ReturnType<Engine['lossNodes']>[number],
          ];
          const { parameters } = engine;
          const slopes = gradients([{ node: perRow, gradient: fill(perRow.shape, scale, factors) }], parameters) as Node[];
          const v = parameters.map((parameter) => new Node(inputOp, [], parameter.shape));
          const products = (modes[mode] as (typeof modes)[string])(slopes, parameters, v) as Node[];
          const recipe: Recipe = { roots: products, inputs: [x, target, ...v], outputs: products, places: engine.places };

          const next = numbers(rows + (bias ? 50 : 0));
          const shape: Model = {
            inFeatures: n,
            layers: [
              { units: hidden, activation: { name: 'tanh' }, biases: bias },
              { units: outputs, activation: { name: output }, biases: bias },
            ],
          };
          const values = drawParameters(shape, next).map((w) => w / 2);
          const xs = filled(rows * n, next);
          const targets: Target[] = range(rows).map(() =>
            classes ? Math.floor((next() + 1) * 1.5) : Array.from(filled(outputs, next), (value) => (output === 'softmax' ? (value + 1) / 2 : value)),
          );
          const direction = filled(values.length, next);

          const { core } = engine;
          core.f32.set(values, engine.parametersAddress >> 2);
          const workspace = new Workspace(core, [engine.parametersAddress, 0, 0, 0], 0, 1);
          const loaded = new LoadedProgram(recipe, compile(recipe, rows), workspace);
          core.f32.set(xs, loaded.indexOf(x));
          (classes ? core.u32 : core.f32).set(targets.flat(), loaded.indexOf(target));
          v.forEach((node, i) => {
            const from = engine.offsetOf(parameters[i] as (typeof parameters)[number]);
            core.f32.set(direction.subarray(from, from + elements(node.shape)), loaded.indexOf(node));
          });
          loaded.run(rows);
          const found = products.flatMap((node) => Array.from(core.f32.subarray(loaded.indexOf(node), loaded.indexOf(node) + elements(node.shape))));
          loaded.free();
          workspace.free();
          engine.free();

          const layers = oracleOf(shape, values) as [Layer, Layer];
          const expected = hessianVectorProduct(layers, oracle, xs, targets, direction);
          // No term has more than 6 factors, none of which errs by more than k·ε of its size: k roundings of its sum and 8 of functions and scales.
          const k = Math.max(n + 1, hidden + 1, outputs, rows) + 8;
          const size = sizes(layers, oracle, xs, targets, direction);
          found.forEach((value, i) => {
            const bound = 6 * k * EPSILON * get(size, i);
            expect(Math.abs(value - get(expected, i)), `${rows} rows, element ${i}: ${value}, expected ${expected[i]}`).toBeLessThanOrEqual(bound);
          });
          const largest = Math.max(...expected.map(Math.abs));
          expect(Math.max(...size) * 6 * k * EPSILON, 'the bound is far below the values').toBeLessThan(largest / 50);
        }
      }
    });
  });
});
