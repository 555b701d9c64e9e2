/** Next: built for production, started, and asked: a page of the server, one of the browser, a training in a worker, a route at the edge. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '../browser.mjs';
import { here, pinned, project, run, whileServing } from '../project.mjs';

const source = join(here, 'next');

/** Built once a run, whatever the number of rows. */
let built;

async function build({ tarball, shared }) {
  const folder = await project(source, { tarball, folder: join(shared, 'next'), shared });
  for (const file of ['program.mjs', 'programInWorker.mjs']) cpSync(join(here, file), join(folder, file));
  await run('npx', ['--no-install', 'next', 'build'], { cwd: folder, timeout: 400_000, env: { NEXT_TELEMETRY_DISABLED: '1' } });
  return folder;
}

/** Runs a call with the address of the started server. */
async function asked(context, call) {
  built ??= build(context);
  const env = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
  await whileServing('node_modules/next/dist/bin/next', ['start', '--port', '0'], { cwd: await built, env, ready: /Ready/ }, call);
}

async function answers(url) {
  const response = await fetch(url);
  const text = await response.text();
  // React puts a comment between the words.
  if (!response.ok || !/trained to (<!-- -->)?0\.0\d+/.test(text)) throw new Error(`${response.status}: ${text.slice(0, 2000)}`);
}

export function rows(context) {
  const row = (way, call) => ({ host: 'Next', way, seconds: 500, version: async () => pinned(source, 'next'), run: () => asked(context, call) });
  return [
    row('page of the server', (url) => answers(`${url}/`)),
    row('route at the edge', (url) => answers(`${url}/edge`)),
    row('page of the browser', (url) => chromium.show(`${url}/client`)),
    row('page of the browser, neurite/worker', (url) => chromium.show(`${url}/worker`)),
  ];
}
