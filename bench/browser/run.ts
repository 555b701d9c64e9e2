/** npm run bench:browser: the kernels and workloads in Chromium and Firefox, as installed, each in a profile of its own. */
import { fileURLToPath } from 'node:url';
import { mnistFolder } from '../files.js';
import { root } from '../history.js';
import type { Result } from '../measure.js';
import { options } from '../options.js';
import { Report } from '../report.js';
import { type Browser, browsers, find } from './browsers.js';
import { session } from './session.js';

/** What the page posts. */
export type Message = { readonly result: Result } | { readonly done: true; readonly error?: string };

const given = options('bench:browser');
const { repetitions, build, only } = given;
const report = new Report(given, 'bench:browser');

/** Where the first folder of what a page asks for is on disk; nothing else is served. */
const places: Record<string, string> = {
  build: `${root}build/`,
  dist: `${root}dist/`,
  tinybench: fileURLToPath(new URL('.', import.meta.resolve('tinybench'))),
  mnist: mnistFolder,
};
const page = `<!doctype html>
<meta charset="utf-8">
<title>neurite's benchmark</title>
<script type="importmap">{ "imports": { "neurite": "/dist/index.js", "neurite/derivatives": "/dist/derivatives.js", "tinybench": "/tinybench/index.js" } }</script>
<script type="module" src="/build/bench/browser/page.js"></script>
`;

/** @returns where a path is on disk, of the folders above */
function fileOf(path: string): string | undefined {
  const [, place = '', file = ''] = path.split(/^\/([^/]*)\//);
  return places[place] && `${places[place]}/${file}`;
}

/** Opens the page in a browser and prints its results until it is done. */
async function measure(browser: Browser): Promise<void> {
  const found = find(browser);
  if (!found) {
    console.error(`${browser.name} is left out: none of ${browser.commands.join(', ')} is installed`);
    return;
  }
  if (!given.json) console.log(`\n${found.version}`);
  await session<true>(browser, found.command, {
    query: { repetitions: String(repetitions), ...(only && { only }), ...(build && { build }) },
    page,
    fileOf,
    hear(told) {
      const message = told as Message;
      if ('result' in message) report.add({ ...message.result, engine: found.version });
      else return message.error ? { error: message.error } : { done: true };
    },
  });
}

for (const browser of browsers) await measure(browser);
