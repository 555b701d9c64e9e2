/** The parts by name, each bounded by seconds. */
import { attackFiles, LONG } from './files.js';
import { attackLimits } from './limits.js';
import { attackMemory } from './memory.js';
import { attackOtherFiles } from './otherFiles.js';
import { attackReentrancy } from './reentrancy.js';
import { attackTeams } from './teams.js';
import { attackValues } from './values.js';
import { type Report, report, useDebugCore } from './victims.js';

type Part = (seed: number, seconds: number) => Promise<Report>;

/** A part on the core that has guards behind every block. */
const debug =
  (part: Part): Part =>
  (seed, seconds) => {
    useDebugCore();
    return part(seed, seconds);
  };

const values: Part = (seed, seconds) => attackValues(seed, 1e7, performance.now() + seconds * 1000);

export const parts: Record<string, Part> = {
  limits: () => attackLimits(),
  'limits-debug': debug(() => attackLimits()),
  reentrancy: () => attackReentrancy(),
  'reentrancy-debug': debug(() => attackReentrancy()),
  memory: () => attackMemory(1),
  files: (seed, seconds) => attackFiles(seed, LONG, performance.now() + seconds * 1000),
  'other-files': (seed, seconds) => attackOtherFiles(seed, 1, 60_000, performance.now() + seconds * 1000),
  teams: (seed, seconds) => attackTeams(seed, 1e6, performance.now() + (seconds * 1000) / 2),
  values,
  'values-debug': debug((seed, seconds) => values(seed + 1, seconds / 4)),
  // What the runner must notice: detectors.test.ts looks whether it does.
  hang: async () => {
    for (;;);
  },
  exit: async () => process.exit(3),
  nothing: async () => report('nothing'),
};
