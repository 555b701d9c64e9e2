import type { Targets } from '../arguments/values.js';
import { add } from '../ops/add.js';
import { neg } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { crossEntropy as crossEntropyRows } from '../ops/crossEntropy.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { log } from '../ops/log.js';
import { mul } from '../ops/mul.js';
import { softmaxOp } from '../ops/softmax.js';
import { checkClasses } from './classes.js';
import type { CrossEntropyOptions } from './crossEntropy.js';
import { type ClassLoss, defineLoss, fromLogitsOption, reductionOption } from './loss.js';
import { shareOf } from './shareOf.js';

/** The least positive number of full precision: t log t is 0 for t = 0. */
const LEAST = 2 ** -126;

/** Options of `klDivergence`. */
export type KlDivergenceOptions = Pick<CrossEntropyOptions, 'reduction' | 'fromLogits'>;

/**
 * Kullback–Leibler divergence of the output from the target, Σ_k t_k (log t_k − log softmax(z)_k), for an output with softmax: the cross-entropy less the
 * entropy of the target, so 0 where both agree. Targets: rows of K probabilities, or class ids. The mean divides by the rows (PyTorch's `batchmean`).
 */
export const klDivergence: (options?: KlDivergenceOptions) => ClassLoss = /* @__PURE__ */ defineLoss<KlDivergenceOptions, Targets>({
  name: 'klDivergence',
  options: { reduction: reductionOption, fromLogits: fromLogitsOption },
  targets: 'classes',
  meanOver: 'rows',
  head: softmaxOp,
  decides: 'largest',
  rows(z, t) {
    const crossEntropy = crossEntropyRows(z, t);
    // The entropy of a single class is 0.
    return t.attributes.classes ? crossEntropy : add(crossEntropy, sumFeatures(mul(t, log(clip(t, LEAST, 1)))));
  },
  // −t/u.
  outputGradient: (u, t) => neg(shareOf(t, u)),
  check: (output) => checkClasses('klDivergence', output),
});
