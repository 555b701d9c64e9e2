import { checkOptions } from '../arguments/options.js';
import { byMode } from '../ops/byMode.js';
import { mul } from '../ops/mul.js';
import { randomMask } from '../ops/random.js';
import { type Layer, layer } from './layer.js';
import { checkShare } from './options.js';
import { randomKey } from './randomKey.js';

/** Options of `dropout`. */
export interface DropoutOptions {
  readonly name?: string;
}

/**
 * Dropout (Srivastava et al. 2014): in training steps each number is 0 with probability `rate`, else x / (1 − rate), so that its mean stays. Everywhere else
 * it is x. What is dropped follows from the network's seed, the number of the step and the place in the batch: the same training drops the same.
 *
 * Shapes: x and its value `[rows, n]`; a state `key` `[2]`, of which the masks are drawn.
 * @throws ValueError for a rate that is not from 0, below 1
 */
export function dropout(rate: number, options: DropoutOptions = {}): Layer {
  const { name } = checkOptions('dropout', options, ['name']);
  checkShare('dropout', 'rate', rate, 'below 1');
  return layer(
    'dropout',
    (x) => {
      const key = randomKey();
      const mask = randomMask(x, key, rate, 1 / (1 - rate));
      return { output: byMode(mul(x, mask), x), parameters: { key }, attributes: { rate: String(rate) } };
    },
    { name },
  );
}
