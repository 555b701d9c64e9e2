/** The rule that makes tests fast: what starts processes or reads the built package is slow by its name, `*.slow.test.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('.', import.meta.url));
const fast = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.test.ts') && !file.endsWith('.slow.test.ts') && !/^(browser|site)\b/.test(file) && file !== 'slow.test.ts',
);

/** Whether a test imports what starts processes or bundles, or names a folder that a build makes. */
const isSlow = (text: string) =>
  /from '(node:child_process|node:worker_threads|rolldown|playwright)'|['"`/](dist|build\/(examples|bench))\//.test(text);

test.each(fast)('%s neither starts processes nor reads what is built', (file) => {
  expect(isSlow(readFileSync(join(folder, file), 'utf8'))).toBe(false);
});

test('there are fast tests, and slow ones would be found', () => {
  expect(fast.length).toBeGreaterThan(40);
  expect(isSlow("import { spawnSync } from 'node:child_process';")).toBe(true);
  expect(isSlow("readFileSync('dist/index.js')")).toBe(true);
});
