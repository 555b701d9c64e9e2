import { describe, fieldOf } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import { checkSize } from '../arguments/size.js';
import { ShapeError, ValueError } from '../errors.js';
import { checkNodes, type Node } from '../graph/node.js';
import { features, matrix, vector } from '../graph/shape.js';
import { add } from '../ops/add.js';
import { expandRows } from '../ops/expandRows.js';
import { Parameter } from '../ops/leaves.js';
import { product } from '../ops/matmul.js';
import { activationOf } from './activationOf.js';
import type { Activation, activations } from './activations.js';
import type { Initializer } from './initializers.js';
import { initialOf } from './initialOf.js';
import { type Layer, type LayerOptions, layer } from './layer.js';
import { penaltiesOf, REGULARIZED, type Regularized } from './regularizers.js';

/** Options of `dense`. */
export interface DenseOptions extends LayerOptions, Regularized {
  /** Whether there is a bias. Default true. */
  readonly bias?: boolean;
  /** How the weights start; biases start at 0. Default `heUniform` before rectifiers, else `glorotUniform`. */
  readonly init?: Initializer;
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
  const options = checkOptions('dense', given, ['bias', 'init', 'name', 'trainable', ...REGULARIZED]);
  const call = options.name ?? 'dense';
  if (typeof call !== 'string') throw new ValueError(`dense: name is ${describe(call)}, expected a string`);
  checkSize(call, 'units', units);
  const { bias = true } = options;
  checkFlag(call, 'bias', bias);
  if (!bias && options.biasRegularizer !== undefined) throw new ValueError(`${call}: biasRegularizer came with bias: false, expected none`);
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
      const isFirst = first === undefined;
      first ??= x;
      weights ??= new Parameter(matrix(units, inputs), initialOf(call, init, inputs, units));
      const xw = product(x, weights, false, true);
      const z = biases ? add(xw, expandRows(biases)) : xw;
      const output = g(z);
      checkNodes(`${call}: the activation`, [output]);
      const { maxNorm } = options;
      return {
        output,
        parameters: { weights, ...(biases && { biases }) },
        nodes: { z },
        attributes: { activation: nameOf(activation) },
        penalties: penaltiesOf(call, options, isFirst ? { weights, biases, output } : { output }),
        ...(maxNorm !== undefined && { maxNorms: { weights: maxNorm } }),
      };
    },
    { name: options.name, trainable: options.trainable },
  );
}

function nameOf(activation: Activation): string {
  const name = typeof activation === 'string' ? activation : fieldOf(activation, 'name');
  return typeof name === 'string' && name !== '' ? name : 'function';
}
