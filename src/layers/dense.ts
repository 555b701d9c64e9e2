import { describe, fieldOf } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ShapeError, ValueError } from '../errors.js';
import { checkNodes, type Node } from '../graph/node.js';
import { features, matrix, vector } from '../graph/shape.js';
import { add } from '../ops/add.js';
import { expandRows } from '../ops/expandRows.js';
import { type Initial, Parameter } from '../ops/leaves.js';
import { matmul } from '../ops/matmul.js';
import { type Activation, activationOf, type activations } from './activations.js';
import type { Initializer } from './initializers.js';
import { type Layer, layer } from './layer.js';

/** Options of `dense`. */
export interface DenseOptions {
  /** Whether there is a bias. Default true. */
  readonly bias?: boolean;
  /** How the weights start; biases start at 0. Default `heUniform` before rectifiers, else `glorotUniform`. */
  readonly init?: Initializer;
  /** By which `trace`, `summary` and errors call it. Default `dense1`, `dense2`, … in the network's order. */
  readonly name?: string;
}

/** @throws ValueError unless n is a positive integer small enough to be a size */
export function checkSize(call: string, what: string, n: number): void {
  if (!(Number.isInteger(n) && n > 0 && n < 2 ** 28))
    throw new ValueError(`${call}: ${what} is ${describe(n)}, expected a whole number from 1 to ${2 ** 28 - 1}`);
}

/**
 * A fully connected layer, u = g(x·Wᵀ + b) (notes 10): `dense(64, 'tanh')`, `dense(64, 'tanh', { bias: false })`, or, where g is the
 * identity, `dense(64, { bias: false })`.
 *
 * Shapes: x `[rows, in]`, W `[units, in]`, b `[units]`, u `[rows, units]`.
 * @throws ValueError for a size that is no positive integer or an activation that isn't known
 */
export function dense(
  units: number,
  // Spelt out, not `Activation`, so that a compiler that refuses a name lists those there are.
  activation: keyof typeof activations | ((z: Node) => Node) | DenseOptions = 'identity',
  options?: DenseOptions,
): Layer {
  const alone = options === undefined && typeof activation === 'object' && activation !== null;
  return alone ? denseWith(units, 'identity', activation) : denseWith(units, activation as Activation, options);
}

function denseWith(units: number, activation: Activation, given: DenseOptions = {}): Layer {
  const options = checkOptions('dense', given, ['bias', 'init', 'name']);
  const call = options.name ?? 'dense';
  if (typeof call !== 'string') throw new ValueError(`dense: name is ${describe(call)}, expected a string`);
  checkSize(call, 'units', units);
  const { bias = true } = options;
  if (typeof bias !== 'boolean') throw new ValueError(`${call}: bias is ${describe(bias)}, expected true or false`);
  const { apply: g, init: usual } = activationOf(call, activation);
  const init = options.init ?? usual;
  if (typeof init !== 'function')
    throw new ValueError(`${call}: init is ${describe(init)}, expected an initializer, such as heUniform or constantInit(0)`);
  const biases = bias ? new Parameter(vector(units), { kind: 'constant', value: 0 }) : undefined;
  let weights: Parameter | undefined;
  let first: Node | undefined;
  return layer(
    'dense',
    (x) => {
      const inputs = features(x.shape);
      if (weights && features(weights.shape) !== inputs) {
        throw new ShapeError(
          `${call}: input ${x} has ${inputs} features, expected ${features(weights.shape)}, as ${first} has, to which this layer was applied first`,
        );
      }
      first ??= x;
      weights ??= new Parameter(matrix(units, inputs), initialOf(call, init, inputs, units));
      const product = matmul(x, weights, false, true);
      const z = biases ? add(product, expandRows(biases)) : product;
      const output = g(z);
      checkNodes(`${call}: the activation`, [output]);
      return { output, parameters: { weights, ...(biases && { biases }) }, nodes: { z }, attributes: { activation: nameOf(activation) } };
    },
    { name: options.name },
  );
}

/** What an initializer gives, checked. @throws ValueError for what is none, or for values that float32 does not hold */
export function initialOf(call: string, init: Initializer, inputs: number, units: number): Initial {
  const initial = init(inputs, units);
  const fields = { uniform: ['low', 'high'], normal: ['mean', 'deviation'], constant: ['value'] }[fieldOf(initial, 'kind') as string];
  if (fields === undefined)
    throw new ValueError(`${call}: init gave ${describe(initial)}, expected an initializer, such as heUniform or constantInit(0)`);
  const copy: Record<string, unknown> = { kind: initial.kind };
  for (const name of fields) {
    const value = (initial as unknown as Record<string, unknown>)[name];
    if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
      throw new ValueError(`${call}: init gave a ${name} of ${describe(value)}, expected a finite number that float32 holds`);
    copy[name] = value;
  }
  return copy as unknown as Initial;
}

function nameOf(activation: Activation): string {
  const name = typeof activation === 'string' ? activation : fieldOf(activation, 'name');
  return typeof name === 'string' && name !== '' ? name : 'function';
}
