/** What guides say of sizes is what is built. Needs dist/, which `npm test` builds first. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each([
  ['docs/worker.md', /It comes to about (\S+) kB, gzipped/, 'dist/worker/host.js', 2],
  ['docs/population.md', /a second binary of about (\S+) kB gzipped/, 'build/population.wasm', 0.5],
  ['docs/performance.md', /a binary of its own, (\S+) kB after gzip/, 'build/int8.wasm', 0.05],
] as const)('%s says how large a part is', (guide, says, part, close) => {
  const [, said] = says.exec(readFileSync(join(root, guide), 'utf8')) ?? [];
  const kilobytes = gzipSync(readFileSync(join(root, part)), { level: 9 }).length / 1000;
  expect(Math.abs(Number(said) - kilobytes), `${kilobytes} kB`).toBeLessThanOrEqual(close);
});
