import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
// A new op is in the tables before the first test.
import './scripts/tables.mjs';

export default defineConfig({
  resolve: {
    alias: {
      'neurite/check': fileURLToPath(new URL('./src/check/index.ts', import.meta.url)),
      'neurite/derivatives': fileURLToPath(new URL('./src/derivatives/index.ts', import.meta.url)),
      'neurite/inspect': fileURLToPath(new URL('./src/inspect/index.ts', import.meta.url)),
      'neurite/int8': fileURLToPath(new URL('./src/int8/index.ts', import.meta.url)),
      'neurite/population': fileURLToPath(new URL('./src/population/index.ts', import.meta.url)),
      'neurite/progress': fileURLToPath(new URL('./src/progress/index.ts', import.meta.url)),
      'neurite/threads': fileURLToPath(new URL('./src/threads/index.ts', import.meta.url)),
      'neurite/worker': fileURLToPath(new URL('./src/worker/index.ts', import.meta.url)),
      neurite: fileURLToPath(new URL('./src/index.ts', import.meta.url)),
    },
  },
  test: {
    pool: 'forks',
    // Node 20 knows relaxed SIMD behind a flag only: with it, both binaries are tested there too.
    execArgv: process.version.startsWith('v20.') ? ['--experimental-wasm-relaxed-simd'] : [],
    include: ['test/**/*.test.ts'],
    // These run in a page: npm run test:browser, npm run test:site.
    exclude: ['test/browser/**', 'test/site/**'],
    testTimeout: 120_000,
    // .ci/run counts what passed and failed from the report.
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'build/tests.json' }]] : ['default'],
  },
});
