/** What of examples/ and bench/ is a page: a folder with an index.html. Each script that a thread begins with is bundled, as neither workers nor worklets know import maps. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'rolldown';

/** What a page, its workers and an audio thread begin with. */
const ENTRIES = ['page', 'trainer', 'processor'];

/** The folders of a room that are pages, by their names. */
export function pagesIn(room) {
  return !existsSync(room) ? [] : readdirSync(room).filter((name) => existsSync(`${room}/${name}/index.html`));
}

/** Bundles a page of a room with the built package into build/. */
export async function buildPage(room, name, transform) {
  const [from, dir] = [`${room}/${name}`, `build/${room}/${name}`];
  // Vite builds it: scripts/playground.mjs.
  if (existsSync(`${from}/vite.config.ts`)) return;
  mkdirSync(dir, { recursive: true });
  for (const file of readdirSync(from)) if (/\.(html|css)$/.test(file)) copyFileSync(`${from}/${file}`, `${dir}/${file}`);
  // What pages look like is the same for all.
  for (const file of readdirSync(room).filter((name) => name.endsWith('.css'))) copyFileSync(`${room}/${file}`, `${dir}/${file}`);
  for (const entry of ENTRIES.filter((entry) => existsSync(`${from}/${entry}.ts`))) {
    await build({
      input: `${from}/${entry}.ts`,
      platform: 'browser',
      // Its paths lead to the source.
      tsconfig: false,
      resolve: { alias: { 'neurite/worker': resolve('dist/worker.js'), neurite: resolve('dist/index.js') } },
      transform,
      output: { file: `${dir}/${entry}.js`, format: 'esm' },
    });
  }
}
