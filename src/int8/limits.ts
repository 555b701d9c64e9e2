/** The largest magnitude of a weight. */
const WEIGHT = 127;

/** The largest sum of 32 bits. */
const SUM = 2 ** 31 - 1;

/** The most inputs of a layer: there, inputs have eight bits as weights have. */
export const MOST_INPUTS: number = Math.floor(SUM / (WEIGHT * WEIGHT));

/** The largest magnitude of the k inputs of a layer, so that no sum overflows: sixteen bits, or fewer from 517 inputs on. */
export function inputLimit(k: number): number {
  return Math.min(2 ** 15 - 1, Math.floor(SUM / (WEIGHT * k)));
}
