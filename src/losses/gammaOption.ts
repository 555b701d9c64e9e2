import type { LossOption } from './loss.js';

/** γ of the focal losses. */
export const gammaOption: LossOption<number> = {
  usual: 2,
  accepts: (value) => value === 0 || (typeof value === 'number' && value >= 1 && Number.isFinite(Math.fround(value))),
  expected: '0 or a number ≥ 1 that float32 holds',
};
