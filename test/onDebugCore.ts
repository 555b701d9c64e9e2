/** Set up before each file of the fast tests: networks and kernels of every build run on the debug build. */
import { supportsRelaxed, useCore } from '../src/core/core.js';
import { useLaneCore } from '../src/population/core.js';
import { debugCore } from './debugCore.js';

for (const build of supportsRelaxed() ? (['simd', 'relaxed'] as const) : (['simd'] as const)) {
  useCore(debugCore(build));
  useLaneCore(debugCore(build, 'population'));
}
