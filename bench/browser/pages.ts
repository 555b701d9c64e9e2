/** Pages that are modules of build/bench, in the browsers that are installed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mnistFolder } from '../files.js';
import { root } from '../history.js';
import type { Result } from '../measure.js';
import type { Options } from '../options.js';
import { installed } from './browsers.js';
import { type Page, session } from './session.js';

/** Where the first folder of what a page asks for is on disk; nothing else is served. */
const places: Readonly<Record<string, string>> = {
  build: `${root}build/`,
  dist: `${root}dist/`,
  tinybench: fileURLToPath(new URL('.', import.meta.resolve('tinybench'))),
  mnist: mnistFolder,
};

/** The entries of the package, each with its module. */
function entries(): Record<string, string> {
  type Conditions = { readonly module?: { readonly default: string } };
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, Conditions> };
  return Object.fromEntries(
    Object.entries(exports).flatMap(([entry, { module }]) => (module ? [[entry.replace('.', 'neurite'), module.default.slice(1)]] : [])),
  );
}

/** A page that runs a module of build/bench. `head` is what else it loads before, from `own` folders besides those above. */
export function pageOf(module: string, head = '', own: Readonly<Record<string, string>> = {}): Page {
  const map = JSON.stringify({ imports: { ...entries(), tinybench: '/tinybench/index.js' } });
  return {
    page: `<!doctype html>
<meta charset="utf-8">
<title>neurite's benchmark</title>
<script type="importmap">${map}</script>
${head}
<script type="module" src="/build/bench/${module}"></script>
`,
    fileOf(path) {
      const [, place = '', file = ''] = path.split(/^\/([^/]*)\//);
      const folder = { ...places, ...own }[place];
      return folder && `${folder}/${file}`;
    },
  };
}

/** Opens the page in one browser after the other, until each is done. `add` takes each result, with the browser as its engine. */
export async function inBrowsers({ json, repetitions, only, build }: Options, page: Page, add: (result: Result) => void): Promise<void> {
  for (const browser of installed()) {
    if (!json) console.log(`\n${browser.version}`);
    await session(browser, {
      ...page,
      query: { repetitions: String(repetitions), ...(only && { only }), ...(build && { build }) },
      hear: (told) => add({ ...(told as { result: Result }).result, engine: browser.version }),
    });
  }
}
