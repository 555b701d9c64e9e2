import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { checkSize } from '../arguments/size.js';
import { ValueError } from '../errors.js';
import { features, matrix } from '../graph/shape.js';
import { concat, slice } from '../ops/columns.js';
import { embed } from '../ops/embed.js';
import { inputOp, Parameter } from '../ops/leaves.js';
import type { Initializer } from './initializers.js';
import { initialOf } from './initialOf.js';
import { type Layer, type LayerOptions, layer } from './layer.js';

/** Options of `embedding`. */
export interface EmbeddingOptions extends LayerOptions {
  /** How the table starts, from `count` and `size` as fan-in and fan-out. Default normal with deviation 1, as PyTorch has it. */
  readonly init?: Initializer;
}

const standardNormal: Initializer = () => ({ kind: 'normal', mean: 0, deviation: 1 });

/** The largest count whose ids float32 tells apart. */
const MAX_COUNT = 2 ** 24;

/**
 * A vector of `size` learnt numbers for each of `count` ids: of an input of ids `[rows, k]`, whole numbers from 0 to count − 1, the k vectors side by side,
 * `[rows, k·size]`. Its gradient is that of the product of one-hot rows with the table; ids have none. An id that there is not is refused where it is
 * read. Ids that are written into a view, such as that of `net.input`, are read by no check: what is no id stands for 0 there.
 *
 * Shapes: ids `[rows, k]`, the table `[count, size]`, the value `[rows, k·size]`.
 * @throws ValueError for sizes that are no positive integers; where it is applied to what is no input
 */
export function embedding(count: number, size: number, options: EmbeddingOptions = {}): Layer {
  const { init = standardNormal, name, trainable } = checkOptions('embedding', options, ['init', 'name', 'trainable']);
  const call = name ?? 'embedding';
  checkSize(call, 'count', count);
  checkSize(call, 'size', size);
  if (count > MAX_COUNT) throw new ValueError(`${call}: count is ${count}, expected at most ${MAX_COUNT}`);
  if (typeof init !== 'function')
    throw new ValueError(`${call}: init is ${describe(init)}, expected an initializer, such as heUniform or constantInit(0)`);
  const table = new Parameter(matrix(count, size), initialOf(call, init, count, size));
  return layer(
    'embedding',
    (x) => {
      if (x.op !== inputOp) throw new ValueError(`${call}: it was applied to ${x}, expected an input of ids, such as input(1)`);
      const k = features(x.shape);
      const vectors = Array.from({ length: k }, (_, i) => embed(table, k === 1 ? x : slice(x, i, i + 1)));
      return { output: k === 1 ? (vectors[0] as (typeof vectors)[0]) : concat(...vectors), parameters: { table } };
    },
    { name, trainable },
  );
}
