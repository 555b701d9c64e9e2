/** npm run bench:browser: the kernels and workloads in Chromium and Firefox, as installed, each in a profile of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { mnistFolder } from '../files.js';
import { root } from '../history.js';
import type { Result } from '../measure.js';
import { options } from '../options.js';
import { Report } from '../report.js';
import { type Browser, browsers, find } from './browsers.js';

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
const types: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
const page = `<!doctype html>
<meta charset="utf-8">
<title>neurite's benchmark</title>
<script type="importmap">{ "imports": { "neurite": "/dist/index.js", "neurite/derivatives": "/dist/derivatives.js", "tinybench": "/tinybench/index.js" } }</script>
<script type="module" src="/build/bench/browser/page.js"></script>
`;

/** Serves the built benchmark with the headers under which a page's clock is fine; what is posted goes to `receive`. */
async function serve(request: IncomingMessage, response: ServerResponse, receive: (message: Message) => void): Promise<void> {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const [, place = '', file = ''] = pathname.split(/^\/([^/]*)\//);
  const path = join(places[place] ?? '', file);
  if (request.method === 'POST') {
    receive(JSON.parse(await text(request)));
    response.writeHead(204).end();
  } else if (pathname === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
  else if (places[place] && path.startsWith(places[place]) && statSync(path, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  } else response.writeHead(404).end();
}

/** Opens the page in a browser and prints its results until it is done. */
async function measure(browser: Browser): Promise<void> {
  const found = find(browser);
  if (!found) {
    console.error(`${browser.name} is left out: none of ${browser.commands.join(', ')} is installed`);
    return;
  }
  const profile = mkdtempSync(join(tmpdir(), 'neurite-bench-'));
  const query = new URLSearchParams({ repetitions: String(repetitions), ...(only && { only }), ...(build && { build }) });
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  if (!given.json) console.log(`\n${found.version}`);
  const { port } = server.address() as AddressInfo;
  const child = spawn(found.command, [...browser.args(profile), `http://localhost:${port}/?${query}`], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', resolve).once('error', resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      exited.then(() => reject(new Error(`${found.version} ended before it was done`)));
      server.on('request', (request, response) => {
        serve(request, response, (message) => {
          if ('result' in message) report.add({ ...message.result, engine: found.version });
          else if (message.error) reject(new Error(`${found.version}: ${message.error}`));
          else resolve();
        }).catch(reject);
      });
    });
  } finally {
    child.kill();
    await exited;
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

for (const browser of browsers) await measure(browser);
