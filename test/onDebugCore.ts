/** Set up before each file of the fast tests: networks and kernels of every build run on the debug build. */
import { supportsRelaxed, useCore } from '../src/core/core.js';
import { useLaneCore } from '../src/population/core.js';
import { debugCore } from './debugCore.js';
import { builds } from './kernels/machine.js';

for (const build of supportsRelaxed() ? (['simd', 'relaxed'] as const) : (['simd'] as const)) {
  useCore(debugCore(build));
  useLaneCore(debugCore(build, 'population'));
}
// The same binary stands in for both: a test of each build would run it twice.
builds.length = 1;
