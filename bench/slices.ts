/**
 * npm run bench:slices: how long a training in slices of 8 ms blocks the event loop, and what the slices cost, in Node and in Chromium. T2's network and
 * batches, on numbers that are drawn. `-- 60` is the seconds of each part.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { chromium } from 'playwright';
import { root } from './history.js';
import { type Slices, sliced } from './sliced.js';

const seconds = Number(process.argv[2] ?? 20);

function line(where: string, { longestBlock, late, share, samplesPerSecond }: Slices): string {
  return `${where.padEnd(10)} longest block ${longestBlock.toFixed(1)} ms, by others' clocks ${late.toFixed(1)} ms; ${Math.round(samplesPerSecond).toLocaleString('en')} samples/s, ${(100 * share).toFixed(1)} % of a training in slices of a second`;
}

console.log(line(`Node ${process.versions.node.split('.')[0]}`, await sliced(seconds)));

const page = `<!doctype html><meta charset="utf-8"><script type="importmap">{ "imports": { "neurite": "/dist/index.js" } }</script>`;
const types: Record<string, string> = { '.js': 'text/javascript', '.map': 'application/json' };
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  if (!/^\/(dist|build\/bench)\/[\w./]+$/.test(path) || path.includes('..')) return response.setHeader('content-type', 'text/html').end(page);
  return response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(readFileSync(join(root, path)));
}).listen(0);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const tab = await browser.newPage();
  await tab.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  const run = "import('/build/bench/sliced.js').then(({ sliced }) => sliced(SECONDS))".replace('SECONDS', String(seconds));
  console.log(line('Chromium', (await tab.evaluate(run)) as Slices));
} finally {
  await browser.close();
  server.close();
}
