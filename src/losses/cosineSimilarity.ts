import type { Node } from '../graph/node.js';
import { affine } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { div } from '../ops/div.js';
import { sumFeatures } from '../ops/expandFeatures.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { square } from '../ops/square.js';
import { defineLoss, type ReductionOptions, reductionOption, type ValueLoss } from './loss.js';

/** Norms are at least this (PyTorch's `eps`). */
const LEAST_NORM = 1e-8;

/** The largest float32. */
const MOST = 3.4028234663852886e38;

function norm(x: Node): Node {
  return sqrt(clip(sumFeatures(square(x)), LEAST_NORM * LEAST_NORM, MOST));
}

/**
 * 1 − u·t / (‖u‖‖t‖) of each row: 0 where output and target point the same way, 2 where they are opposite (PyTorch's cosine_similarity). The mean
 * divides by the rows. Targets: as wide as the output.
 */
export const cosineSimilarity: (options?: ReductionOptions) => ValueLoss = /* @__PURE__ */ defineLoss<ReductionOptions>({
  name: 'cosineSimilarity',
  options: { reduction: reductionOption },
  targets: 'values',
  meanOver: 'rows',
  rows: (u, t) => affine(div(sumFeatures(mul(u, t)), mul(norm(u), norm(t))), -1, 1),
});
