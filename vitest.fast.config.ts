import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.js';

/**
 * The tests that answer while one works: every `*.test.ts` that is not `*.slow.test.ts`, on the debug build, whose kernels assert what they
 * demand of their operands. A test is slow by its name where it does nothing but sweep, starts processes or threads, or needs a browser, PyTorch or the
 * built package. Where a fast test draws or sweeps too, it does less of it here (test/sweep.ts).
 */
export default mergeConfig(
  all,
  defineConfig({
    test: {
      exclude: ['test/**/*.slow.test.ts', 'test/browser/**', 'test/site/**'],
      env: { NEURITE_TESTS: 'fast' },
      setupFiles: ['test/onDebugCore.ts'],
      // One process for many files: each gets debug cores of its own all the same.
      isolate: false,
      // All cores: by default one is left, half of the machine where there are two.
      maxWorkers: '100%',
      // What a run transformed is read by the next one.
      experimental: { fsModuleCache: true },
      testTimeout: 60_000,
      forceRerunTriggers: [...configDefaults.forceRerunTriggers, '**/build/core.debug.wasm', '**/build/population.debug.wasm'],
    },
  }),
);
