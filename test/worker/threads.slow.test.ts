/** The built worker in real threads: the same bits, and every way in which a worker can end. Needs dist/, which `npm test` builds first. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { bits } from './channel.js';

const root = new URL('../..', import.meta.url);
const load = createRequire(import.meta.url);
const built = (name: string) => load(fileURLToPath(new URL(`dist/${name}.js`, root)));
const { adam, copyParameters, crossEntropy, dense, dropout, sequential } = built('index') as typeof import('neurite');
const { inWorker, startWorker, WorkerError } = built('worker') as typeof import('neurite/worker');

const host = new URL('dist/worker/host.js', root);
const x = Float32Array.from({ length: 4 * 200 }, (_, i) => Math.sin(i * i + 1));
const y = Uint8Array.from({ length: 200 }, (_, i) => i % 3);
const make = (seed = 7) =>
  sequential(4, [dense(32, 'relu'), dropout(0.1), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed, reproducible: true });

async function thrown(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => expect.fail('it gave a value'),
    (error) => error,
  );
}

describe('in a thread', () => {
  test('a fit has the bits of one here, and both may run at once', async () => {
    const [here, there] = [make(), await inWorker(make())];
    const options = { epochs: 20, validationData: { x, y }, earlyStopping: { patience: 5 } };
    const [a, b] = await Promise.all([here.fit({ x, y }, options), there.fit({ x, y }, options)]);
    expect(b.epochs.map(({ loss }) => loss)).toEqual(a.epochs.map(({ loss }) => loss));
    expect(bits(await there.snapshot())).toEqual(bits(copyParameters(here)));
    await there.dispose();
    expect(there.worker.ended).toBe(true);
  });

  test('several networks share a worker, and train in turns', async () => {
    const worker = await startWorker();
    const nets = await Promise.all([1, 2, 3].map((seed) => inWorker(make(seed), { worker })));
    const data = worker.dataset({ x, y });
    await Promise.all(nets.map((net) => net.fit(data, { epochs: 3 })));
    for (const [i, net] of nets.entries()) {
      const here = make(i + 1);
      await here.fit({ x, y }, { epochs: 3 });
      expect(bits(await net.snapshot())).toEqual(bits(copyParameters(here)));
    }
    for (const net of nets) await net.dispose();
    expect(worker.ended).toBe(false);
    worker.terminate();
  });

  test('of the file, made by the caller, which outlives its networks', async () => {
    const raw = new Worker(host);
    const net = await inWorker(make(), { worker: raw });
    const second = await inWorker(make(), { worker: raw });
    expect(second.worker).toBe(net.worker);
    expect(bits(await net.predict(x))).toEqual(bits(make().predict(x)));
    await Promise.all([net.dispose(), second.dispose()]);
    expect(net.worker.ended).toBe(false);
    await raw.terminate();
    expect(net.worker.ended).toBe(true);
  });

  test('a snapshot comes while it trains, and other calls too', async () => {
    const net = await inWorker(make());
    const controller = new AbortController();
    const training = thrown(net.fit({ x, y }, { epochs: 1e9, signal: controller.signal }));
    const first = await net.snapshot();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(bits(await net.snapshot())).not.toEqual(bits(first));
    expect(await net.predict([1, 2, 3, 4])).toHaveLength(3);
    controller.abort();
    expect((await training).name).toBe('AbortError');
    await net.dispose();
  });
});

describe('a worker that ends rejects what waits, and says so', () => {
  test('killed in the middle of a fit', async () => {
    const raw = new Worker(host);
    const net = await inWorker(make(), { worker: () => raw });
    const training = thrown(net.fit({ x, y }, { epochs: 1e9, onProgress: () => void raw.terminate() }));
    const error = await training;
    expect(error).toBeInstanceOf(WorkerError);
    expect(error.message).toBe('fit: the worker exited with code 1; make another with inWorker()');
    expect(await thrown(net.predict(x))).toBeInstanceOf(WorkerError);
  });

  test.each([
    ['a script that throws', "throw new Error('not today')", 'the worker failed: not today'],
    ['a script that exits', 'process.exit(3)', 'the worker exited with code 3'],
    ['a script with an error in it', 'const const', 'the worker failed: '],
  ])('%s', async (_, script, message) => {
    const error = await thrown(inWorker(make(), { worker: new Worker(script, { eval: true }) }));
    expect(error).toBeInstanceOf(WorkerError);
    expect(error.message).toContain(message);
  });

  test('a script that is not there', async () => {
    const error = await thrown(startWorker(new Worker(new URL('nothing.js', root))));
    expect(error).toBeInstanceOf(WorkerError);
    expect(error.message).toContain('nothing.js');
  });

  test('out of memory', async () => {
    const raw = new Worker(host, { resourceLimits: { maxOldGenerationSizeMb: 24 } });
    const net = await inWorker(make(), { worker: raw });
    const rows = Array.from({ length: 400_000 }, () => [1, 2, 3, 4]);
    const error = await thrown(net.predict(rows));
    expect(error).toBeInstanceOf(WorkerError);
    expect(error.message).toContain('memory');
  });
});

/** What a program prints, which must end by itself. */
async function printed(name: string, text: string): Promise<string> {
  const folder = fileURLToPath(new URL('build/worker', root));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}`, text);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${folder}/${name}`], { timeout: 20_000 });
  expect(stderr.replace(/\(node:\d+\) ExperimentalWarning[^\n]*\n[^\n]*\n/, '')).toBe('');
  return stdout;
}

describe('a program', () => {
  const body = `
    const net = await inWorker(sequential(2, [dense(1)], { loss: meanSquaredError(), optimizer: sgd(), seed: 1 }));
    const { epochs } = await net.fit({ x: [0, 0, 1, 1], y: [0, 1] }, { epochs: 300 });
    console.log(epochs.length);
  `;

  test('ends when nothing waits any more, without dispose', async () => {
    const text = `import { dense, meanSquaredError, sequential, sgd } from 'neurite';\nimport { inWorker, startWorker } from 'neurite/worker';\nawait startWorker();\n${body}`;
    expect(await printed('ends.mjs', text)).toBe('300\n');
  });

  test('requires it as well', async () => {
    const text = `const { dense, meanSquaredError, sequential, sgd } = require('neurite');\nconst { inWorker } = require('neurite/worker');\n(async () => {${body}})();`;
    expect(await printed('requires.cjs', text)).toBe('300\n');
  });

  test('waits for a fit that nobody awaits', async () => {
    const text = `import { dense, meanSquaredError, sequential, sgd } from 'neurite';\nimport { inWorker } from 'neurite/worker';\n(async () => {${body}})();`;
    expect(await printed('waits.mjs', text)).toBe('300\n');
  });
});
