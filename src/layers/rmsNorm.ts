import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import { features, vector } from '../graph/shape.js';
import { shift } from '../ops/affine.js';
import { div } from '../ops/div.js';
import { Parameter } from '../ops/leaves.js';
import { meanFeatures } from '../ops/meanFeatures.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { type Layer, layer } from './layer.js';
import type { LayerNormOptions } from './layerNorm.js';
import { ofOneWidth } from './ofOneWidth.js';
import { checkPositive } from './options.js';

/**
 * Normalisation by the root mean square, γ ⊙ x / √(mean x² + ε) over the features of each row (Zhang & Sennrich 2019; PyTorch's RMSNorm): a layer norm
 * without a mean to subtract.
 *
 * Shapes: x and its value `[rows, n]`, gains γ `[n]` from 1. ε is 2⁻²³ by default, the rounding of float32.
 * @throws ValueError for an option out of its range
 */
export function rmsNorm(options: LayerNormOptions = {}): Layer {
  const { epsilon = 2 ** -23, affine = true, name, trainable } = checkOptions('rmsNorm', options, ['epsilon', 'affine', 'name', 'trainable']);
  checkPositive('rmsNorm', 'epsilon', epsilon);
  checkFlag('rmsNorm', 'affine', affine);
  const own = ofOneWidth('rmsNorm', (n) => ({ gains: new Parameter(vector(n), { kind: 'constant', value: 1 }) }));
  return layer(
    'rmsNorm',
    (x) => {
      const normalized = div(x, sqrt(shift(meanFeatures(square(x)), epsilon)));
      if (!affine) return { output: normalized };
      const { gains } = own(features(x.shape));
      return { output: mul(normalized, gains), parameters: { gains }, nodes: { normalized } };
    },
    { name, trainable },
  );
}
