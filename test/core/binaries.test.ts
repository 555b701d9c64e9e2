import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { binary } from '../../src/core/core.js';
import { decodePrintable } from '../../src/core/printable.js';
import { difference } from '../files/bits.js';

test.each([
  ['simd', 'core.wasm'],
  ['relaxed', 'core.relaxed.wasm'],
] as const)('the embedded %s binary is build/%s to the byte', (build, file) => {
  const built = readFileSync(new URL(`../../build/${file}`, import.meta.url));
  expect(Buffer.from(binary(build)).equals(built)).toBe(true);
});

test('text of every byte, alone and beside every other', () => {
  const characters = '#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~';
  const text = Array.from({ length: 256 }, (_, byte) => {
    const value = (byte + 3) % 256;
    return value < 84 ? characters[value] : `${characters[84 + Math.floor(value / 84) - 1]}${characters[value % 84]}`;
  });
  expect(decodePrintable('')).toEqual(new Uint8Array(0));
  expect(decodePrintable(text.join(''))).toEqual(Uint8Array.from(text.keys()));
  for (let byte = 0; byte < 256; byte++) {
    const beside = text.map((other) => `${text[byte]}${other}`).join('');
    const expected = Uint8Array.from({ length: 512 }, (_, i) => (i % 2 ? i >> 1 : byte));
    expect(difference(decodePrintable(beside), expected), `byte ${byte}`).toBeUndefined();
  }
});

test('text where the host has no encoder, as in an AudioWorklet', () => {
  const { TextEncoder } = globalThis;
  const text = '#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{#|%}&';
  const encoded = decodePrintable(text);
  Reflect.deleteProperty(globalThis, 'TextEncoder');
  try {
    expect(decodePrintable(text)).toEqual(encoded);
  } finally {
    Object.assign(globalThis, { TextEncoder });
  }
});
