import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { Node } from '../graph/node.js';
import { features, vector } from '../graph/shape.js';
import { add } from '../ops/add.js';
import { affine as affineOf, shift } from '../ops/affine.js';
import { byMode } from '../ops/byMode.js';
import { div } from '../ops/div.js';
import { Parameter, State } from '../ops/leaves.js';
import { meanRows, unbiased } from '../ops/meanRows.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { sub } from '../ops/sub.js';
import { type Layer, type LayerOptions, layer } from './layer.js';
import { ofOneWidth } from './ofOneWidth.js';
import { checkPositive, checkShare } from './options.js';

/** Options of `batchNorm`. */
export interface BatchNormOptions extends LayerOptions {
  /** The share of a batch in the running statistics, as PyTorch says it: Keras' momentum is 1 less this. Default 0.1. */
  readonly momentum?: number;
  /** What the variance is raised by. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether gains and offsets are learnt. Default true. */
  readonly affine?: boolean;
}

/**
 * Batch normalisation, γ ⊙ (x − m) / √(v + ε) + β for each feature (Ioffe & Szegedy 2015; PyTorch's BatchNorm1d). In training steps m and v are mean and
 * biased variance of the batch, which then move the running ones: running ← (1 − momentum)·running + momentum·batch, the variance unbiased. Elsewhere they
 * are the running ones. A training step takes at least two rows.
 *
 * Shapes: x and its value `[rows, n]`, gains γ `[n]` from 1, offsets β `[n]` from 0, states `mean` `[n]` from 0 and `variance` `[n]` from 1.
 * @throws ValueError for an option out of its range
 */
export function batchNorm(options: BatchNormOptions = {}): Layer {
  const given = checkOptions('batchNorm', options, ['momentum', 'epsilon', 'affine', 'name', 'trainable']);
  const { momentum = 0.1, epsilon = 1e-5, affine = true, name, trainable } = given;
  checkShare('batchNorm', 'momentum', momentum, 'up to 1');
  checkPositive('batchNorm', 'epsilon', epsilon);
  checkFlag('batchNorm', 'affine', affine);
  const own = ofOneWidth('batchNorm', (n) => ({
    gains: new Parameter(vector(n), { kind: 'constant', value: 1 }),
    offsets: new Parameter(vector(n), { kind: 'constant', value: 0 }),
    mean: new State(vector(n), { kind: 'constant', value: 0 }),
    variance: new State(vector(n), { kind: 'constant', value: 1 }),
  }));
  return layer(
    'batchNorm',
    (x) => {
      const { gains, offsets, mean, variance } = own(features(x.shape));
      const batchMean = meanRows(x);
      const batchVariance = meanRows(square(sub(x, batchMean)));
      const by = (m: Node, v: Node) => div(sub(x, m), sqrt(shift(v, epsilon)));
      const normalized = byMode(by(batchMean, batchVariance), by(mean, variance));
      const running = (state: State, batch: Node) => ({
        state,
        next: (now: Node) => add(affineOf(now, 1 - momentum, 0), affineOf(batch, momentum, 0)),
      });
      return {
        output: affine ? add(mul(normalized, gains), offsets) : normalized,
        parameters: { ...(affine && { gains, offsets }), mean, variance },
        nodes: { ...(affine && { normalized }) },
        updates: [running(mean, batchMean), running(variance, unbiased(batchVariance))],
      };
    },
    { name, trainable },
  );
}
