import { describe } from '../arguments/describe.js';
import { ValueError } from '../errors.js';
import type { Node, Range } from '../graph/node.js';
import { features } from '../graph/shape.js';
import { softmaxOp } from '../ops/softmax.js';
import { definitionOf, type Loss } from './loss.js';
import { logitsOf } from './networkLoss.js';

/**
 * How a row of an output is decided, and its target alike:
 * `largest`: one class of several, where the largest number is; `each`: every number by itself, 1 where it reaches `cut`, else 0.
 */
export interface Decision {
  readonly kind: 'largest' | 'each';
  /** What is compared: the logits, or the output itself. */
  readonly node: Node;
  /** For `each`: the least that counts as 1, of `node` and of the target. */
  readonly cut: number;
  readonly targetCut: number;
}

/** The range of an output, as far as its op says: [0, 1] for sigmoid, [−∞, ∞] where nothing is known. */
export function rangeOf(output: Node): Range {
  return output.op.range?.(output, rangeOf) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

/**
 * How an output is decided under a loss: the one definition that `classify`, accuracy and every metric share. Undefined for a regression.
 *
 * - crossEntropy, or a softmax: the largest logit (notes 6).
 * - binaryCrossEntropy: each logit by itself at 0, a probability of ½ (notes 4).
 * - An output with a finite range (sigmoid, hardSigmoid, heaviside, tanh, softsign): each number by itself at the half of its range.
 * - Without a loss, an output without bounds is taken for logits: the largest of several, a single one at 0.
 * - Everything else, such as identity or relu with a squared error, is a regression.
 *
 * What is compared is what the loss is of: the logits where it has a head, as cross-entropies do, else the output, where u ≥ ½ is z ≥ 0.
 * A loss without a rule of its own, such as a function, leaves the decision to the output's range.
 */
export function decisionOf(output: Node, loss: Loss | undefined): Decision | undefined {
  const { head, decides } = loss ? definitionOf(loss) : {};
  const node = loss && !head ? output : logitsOf(output);
  const width = features(output.shape);
  if (decides === 'largest' || output.op === softmaxOp) return { kind: 'largest', node, cut: 0, targetCut: 0 };
  if (decides === 'each') return { kind: 'each', node, cut: 0, targetCut: 0.5 };
  const [low, high] = rangeOf(output);
  const half = (low + high) / 2;
  // Logits below the output, of sigmoid and of the hard threshold, are 0 where it is at its half.
  if (Number.isFinite(low) && Number.isFinite(high)) return { kind: 'each', node, cut: node === output ? half : 0, targetCut: half };
  if (loss || (width === 1 && (Number.isFinite(low) || Number.isFinite(high)))) return undefined;
  return width === 1 ? { kind: 'each', node, cut: 0, targetCut: 0.5 } : { kind: 'largest', node, cut: 0, targetCut: 0 };
}

/**
 * The same with a threshold that somebody sets on the output, as `predict` gives it. A regression is decided by it too, and so are its targets.
 * @throws ValueError for a threshold where one class of several is chosen; without one, where there are no decisions
 */
export function requireDecision(call: string, output: Node, loss: Loss | undefined, threshold: number | undefined): Decision {
  const usual = decisionOf(output, loss);
  if (threshold === undefined) {
    if (usual) return usual;
    throw new ValueError(
      `${call}: the output ${output} is a regression${loss ? ` under ${loss.name}` : ''} and has no decisions; pass a threshold, as in { threshold: 0.5 }, ` +
        'or use predict() for its values',
    );
  }
  if (typeof threshold !== 'number' || !Number.isFinite(threshold))
    throw new ValueError(`${call}: threshold is ${describe(threshold)}, expected a finite number`);
  if (usual?.kind === 'largest')
    throw new ValueError(`${call}: threshold came for an output of classes that exclude each other, whose largest decides; expected none`);
  return { kind: 'each', node: output, cut: threshold, targetCut: usual?.targetCut ?? threshold };
}

/** What `decide` says of a row that has a NaN. */
export const UNDECIDED = -1;

/** How many decisions a row has: one, or one for each number where these do not exclude each other. */
export function decisionsPerRow({ kind, node }: Decision): number {
  return kind === 'largest' ? 1 : features(node.shape);
}

/**
 * The decisions on a row, from `to` on: the class of the largest number, the lowest on ties; or 1 or 0 for each number.
 * A NaN among the numbers leaves the whole row undecided, −1.
 */
export function decide(kind: Decision['kind'], cut: number, z: ArrayLike<number>, at: number, width: number, out: Int32Array, to: number): void {
  let best = 0;
  let undecided = false;
  for (let j = 0; j < width; j++) {
    const value = z[at + j] as number;
    if (Number.isNaN(value)) undecided = true;
    if (kind === 'each') out[to + j] = value >= cut ? 1 : 0;
    else if (value > (z[at + best] as number)) best = j;
  }
  if (kind === 'largest') out[to] = undecided ? UNDECIDED : best;
  else if (undecided) out.fill(UNDECIDED, to, to + width);
}
