import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeBase64 } from '../../src/core/base64.js';
import { binary } from '../../src/core/core.js';

test.each([
  ['simd', 'core.wasm'],
  ['relaxed', 'core.relaxed.wasm'],
] as const)('the embedded %s binary is build/%s to the byte', (build, file) => {
  const built = readFileSync(new URL(`../../build/${file}`, import.meta.url));
  expect(Buffer.from(binary(build)).equals(built)).toBe(true);
});

test('base64 of every length and every byte', () => {
  for (let n = 0; n <= 300; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 151 + n) & 255);
    expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
  }
});
