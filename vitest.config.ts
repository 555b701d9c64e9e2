import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
// A new op is in the tables before the first test.
import './scripts/tables.mjs';

export default defineConfig({
  resolve: {
    // Each entry is src/<entry>/index.ts.
    alias: [
      { find: /^neurite$/, replacement: fileURLToPath(new URL('./src/index.ts', import.meta.url)) },
      { find: /^neurite\/([a-z0-9]+)$/, replacement: fileURLToPath(new URL('./src/$1/index.ts', import.meta.url)) },
    ],
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
