import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { abs } from '../ops/abs.js';
import { add } from '../ops/add.js';
import { affine } from '../ops/affine.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { square } from '../ops/square.js';
import { checkPositive } from './options.js';

/** What is minimised besides for a parameter, or for the values of a layer: of each element, as a node of the same shape. */
export type Regularizer = (x: Node) => Node;

/** factor · Σ |x|: draws what is not needed to 0. Of a layer's values, the mean over the rows. @throws ValueError for a factor that is not positive */
export function l1(factor: number): Regularizer {
  checkPositive('l1', 'factor', factor);
  return (x) => affine(abs(x), factor, 0);
}

/** factor · Σ x²: keeps numbers small. Of a layer's values, the mean over the rows. @throws ValueError for a factor that is not positive */
export function l2(factor: number): Regularizer {
  checkPositive('l2', 'factor', factor);
  return (x) => affine(square(x), factor, 0);
}

/** Both at once (elastic net). @throws ValueError for a factor that is not positive */
export function l1l2(first: number, second: number): Regularizer {
  const [one, two] = [l1(first), l2(second)];
  return (x) => add(one(x), two(x));
}

/** Regularisers of a layer. */
export interface Regularized {
  /** What is minimised besides for the weights, such as `l2(1e-4)`. Default none. */
  readonly weightRegularizer?: Regularizer;
  /** The same for the biases. Default none. */
  readonly biasRegularizer?: Regularizer;
  /** The same for the layer's values, the mean over the rows: `l1(1e-3)` makes them sparse. Default none. */
  readonly activityRegularizer?: Regularizer;
  /** The largest norm of the weights of a unit: longer ones are shortened to it behind each training step. Default none. */
  readonly maxNorm?: number;
}

/** The options above, as layers list theirs. */
export const REGULARIZED = ['weightRegularizer', 'biasRegularizer', 'activityRegularizer', 'maxNorm'] as const;

/** What a layer's options have minimised besides: of parameters once, however often it is applied. @throws ValueError for a regulariser that is none */
export function penaltiesOf(call: string, options: Regularized, parts: { weights?: Node; biases?: Node | undefined; output: Node }): Node[] {
  const { weightRegularizer, biasRegularizer, activityRegularizer } = options;
  const named = { weightRegularizer, biasRegularizer, activityRegularizer };
  for (const [name, value] of Object.entries(named))
    if (value !== undefined && typeof value !== 'function')
      throw new ValueError(`${call}: ${name} is ${describe(value)}, expected a function of a node, such as l2(1e-4)`);
  if (options.maxNorm !== undefined) checkPositive(call, 'maxNorm', options.maxNorm);
  const { weights, biases, output } = parts;
  return [
    ...(weightRegularizer && weights ? [weightRegularizer(weights)] : []),
    ...(biasRegularizer && biases ? [biasRegularizer(biases)] : []),
    ...(activityRegularizer ? [sumFeatures(activityRegularizer(output))] : []),
  ];
}
