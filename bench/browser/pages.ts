/** Pages of the benchmarks in Chromium and Firefox, as installed, each in a profile of its own. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mnistFolder } from '../files.js';
import { root } from '../history.js';
import type { Result } from '../measure.js';
import type { Options } from '../options.js';
import { type Browser, browsers, find } from './browsers.js';
import type { Message } from './fetched.js';
import { session } from './session.js';

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

/** What is a page's own: its script, as a path on the server, what else it loads before, and folders besides those above. */
export interface Page {
  readonly script: string;
  readonly head?: string;
  readonly places?: Readonly<Record<string, string>>;
}

/** Opens the page in one browser after the other, until each is done. `add` takes each result, with the browser as its engine. */
export async function inBrowsers(given: Options, { script, head = '', places: own = {} }: Page, add: (result: Result) => void): Promise<void> {
  for (const browser of browsers) await measure(browser);

  async function measure(browser: Browser): Promise<void> {
    const found = find(browser);
    if (!found) {
      console.error(`${browser.name} is left out: none of ${browser.commands.join(', ')} is installed`);
      return;
    }
    if (!given.json) console.log(`\n${found.version}`);
    const { repetitions, only, build } = given;
    const map = JSON.stringify({ imports: { ...entries(), tinybench: '/tinybench/index.js' } });
    await session<true>(browser, found.command, {
      query: { repetitions: String(repetitions), ...(only && { only }), ...(build && { build }) },
      page: `<!doctype html>
<meta charset="utf-8">
<title>neurite's benchmark</title>
<script type="importmap">${map}</script>
${head}
<script type="module" src="${script}"></script>
`,
      fileOf(path) {
        const [, place = '', file = ''] = path.split(/^\/([^/]*)\//);
        const folder = { ...places, ...own }[place];
        return folder && `${folder}/${file}`;
      },
      hear(told) {
        const message = told as Message;
        if ('result' in message) add({ ...message.result, engine: found.version });
        else return message.error ? { error: message.error } : { done: true };
      },
    });
  }
}
