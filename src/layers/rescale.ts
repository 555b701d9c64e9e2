import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ValueError } from '../errors.js';
import { apply } from '../graph/node.js';
import { affineOp } from '../ops/affine.js';
import { type Layer, layer } from './layer.js';

/** Options of layers that only say what they are called. */
export interface NameOption {
  readonly name?: string;
}

/**
 * x·scale + offset, for inputs as they come: `rescale(1 / 255)` for bytes. It is part of the model and of its file, so that `fit` and `predict` take the same.
 *
 * Shapes: x and its value `[rows, n]`. Default offset 0.
 * @throws ValueError for what is no finite number
 */
export function rescale(scale: number, offset = 0, options: NameOption = {}): Layer {
  const { name } = checkOptions('rescale', options, ['name']);
  for (const [what, value] of Object.entries({ scale, offset })) {
    if (!(typeof value === 'number' && Number.isFinite(Math.fround(value))))
      throw new ValueError(`rescale: ${what} is ${describe(value)}, expected a finite number that float32 holds`);
  }
  const attributes = { scale: String(scale), offset: String(offset) };
  return layer('rescale', (x) => ({ output: apply(affineOp, [x], { alpha: scale, beta: offset }), attributes }), { name });
}
