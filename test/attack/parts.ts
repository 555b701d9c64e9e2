/** The parts by name, each bounded by seconds. */
import { attackFiles, LONG } from './files.js';
import { attackLimits } from './limits.js';
import { attackReentrancy } from './reentrancy.js';
import { attackValues } from './values.js';
import type { Report } from './victims.js';

export const parts: Record<string, (seed: number, seconds: number) => Promise<Report>> = {
  values: (seed, seconds) => attackValues(seed, 1e7, performance.now() + seconds * 1000),
  reentrancy: () => attackReentrancy(),
  limits: () => attackLimits(),
  files: (seed, seconds) => attackFiles(seed, LONG, performance.now() + seconds * 1000),
};
