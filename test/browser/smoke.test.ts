import { load } from 'neurite';
import { expect, inject, test } from 'vitest';
import { bitsOf, problem } from './trained.js';

const trained = inject('trained');

test('a model trained in Node predicts the same bits in a page', () => {
  const net = load(Uint8Array.from(trained.file));
  expect(net.build).toBe('simd');
  expect(bitsOf(net.predict(Float32Array.from(trained.x)))).toEqual(trained.predictions);
});

test('it trains on to the same bits, with the page awake between slices', async () => {
  const net = load(Uint8Array.from(trained.file));
  await net.fit(problem(), { epochs: 2, batchSize: 8 });
  expect(bitsOf(net.parameters)).toEqual(trained.trainedOn);
});

test('a model goes through a Blob and fetch unchanged', async () => {
  const url = URL.createObjectURL(new Blob([Uint8Array.from(trained.file)]));
  const net = load(await (await fetch(url)).arrayBuffer());
  URL.revokeObjectURL(url);
  expect(bitsOf(net.predict(Float32Array.from(trained.x)))).toEqual(trained.predictions);
});

test('the relaxed build is chosen where the page has relaxed SIMD, and is as good', () => {
  const net = load(Uint8Array.from(trained.file), { build: 'auto', reproducible: false });
  const x = Float32Array.from(trained.x);
  const exact = load(Uint8Array.from(trained.file)).predict(x);
  net.predict(x).forEach((value, i) => {
    // Three layers of at most 16 terms, rounded once or twice each, their slopes below 1 in sum: 48 terms · 2⁻²³ and to spare.
    expect(Math.abs(value - (exact[i] as number))).toBeLessThan(1e-5);
  });
});
