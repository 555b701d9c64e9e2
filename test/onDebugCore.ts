/** Set up before each file of the fast tests: networks and kernels of every build run on the debug build. */
import { supportsRelaxed, useCore } from '../src/core/core.js';
import { debugCore } from './debugCore.js';

useCore(debugCore('simd'));
if (supportsRelaxed()) useCore(debugCore('relaxed'));
