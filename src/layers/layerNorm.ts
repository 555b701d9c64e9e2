import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import { features, vector } from '../graph/shape.js';
import { add } from '../ops/add.js';
import { shift } from '../ops/affine.js';
import { div } from '../ops/div.js';
import { Parameter } from '../ops/leaves.js';
import { meanFeatures } from '../ops/meanFeatures.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { sub } from '../ops/sub.js';
import { type Layer, type LayerOptions, layer } from './layer.js';
import { ofOneWidth } from './ofOneWidth.js';
import { checkPositive } from './options.js';

/** Options of `layerNorm`. */
export interface LayerNormOptions extends LayerOptions {
  /** What the variance is raised by. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether gains and offsets are learnt. Default true. */
  readonly affine?: boolean;
}

/**
 * Layer normalisation, γ ⊙ (x − mean x) / √(var x + ε) + β over the features of each row, var biased (Ba et al. 2016; PyTorch's LayerNorm).
 *
 * Shapes: x and its value `[rows, n]`, gains γ `[n]` from 1, offsets β `[n]` from 0.
 * @throws ValueError for an option out of its range
 */
export function layerNorm(options: LayerNormOptions = {}): Layer {
  const { epsilon = 1e-5, affine = true, name, trainable } = checkOptions('layerNorm', options, ['epsilon', 'affine', 'name', 'trainable']);
  checkPositive('layerNorm', 'epsilon', epsilon);
  checkFlag('layerNorm', 'affine', affine);
  const own = ofOneWidth('layerNorm', (n) => ({
    gains: new Parameter(vector(n), { kind: 'constant', value: 1 }),
    offsets: new Parameter(vector(n), { kind: 'constant', value: 0 }),
  }));
  return layer(
    'layerNorm',
    (x) => {
      const centred = sub(x, meanFeatures(x));
      const normalized = div(centred, sqrt(shift(meanFeatures(square(centred)), epsilon)));
      if (!affine) return { output: normalized };
      const { gains, offsets } = own(features(x.shape));
      return { output: add(mul(normalized, gains), offsets), parameters: { gains, offsets }, nodes: { normalized } };
    },
    { name, trainable },
  );
}
