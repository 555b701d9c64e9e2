import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

/** Tests in a page: Debian's Chromium, or the one that CHROMIUM names. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^neurite$/, replacement: fileURLToPath(new URL('./dist/index.js', import.meta.url)) },
      { find: /^neurite\/([a-z0-9]+)$/, replacement: fileURLToPath(new URL('./dist/$1.js', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/trained.ts'],
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
          args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
