/** Threads in programs of their own: how these end. Needs dist/. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const dist = new URL('../../dist/', import.meta.url).href;
const begin = `
  import { createRequire } from 'node:module';
  import { crossEntropy, dense, sequential, sgd } from '${dist}index.js';
  import { threads } from '${dist}threads.js';
  const x = new Float32Array(512 * 64).fill(0.5);
  const y = new Uint8Array(64);
  const make = (team) => sequential(512, [dense(512, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: sgd(), seed: 1, build: 'simd', threads: team });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/** Runs a program. @returns its exit code, or the signal after half a minute, and what it printed */
function run(program: string) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', begin + program], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { end: signal ?? status, stdout: stdout.trim(), stderr };
}

describe('a program', () => {
  test.each([
    ['whose helpers sleep', 'make(await threads(4)).predict(x); await pause(100); console.log("done");'],
    ['whose helpers look for work', 'make(await threads(4)).predict(x); console.log("done");'],
    ['that disposed of its threads', 'const t = await threads(4); make(t).predict(x); t.dispose(); console.log("done");'],
    ['that disposed of its threads at once', '(await threads(64)).dispose(); console.log("done");'],
    [
      'whose fit was ended',
      'const t = await threads(2); const f = make(t).fit({ x, y }, { epochs: 1e6 }).catch((e) => console.log("done", e.code)); await pause(50); t.dispose(); await f;',
    ],
    [
      'that trains in a worker, and ends the worker in the middle',
      `
      const { Worker } = await import('node:worker_threads');
      const worker = new Worker(${'`'}
        (async () => {
          const { crossEntropy, dense, sequential, sgd } = await import('${dist}index.js');
          const { threads } = await import('${dist}threads.js');
          const net = sequential(512, [dense(512, 'relu'), dense(10, 'softmax')], { loss: crossEntropy(), optimizer: sgd(), threads: await threads(3) });
          const x = new Float32Array(512 * 64), y = new Uint8Array(64);
          require('node:worker_threads').parentPort.postMessage('trains');
          for (;;) net.step(x, y);
        })();${'`'}, { eval: true, execArgv: [] });
      await new Promise((resolve) => worker.once('message', resolve));
      await pause(100);
      await worker.terminate();
      const { readdirSync } = await import('node:fs');
      await pause(500);
      make(await threads(2)).predict(x);
      console.log('done');`,
    ],
  ])(
    '%s ends by itself',
    (_, program) => {
      const { end, stdout, stderr } = run(program);
      expect({ end, stderr }).toEqual({ end: 0, stderr: '' });
      expect(stdout).toMatch(/^done( DISPOSED)?$/);
    },
    60_000,
  );

  test('that has the entry twice has two cores, and the same bits', () => {
    const { end, stdout, stderr } = run(`
      const require = createRequire('${dist}');
      const other = require('./threads.cjs');
      const twice = require('./index.cjs');
      const there = twice.sequential(512, [twice.dense(512, 'relu'), twice.dense(10, 'softmax')], { loss: twice.crossEntropy(), optimizer: twice.sgd(), seed: 1, build: 'simd', threads: await other.threads(2) });
      const here = make(await threads(2));
      await Promise.all([here, there].map((net) => net.fit({ x, y }, { epochs: 3 })));
      const a = here.predict(x);
      console.log(there.predict(x).every((v, i) => v === a[i]));
    `);
    expect({ end, stderr, stdout }).toEqual({ end: 0, stderr: '', stdout: 'true' });
  }, 60_000);
});
