/** npm run bench:browser: the kernels and workloads in Chromium and Firefox, as installed, each in a profile of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { mnistFolder } from '../files.js';
import { root } from '../history.js';
import type { Result } from '../measure.js';
import { options } from '../options.js';
import { Report } from '../report.js';

/** What the page posts. */
export type Message = { readonly result: Result } | { readonly done: true; readonly error?: string };

interface Browser {
  readonly name: string;
  readonly commands: readonly string[];
  readonly args: (profile: string) => string[];
}

const browsers: readonly Browser[] = [
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    args: (profile) => ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`],
  },
  { name: 'Firefox', commands: ['firefox-esr', 'firefox'], args: (profile) => ['--headless', '--no-remote', '--profile', profile] },
];

const given = options('bench:browser');
const { repetitions, build, only } = given;
const report = new Report(given, 'bench:browser');

/** Where the paths that a page asks for are on disk; nothing else is served. */
const places: readonly (readonly [prefix: string, folder: string])[] = [
  ['/build/bench/', join(root, 'build/bench/')],
  ['/dist/', join(root, 'dist/')],
  ['/tinybench/', fileURLToPath(new URL('.', import.meta.resolve('tinybench')))],
  ['/mnist/', mnistFolder],
];
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
  if (request.method === 'POST') {
    receive(JSON.parse(await text(request)));
    response.writeHead(204).end();
    return;
  }
  if (pathname === '/') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    return;
  }
  const place = places.find(([prefix]) => pathname.startsWith(prefix));
  const path = place && normalize(join(place[1], pathname.slice(place[0].length)));
  if (!place || !path?.startsWith(place[1]) || !statSync(path, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' });
  createReadStream(path).pipe(response);
}

/** "Chromium 156.0.7941.0", or undefined where no such browser is installed. */
function find({ name, commands }: Browser): { command: string; version: string } | undefined {
  for (const command of commands) {
    try {
      const version = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return { command, version: `${name} ${/[\d.]+/.exec(version)?.[0]}` };
    } catch {
      // not this one
    }
  }
  return undefined;
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
  let end: (error?: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const receive = (message: Message) => {
    if ('done' in message) end(message.error ? new Error(`${found.version}: ${message.error}`) : undefined);
    else report.add({ ...message.result, engine: found.version });
  };
  const server = createServer((request, response) => {
    serve(request, response, receive).catch(end);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  if (!given.json) console.log(`\n${found.version}`);
  const { port } = server.address() as AddressInfo;
  const child = spawn(found.command, [...browser.args(profile), `http://localhost:${port}/?${query}`], { stdio: 'ignore' });
  child.on('error', end);
  child.on('exit', () => end(new Error(`${found.version} ended before it was done`)));
  try {
    await ended;
  } finally {
    child.removeAllListeners('exit');
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await exited;
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

for (const browser of browsers) await measure(browser);
