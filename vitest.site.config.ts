import { defineConfig } from 'vitest/config';

/** Tests of the built site, in Debian's Chromium or the one that CHROMIUM names: `npm run test:site` builds it first. */
export default defineConfig({
  test: {
    include: ['test/site/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
