/** Set up before each file of the tests on threads: networks and kernels of every build run on two threads, of the debug build. */
import { supportsRelaxed, useCore } from '../src/core/core.js';
import { builds } from './kernels/machine.js';
import { debugTeam } from './threads/debugTeam.js';

for (const build of supportsRelaxed() ? (['simd', 'relaxed'] as const) : (['simd'] as const)) {
  useCore((await debugTeam(build, 2)).coreFor('test'));
}
// The same binary stands in for both: a test of each build would run it twice.
builds.length = 1;
