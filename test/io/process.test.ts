/** Files between processes: another Node, and a reader in another language. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adam, crossEntropy, dense, sequential } from 'neurite';
import { build } from 'rolldown';
import { afterAll, describe, expect, test } from 'vitest';
import { bitsOf, randomBits, randomRows } from './bits.js';

const folder = mkdtempSync(join(tmpdir(), 'neurite-files-'));
const file = join(folder, 'model.safetensors');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([{ reproducible: true }, {}])('a fresh process, %j', (options) => {
  test('loads a trained model and predicts the same bits', async () => {
    const net = sequential(6, [dense(16, 'gelu'), dense(8, 'tanh'), dense(3, 'softmax')], {
      loss: crossEntropy(),
      optimizer: adam(),
      seed: 1,
      ...options,
    });
    net.parameters.set(randomRows(net.parameterCount, 1));
    const x = randomRows(6 * 50, 2);
    await net.fit({ x, y: Array.from({ length: 50 }, (_, i) => i % 3) }, { epochs: 5 });
    writeFileSync(file, net.save());
    const library = join(folder, 'neurite.mjs');
    await build({
      input: fileURLToPath(new URL('../../src/index.ts', import.meta.url)),
      platform: 'neutral',
      output: { file: library, format: 'esm' },
      logLevel: 'silent',
    });
    const script = join(folder, 'predict.mjs');
    writeFileSync(
      script,
      `import { readFileSync } from 'node:fs';
      import { load } from './neurite.mjs';
      const x = new Float32Array(new Uint8Array(${JSON.stringify([...new Uint8Array(x.buffer)])}).buffer);
      const net = load(readFileSync(${JSON.stringify(file)}));
      const y = net.predict(x);
      console.log(JSON.stringify({ build: net.build, bits: [...new Uint32Array(y.buffer, y.byteOffset, y.length)] }));`,
    );
    const printed = execFileSync(process.execPath, [...process.execArgv.filter((flag) => flag.includes('wasm')), script], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual({ build: net.build, bits: [...bitsOf(net.predict(x))] });
    net.dispose();
  });
});

const python = '/usr/bin/python3';

test('a reader in Python, written from the format’s description, reads every tensor', (context) => {
  if (!existsSync(python)) context.skip(`there is no ${python} here`);
  using net = sequential(5, [dense(7, 'relu', { name: 'é😀' }), dense(3, 'softmax', { bias: false }), dense(2)]);
  bitsOf(net.parameters).set(randomBits(net.parameterCount, 3));
  net.metadata = { preprocessing: { mean: [0.1] } };
  writeFileSync(file, net.save());
  const script = fileURLToPath(new URL('read_safetensors.py', import.meta.url));
  const read = JSON.parse(execFileSync(python, [script, file], { encoding: 'utf8' }));
  const expected = net.layers.flatMap(({ name, weights, biases, inFeatures, outFeatures }) => [
    [`${name}.weights`, { shape: [outFeatures, inFeatures], bits: [...bitsOf(weights)] }],
    ...(biases ? [[`${name}.biases`, { shape: [outFeatures], bits: [...bitsOf(biases)] }]] : []),
  ]);
  expect(read.tensors).toEqual(Object.fromEntries(expected));
  expect(JSON.parse(read.metadata.neurite).metadata).toEqual(net.metadata);
});
