import { describe, fieldOf, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { ShapeError, ValueError } from '../errors.js';
import { features } from '../graph/shape.js';
import { div } from '../ops/div.js';
import { sub } from '../ops/sub.js';
import { type Layer, layer } from './layer.js';
import { constant } from './leaves.js';
import type { NameOption } from './rescale.js';

/** What `standardize` and `minMax` found of each feature. */
interface FeatureScaling {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

/**
 * (x − offset) / scale of each feature, with what `standardize(x)` or `minMax(x)` found: the scaling is then part of the model and of its file, so that
 * `fit` and `predict` take inputs as they come.
 *
 * Shapes: x and its value `[rows, n]`, offset and scale `[n]`.
 * @throws ValueError for what is no scaling, ShapeError for one of another number of features
 */
export function normalize(scaling: FeatureScaling, options: NameOption = {}): Layer {
  const { name } = checkOptions('normalize', options, ['name']);
  const [offset, scale] = (['offset', 'scale'] as const).map((what) => {
    const list = fieldOf(scaling, what);
    if (isList(list) && list.length === 0) throw new ShapeError(`normalize: ${what} is [], expected a number for each feature`);
    const odd = isList(list)
      ? Array.from(list as readonly unknown[]).findIndex((v) => !(typeof v === 'number' && Number.isFinite(Math.fround(v))))
      : 0;
    if (!isList(list) || odd >= 0)
      throw new ValueError(
        `normalize: ${what} is ${describe(isList(list) ? list[odd] : list)}, expected a finite number for each feature, as standardize() gives them`,
      );
    return Array.from(list as readonly number[]);
  }) as [number[], number[]];
  const zero = scale.findIndex((v) => Math.fround(v) === 0);
  if (zero >= 0) throw new ValueError(`normalize: scale[${zero}] is ${scale[zero]}, 0 in float32, expected a number to divide by`);
  const offsets = constant(offset);
  const scales = constant(scale);
  return layer(
    'normalize',
    (x) => {
      const n = features(x.shape);
      for (const { length } of [offset, scale])
        if (length !== n) throw new ShapeError(`normalize: a scaling of ${length} features came for ${n}, expected as many`);
      return { output: div(sub(x, offsets), scales) };
    },
    { name },
  );
}
