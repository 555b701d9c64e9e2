import { dense, type Layer } from 'neurite';

/** One sample in, one out, through two layers of 16: what the worker trains, and page and audio thread play. */
export const inFeatures = 1;

export function layers(): Layer[] {
  return [dense(16, 'tanh'), dense(16, 'tanh'), dense(1)];
}
