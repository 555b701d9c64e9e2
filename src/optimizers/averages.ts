/** The running averages that composed optimizers keep. */
import type { Node } from '../graph/node.js';
import { add } from '../ops/add.js';
import { scale } from '../ops/affine.js';
import { clip } from '../ops/clip.js';
import { sub } from '../ops/sub.js';

/** The smallest normal float. */
export const SMALLEST_NORMAL = 2 ** -126;

/**
 * x, with what is below 2⁻¹²⁶ in magnitude flushed to 0; 2⁻¹²⁶ less in magnitude otherwise, which rounding takes back from 2⁻¹⁰¹ on. A value
 * that only decays would stay at the smallest denormal, and arithmetic on denormals is several times slower.
 */
export function flushed(x: Node): Node {
  return sub(x, clip(x, -SMALLEST_NORMAL, SMALLEST_NORMAL));
}

/** average + (1 − beta)·(x − average), flushed. */
export function toward(average: Node, x: Node, beta: number): Node {
  return flushed(add(average, scale(sub(x, average), 1 - beta)));
}
