import type { Node } from '../graph/node.js';
import { clip } from '../ops/clip.js';
import { pow } from '../ops/pow.js';
import { isFactor, type LossOption } from './loss.js';

/** γ of the focal losses. */
export const gammaOption: LossOption<number> = {
  usual: 2,
  accepts: (value) => value === 0 || isFactor(value),
  expected: 'a number ≥ 0 that float32 holds',
};

/** Below it 1 − p counts as this. Its powers, down to −2, are finite; the loss there is less than this. */
const LEAST = 2 ** -60;

/** (1 − p)^γ, whose first two derivatives are finite for γ < 2 too. */
export function modulation(missing: Node, gamma: number): Node {
  return pow(clip(missing, LEAST, 1), gamma);
}
