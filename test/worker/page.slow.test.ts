/** The built package in pages of Chromium that say what they allow, without a bundler and bundled into one classic script. Needs dist/. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Trains here and in a worker, and says what came of it in the page's title. */
const body = (worker: string) => `
  const make = () => sequential(2, [dense(8, 'tanh'), dense(2, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 1, reproducible: true });
  const data = { x: [0, 0, 0, 1, 1, 0, 1, 1], y: [0, 1, 1, 0] };
  (async () => {
    const here = make();
    await here.fit(data, { epochs: 20 });
    const net = await inWorker(make(), { worker: ${worker} });
    await net.fit(data, { epochs: 20 });
    const there = await net.snapshot();
    return there.every((value, i) => value === here.parameters[i]) ? 'the same bits' : 'other bits';
  })().catch((error) => error.name + ' ' + error.code + ': ' + error.message).then((said) => { document.title = said; });
`;
const program = (worker = 'undefined', from = ['/dist/index.js', '/dist/worker.js']) => `
  import { adam, crossEntropy, dense, sequential } from '${from[0]}';
  import { inWorker } from '${from[1]}';
  ${body(worker)}`;

let browser: Browser;
let server: Server;
let origin: string;
/** What is served besides dist/, by its path. */
const served = new Map<string, { type: string; text: string; policy?: string }>();

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  server = createServer((request, response) => {
    const path = request.url as string;
    const found =
      served.get(path) ?? (/^\/dist\/[\w./]+\.js$/.test(path) ? { type: 'text/javascript', text: readFileSync(root + path, 'utf8') } : undefined);
    if (!found) return response.writeHead(404).end();
    const policy = 'policy' in found ? found.policy : undefined;
    response.writeHead(200, { 'content-type': found.type, ...(policy && { 'content-security-policy': policy }) }).end(found.text);
  }).listen(0, 'localhost');
  await once(server, 'listening');
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await browser.close();
  server.close();
  server.closeAllConnections();
});

/** What a page with a script says. */
async function said(name: string, script: string, policy?: string, kind = 'module', head = ''): Promise<string> {
  served.set(`/${name}.js`, { type: 'text/javascript', text: script });
  const text = `<!doctype html><meta charset="utf-8"><title>waiting</title>${head}<script ${kind === 'module' ? 'type="module"' : ''} src="/${name}.js"></script>`;
  served.set(`/${name}.html`, { type: 'text/html', text, ...(policy && { policy }) });
  const page = await browser.newPage();
  try {
    await page.goto(`${origin}/${name}.html`);
    // waitForFunction makes code of a text, which a policy forbids.
    await vi.waitUntil(async () => (await page.title()) !== 'waiting', { timeout: 30_000 });
    return await page.title();
  } finally {
    await page.close();
  }
}

const strict = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

test('unbundled, by addresses and by an import map', async () => {
  expect(await said('plain', program())).toBe('the same bits');
  const names = ['neurite', 'neurite/worker'];
  const imports = JSON.stringify({ imports: { neurite: '/dist/index.js', 'neurite/worker': '/dist/worker.js' } });
  const head = `<script type="importmap">${imports}</script>`;
  expect(await said('mapped', program(undefined, names), undefined, 'module', head)).toBe('the same bits');
});

test('under a policy that allows workers of blobs', async () => {
  expect(await said('allowed', program(), `${strict}; worker-src blob:`)).toBe('the same bits');
});

test('under a policy that forbids them: an error that says what to do, and a worker of the file', async () => {
  const error = await said('forbidden', program(), strict);
  expect(error).toMatch(/^WorkerError WORKER: inWorker: /);
  expect(error).toContain('neurite/worker/host.js');
  expect(await said('file', program("new Worker('/dist/worker/host.js')"), strict)).toBe('the same bits');
  expect(await said('made', program("() => new Worker('/dist/worker/host.js', { type: 'module' })"), strict)).toBe('the same bits');
});

test('where WebAssembly is forbidden, in the worker alone: the error of the core arrives', async () => {
  served.set('/host.js', { type: 'text/javascript', text: readFileSync(`${root}dist/worker/host.js`, 'utf8'), policy: "script-src 'self'" });
  expect(await said('core', program("new Worker('/host.js')"), strict)).toMatch(/^UnsupportedError WASM_FORBIDDEN: /);
});

test('in one classic script', async () => {
  const bundle = await rolldown({
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : id.startsWith('/dist/') ? root + id : undefined),
        load: (id) => (id === 'entry' ? program() : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  expect(await said('classic', output[0].code, undefined, 'classic')).toBe('the same bits');
});
