/** Files between processes: another Node, and a reader in another language. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adam, crossEntropy, dense, save, sequential } from 'neurite';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bitsOf, canonical, randomBits, randomRows } from './bits.js';

const folder = mkdtempSync(join(tmpdir(), 'neurite-files-'));
const file = join(folder, 'model.safetensors');

/** The package as one module, built anew from the source. */
const library = join(folder, 'neurite.mjs');

beforeAll(async () => {
  const input = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
  await build({ input, platform: 'neutral', output: { file: library, format: 'esm' }, logLevel: 'silent' });
});

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
    writeFileSync(file, save(net));
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
  writeFileSync(file, save(net));
  const script = fileURLToPath(new URL('read_safetensors.py', import.meta.url));
  const read = JSON.parse(execFileSync(python, [script, file], { encoding: 'utf8' }));
  const expected = net.layers.flatMap(({ name, weights, biases, inFeatures, outFeatures }) => [
    [`${name}.weights`, { shape: [outFeatures, inFeatures], bits: [...canonical(bitsOf(weights))] }],
    ...(biases ? [[`${name}.biases`, { shape: [outFeatures], bits: [...canonical(bitsOf(biases))] }]] : []),
  ]);
  expect(read.tensors).toEqual(Object.fromEntries(expected));
  expect(JSON.parse(read.metadata.neurite).metadata).toEqual(net.metadata);
});

test('hostile headers of the greatest length are refused within a heap of 128 MiB', () => {
  const script = join(folder, 'hostile.mjs');
  writeFileSync(
    script,
    `import { load } from './neurite.mjs';
    const length = 2 ** 23;
    const fill = (head, piece, tail) => head + piece.repeat(Math.floor((length - Buffer.byteLength(head + tail)) / Buffer.byteLength(piece))) + tail;
    const within = (head, piece, tail) => fill('{"__metadata__":{"neurite":"' + head, piece, tail + '"}}');
    const headers = [
      () => fill('{"a":[', '[],', '[]]}'),
      () => fill('{"a":[', '{},', '{}]}'),
      () => fill('{"a":[', '0,', '0]}'),
      () => fill('{"a":', '[', ''),
      () => fill('{"', 'é', '":0}'),
      () => fill('{"', '%', '":0}'),
      () => fill('{"', '\\\\u00e9', '":0}'),
      () => fill('{"a":', '1', '}'),
      () => fill('{', '"":0,', '"a":0}'),
      () => fill('{"a":[', '"abcdefgh",', '0]}'),
      () => fill('{"a":', ' ', '0}'),
      () => within('[', '[],', '[]]'),
      () => within('[', '0,', '0]'),
      () => within('', '[', ''),
      () => within('{\\"format\\":\\"', 'x', '\\"}'),
    ];
    const told = headers.map((make) => {
      const header = Buffer.from(make());
      const file = new Uint8Array(8 + header.length);
      new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
      file.set(header, 8);
      try {
        load(file);
        return 'loaded';
      } catch (error) {
        return error.code + ' ' + (error.message.length < 500);
      }
    });
    console.log(told.join());`,
  );
  const told = execFileSync(process.execPath, ['--max-old-space-size=128', script], { encoding: 'utf8' });
  expect(told.trim()).toBe(Array.from({ length: 15 }, () => 'FILE true').join());
});
