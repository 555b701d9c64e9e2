/**
 * The built package among the globals of an AudioWorklet: the language's own, and neither timers nor text encoders, `performance`, `fetch` or `URL`.
 * Needs dist/, which `npm test` builds first. test/browser/audioWorklet.test.ts does the same in a real one.
 */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** What an AudioWorkletGlobalScope lacks of what scripts use. `SharedArrayBuffer` is there only where pages are isolated. */
const MISSING = [
  ...[
    'setImmediate',
    'setTimeout',
    'setInterval',
    'queueMicrotask',
    'requestAnimationFrame',
    'scheduler',
    'MessageChannel',
    'postMessage',
    'performance',
  ],
  ...['TextEncoder', 'TextDecoder', 'fetch', 'Request', 'Response', 'URL', 'Blob', 'atob', 'btoa', 'crypto', 'structuredClone', 'SharedArrayBuffer'],
  ...[
    'AbortController',
    'AbortSignal',
    'DOMException',
    'self',
    'window',
    'document',
    'navigator',
    'process',
    'Buffer',
    'require',
    'module',
    'exports',
  ],
];

let iife = '';
beforeAll(() => {
  iife = read('dist/neurite.iife.js');
});

/** Runs a script of such a scope, which has `neurite` and `program`. @returns the value of its promise, as JSON carries it */
async function inWorklet(script: string, without: readonly string[] = []): Promise<unknown> {
  const scope = createContext({});
  for (const name of [...MISSING, ...without]) runInContext(`delete globalThis.${name}`, scope);
  expect(MISSING.filter((name) => runInContext(`typeof ${name}`, scope) !== 'undefined')).toEqual([]);
  runInContext(iife, scope, { filename: 'neurite.iife.js' });
  runInContext(read('test/everywhere/program.mjs').replace(/^export /m, ''), scope);
  // Its waits do not keep this process going by themselves.
  const keepsAwake = setInterval(() => {}, 10);
  try {
    return JSON.parse((await runInContext(`(async () => JSON.stringify(await (async () => { ${script} })()))()`, scope)) as string);
  } finally {
    clearInterval(keepsAwake);
  }
}

test('it trains, predicts, saves and loads to the bits of every other host', async () => {
  expect(await inWorklet('const { loss } = await program(neurite); return loss;')).toBe(0.04176120495920562);
});

/** A fit of about 200 ms; how long it said that it blocked, how long it took, and how often it told. */
const LONG = `
  const { adam, dense, meanSquaredError, sequential } = neurite;
  const net = sequential(64, [dense(256, 'tanh'), dense(8)], { loss: meanSquaredError(), optimizer: adam(), seed: 1 });
  const data = { x: new Float32Array(64 * 512).fill(0.1), y: new Float32Array(8 * 512).fill(0.2) };
  const began = Date.now();
  let told = 0;
  const { epochs } = await net.fit(data, { epochs: 1e9, batchSize: 32, onProgress: () => { told++; }, onEpoch: () => Date.now() - began < 200 });
  return { told, seconds: (Date.now() - began) / 1000, longest: epochs[epochs.length - 1].longestBlock };
`;

test('a long fit yields by a wait on shared memory', async () => {
  let turns = 0;
  let others = true;
  const count = () => {
    turns++;
    if (others) setImmediate(count);
  };
  setImmediate(count);
  const { told, seconds, longest } = (await inWorklet(LONG)) as { told: number; seconds: number; longest: number };
  others = false;
  expect(told).toBeGreaterThan(5);
  expect(turns).toBeGreaterThan(5);
  expect(longest).toBeLessThan(seconds / 2);
});

test('where it cannot, it trains all the same, and says that it blocked from beginning to end', async () => {
  let turns = 0;
  let others = true;
  const count = () => {
    turns++;
    if (others) setImmediate(count);
  };
  const running = inWorklet(LONG, ['Atomics']);
  setImmediate(count);
  const { told, seconds, longest } = (await running) as { told: number; seconds: number; longest: number };
  others = false;
  expect(told).toBeGreaterThan(5);
  expect(turns).toBeLessThan(3);
  expect(longest).toBeGreaterThan(seconds / 2);
});

test('evaluation, files, checkpoints and predictors with new parameters work too', async () => {
  const text = await inWorklet(`
    const { adam, checkpoint, copyParameters, crossEntropy, dense, fromJSON, readSafetensors, restore, save, sequential, toJSON, writeSafetensors } = neurite;
    const net = sequential(2, [dense(3, 'relu', { name: 'Zähler 😀' }), dense(2, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 1 });
    const data = { x: [0, 1, 1, 0], y: [0, 1] };
    await net.fit(data, { epochs: 2, validationData: data });
    const { loss } = await net.evaluateAsync(data);
    const again = restore(checkpoint(net));
    const frozen = again.freeze();
    frozen.update(copyParameters(net));
    const file = readSafetensors(save(net));
    return {
      same: again.evaluate(data).loss === loss && frozen.predict([0, 1])[0] === net.predict([0, 1])[0],
      names: Object.keys(file),
      written: Object.keys(readSafetensors(writeSafetensors({ w: { data: [1] } }))),
      json: fromJSON(toJSON(net)).parameterCount,
    };
  `);
  expect(text).toEqual({
    same: true,
    names: ['Zähler 😀.weights', 'Zähler 😀.biases', 'dense2.weights', 'dense2.biases'],
    written: ['w'],
    json: 17,
  });
});

test('initialize works, and says what to pass where there is no fetch', async () => {
  expect(await inWorklet('await neurite.initialize(); return neurite.sequential(1, [neurite.dense(1)]).predict([1]).length;')).toBe(1);
  expect(await inWorklet("return neurite.initialize({ url: '/core.wasm' }).catch(({ code, message }) => [code, message]);")).toEqual([
    'NO_FETCH',
    'initialize: this host has no fetch; pass { bytes } or { module }',
  ]);
});
