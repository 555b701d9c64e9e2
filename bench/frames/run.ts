/**
 * npm run bench:frames: a page that animates beside T2's training in a worker, in Chromium and Firefox: the 95th percentile of its frames, and the
 * training's samples a second as a share of the same alone. `-- 20` is the seconds of each. It exits 1 above 20 ms or below 95 %.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Browser, browsers, find } from '../browser/browsers.js';
import { root } from '../history.js';
import type { Frames } from './page.js';

const seconds = Number(process.argv[2] ?? 20);

/** A frame of 60 a second and its jitter; what a training may lose. */
const [MOST_MS, LEAST_SHARE] = [20, 0.95];

const types: Record<string, string> = { '.js': 'text/javascript' };
const page = `<!doctype html>
<meta charset="utf-8">
<title>frames</title>
<script type="importmap">{ "imports": { "neurite": "/dist/index.js", "neurite/worker": "/dist/worker.js" } }</script>
<script type="module" src="/build/bench/frames/page.js"></script>
`;

/** What a page in a browser measures. */
async function measure({ args }: Browser, command: string): Promise<Frames> {
  const profile = mkdtempSync(join(tmpdir(), 'neurite-frames-'));
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = spawn(command, [...args(profile), `http://localhost:${port}/?seconds=${seconds}`], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', resolve).once('error', resolve));
  try {
    return await new Promise<Frames>((resolve, reject) => {
      exited.then(() => reject(new Error(`${command} ended before it was done`)));
      server.on('request', async (request, response) => {
        const { pathname } = new URL(request.url ?? '/', 'http://localhost');
        response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
        response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
        const path = join(root, pathname);
        if (request.method === 'POST') {
          const said = JSON.parse(await text(request)) as { frames?: Frames; error?: string };
          response.writeHead(204).end();
          if (said.frames) resolve(said.frames);
          else reject(new Error(said.error));
        } else if (pathname === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
        else if (/^\/(dist|build\/bench)\/[\w./]+$/.test(pathname) && !pathname.includes('..') && statSync(path, { throwIfNoEntry: false })?.isFile())
          response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
        else response.writeHead(404).end();
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

const rows: object[] = [];
for (const browser of browsers) {
  const found = find(browser);
  if (!found) {
    console.error(`${browser.name} is left out: none of ${browser.commands.join(', ')} is installed`);
    continue;
  }
  const load = (loadavg()[0] as number).toFixed(1);
  const { p95, longest, frames, alone, beside, share, updates } = await measure(browser, found.command);
  const rate = (value: number) => Math.round(value).toLocaleString('en');
  const ok = p95 <= MOST_MS && share >= LEAST_SHARE;
  rows.push({
    browser: found.version,
    frames,
    'p95 ms': p95.toFixed(1),
    'longest ms': longest.toFixed(1),
    'samples/s beside': rate(beside),
    'samples/s alone': rate(alone),
    share: `${(100 * share).toFixed(1)} %`,
    'weights/s': updates.toFixed(0),
    'load before': load,
    holds: ok,
  });
  if (!ok) process.exitCode = 1;
}
console.table(rows);
console.log(`expected: 95 % of the frames within ${MOST_MS} ms, and a share of at least ${100 * LEAST_SHARE} %`);
