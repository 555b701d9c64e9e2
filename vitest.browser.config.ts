import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

/** Tests in a page: Debian's Chromium, or the one that CHROMIUM names. */
export default defineConfig({
  resolve: {
    alias: {
      'neurite/threads': fileURLToPath(new URL('./dist/threads.js', import.meta.url)),
      'neurite/worker': fileURLToPath(new URL('./dist/worker.js', import.meta.url)),
      neurite: fileURLToPath(new URL('./dist/index.js', import.meta.url)),
    },
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
