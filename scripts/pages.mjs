/** The examples that are pages: a folder of examples/ with an index.html. Each script that a thread begins with is bundled, as neither workers nor worklets know import maps. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'rolldown';

/** What a page, a worker and an audio thread begin with. */
const ENTRIES = ['page', 'trainer', 'processor'];

/** The folders of a room that are pages, by their names. */
export function pagesIn(room) {
  return !existsSync(room) ? [] : readdirSync(room).filter((name) => existsSync(`${room}/${name}/index.html`));
}

/** Bundles a page of a room with the built package into build/. */
export async function buildPage(room, name, transform) {
  const [from, dir] = [`${room}/${name}`, `build/${room}/${name}`];
  mkdirSync(dir, { recursive: true });
  for (const file of readdirSync(from)) if (/\.(html|css)$/.test(file)) copyFileSync(`${from}/${file}`, `${dir}/${file}`);
  // What pages look like is the same for all.
  copyFileSync(`${room}/page.css`, `${dir}/page.css`);
  for (const entry of ENTRIES.filter((entry) => existsSync(`${from}/${entry}.ts`))) {
    await build({
      input: `${from}/${entry}.ts`,
      platform: 'browser',
      resolve: { alias: { neurite: resolve('dist/index.js') } },
      transform,
      output: { file: `${dir}/${entry}.js`, format: 'esm' },
    });
  }
}
