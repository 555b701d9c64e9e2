import { checkOptions } from '../arguments/options.js';
import { add } from '../ops/add.js';
import { byMode } from '../ops/byMode.js';
import { randomNormal } from '../ops/random.js';
import type { DropoutOptions } from './dropout.js';
import { type Layer, layer } from './layer.js';
import { checkPositive } from './options.js';
import { randomKey } from './randomKey.js';

/**
 * Gaussian noise: in training steps x + deviation·n, n normal deviates that are drawn as `dropout` draws its masks; everywhere else x.
 *
 * Shapes: x and its value `[rows, n]`; a state `key` `[2]`.
 * @throws ValueError for a deviation that is no positive number
 */
export function gaussianNoise(deviation: number, options: DropoutOptions = {}): Layer {
  const { name } = checkOptions('gaussianNoise', options, ['name']);
  checkPositive('gaussianNoise', 'deviation', deviation);
  return layer(
    'gaussianNoise',
    (x) => {
      const key = randomKey();
      return { output: byMode(add(x, randomNormal(x, key, deviation)), x), parameters: { key }, attributes: { deviation: String(deviation) } };
    },
    { name },
  );
}
