import { defineConfig } from 'vitest/config';
import all from './vitest.config.js';

/** The tests of kernels and of what runs programs, on cores of two threads which share out every instruction that they can. */
export default defineConfig({
  ...all,
  test: {
    ...all.test,
    include: ['test/{kernels,compile,engines,network,training,layers,losses,derivatives,own,int8}/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
    setupFiles: ['test/onThreads.ts'],
    isolate: false,
    testTimeout: 60_000,
  },
});
