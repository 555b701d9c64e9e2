/** Threads in pages with and without isolation, and in a page's worker, to the bits of Node. Needs dist/. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';
import { browsers, find, type Installed } from '../../bench/browser/browsers.js';
import { session } from '../../bench/browser/session.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Trains on one thread and on two. @returns whether there is a difference, a hash of the bits, and whether anything was shared out to a helper */
const training = `
  async function train({ crossEntropy, adam, dense, sequential, dataset }, { threads }) {
    const x = Float32Array.from({ length: 512 * 64 }, (_, i) => ((i * 37) % 101) / 128);
    const y = Uint8Array.from({ length: 512 }, (_, i) => i % 10);
    const two = await threads(2, { build: 'simd' });
    const nets = [undefined, two].map((team) => sequential(64, [dense(256, 'relu'), dense(10, 'softmax')], {
      loss: crossEntropy(), optimizer: adam(), seed: 1, build: 'simd', ...(team && { threads: team }) }));
    for (const net of nets) await net.fit({ x, y }, { epochs: 4, batchSize: 64 });
    const [one, other] = nets.map((net) => new Uint32Array(net.parameters.slice().buffer));
    const shared = nets[1].parameters.buffer instanceof SharedArrayBuffer;
    two.dispose();
    return { same: one.every((word, i) => word === other[i]), shared, hash: one.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193), 0) };
  }`;

const modules = `[await import('/dist/index.js'), await import('/dist/threads.js')]`;

/** The same training in a worker of neurite's, on two threads that it starts. */
const hosted = `
  async function trainHosted({ crossEntropy, adam, dense, sequential }, { threads }, { inWorker, startWorker }) {
    const x = Float32Array.from({ length: 512 * 64 }, (_, i) => ((i * 37) % 101) / 128);
    const y = Uint8Array.from({ length: 512 }, (_, i) => i % 10);
    const worker = await startWorker();
    const team = await threads(2, { worker, build: 'simd' });
    const net = sequential(64, [dense(256, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 1, build: 'simd' });
    const there = await inWorker(net, { threads: team });
    await there.fit({ x, y }, { epochs: 4, batchSize: 64 });
    const words = new Uint32Array((await there.snapshot()).buffer);
    team.dispose();
    const after = await there.predict(x).then(() => 'computes', ({ code }) => code);
    worker.terminate();
    return { hash: words.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193), 0), after };
  }`;
const script = `${training}${hosted}
  const tell = (body) => fetch('/', { method: 'POST', body: JSON.stringify(body) });
  try {
    const here = await train(...${modules});
    const worker = new Worker('/worker.js', { type: 'module' });
    const there = await new Promise((resolve, reject) => Object.assign(worker, { onmessage: ({ data }) => resolve(data), onerror: reject }));
    const inside = await trainHosted(...${modules}, await import('/dist/worker.js'));
    await tell({ done: { here, there, inside } });
  } catch (error) { await tell({ error: String(error) }); }`;

async function node(): Promise<{ same: boolean; shared: boolean; hash: number }> {
  const train = new Function(`${training}; return train`)();
  const require = createRequire(import.meta.url);
  return train(require('../../dist/index.cjs'), require('../../dist/threads.cjs'));
}

describe.each(browsers.map((browser) => [browser.name, browser] as const))('%s', (_, browser) => {
  test('a page with the two headers trains on two threads to the bits of Node, and so do its worker and one of neurite/worker', async () => {
    const expected = await node();
    expect(expected).toMatchObject({ same: true, shared: true });
    const folder = mkdtempSync(join(tmpdir(), 'neurite-threads-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'worker.js'), `${training}\npostMessage(await train(...${modules}));`);
    const told = await session<{ here: object; there: object; inside: object }>(find(browser) as Installed, {
      page: `<!doctype html><meta charset="utf-8"><title>threads</title><script type="module">${script}</script>`,
      fileOf: (path) => (path === '/worker.js' ? join(folder, 'worker.js') : /^\/dist\/[\w./]+\.js$/.test(path) ? root + path : undefined),
    });
    const inside = { hash: expected.hash, after: 'DISPOSED' };
    expect(told).toEqual({ here: expected, there: expected, inside });
    const require = createRequire(import.meta.url);
    const [entry, team, worker] = ['index', 'threads', 'worker'].map((name) => require(`../../dist/${name}.cjs`));
    expect(await new Function(`${hosted}; return trainHosted`)()(entry, team, worker)).toEqual(inside);
  }, 60_000);
});

test('a page without the headers is told which, and trains on one thread all the same', async () => {
  const server = createServer((request, response) => {
    const path = request.url as string;
    if (!path.startsWith('/dist/')) return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>plain</title>');
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(root + path));
  }).listen(0, 'localhost');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    const said = await page.evaluate(
      `import('/dist/threads.js').then(({ threads }) => threads(2)).catch((error) => error.code + ' ' + error.message)`,
    );
    expect(said).toMatch(/^NO_ISOLATION threads: .*Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/);
    expect(await page.evaluate(`import('/dist/index.js').then(({ sequential, dense }) => sequential(2, [dense(1)]).predict([1, 2]).length)`)).toBe(1);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}, 60_000);
