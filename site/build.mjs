/**
 * Builds the site into build/site: `npm run docs`. Every link in it is relative, so it works under any path of any static host. With `--serve` it is
 * served to this machine then, at the port that follows or at any that is free; `--playground` does the same and names the playground's page.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '../scripts/serve.mjs';
import { bundle } from './bundle.mjs';
import { figurePages } from './figures.mjs';
import { frontPage } from './front.mjs';
import { guidePages } from './guides.mjs';
import { lessonPages } from './lessons.mjs';
import { playground } from './playground.mjs';
import { reference } from './reference.mjs';
import { searchIndex } from './search.mjs';
import { styles } from './styles.mjs';
import { layout } from './template.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
export const folder = 'build/site';

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const [contents, ...lessons] = await lessonPages();
const pages = [...frontPage(lessons.length), ...guidePages(), contents, ...lessons, ...figurePages()];
for (const page of pages) {
  const file = join(folder, page.path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, layout(page));
}
writeFileSync(join(folder, 'search.json'), JSON.stringify(searchIndex(pages)));
cpSync('site/icon.svg', join(folder, 'icon.svg'));
cpSync('LICENSE', join(folder, 'license.txt'));
styles(folder);
await bundle(folder);
await playground(folder);
await reference(folder);
console.log(`site: ${pages.length} pages, the playground and the reference in ${folder}`);

const [flag, port] = process.argv.slice(2);
if (flag === '--serve' || flag === '--playground') {
  const { url } = await serve(folder, Number(port ?? 0));
  console.log(`site: open ${url}${flag === '--playground' ? 'playground/' : ''} in a browser; Ctrl+C ends it`);
}
