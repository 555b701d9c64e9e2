import fc from 'fast-check';
import { FileError } from 'neurite';
import { describe, expect, test } from 'vitest';
import { MAX_HEADER, readTensorFile, type Tensor, writeTensorFile } from '../../src/files/safetensors.js';

/** A file of this header, as text, and so many bytes of data. */
function fileOf(header: string | Uint8Array, data = 0, length?: number | bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  file.set(text, 8);
  for (let i = 0; i < data; i++) file[8 + text.length + i] = i + 1;
  return file;
}

const tensor = (name: string, shape: number[], begin: number, end: number, dtype = 'F32') =>
  `"${name}":{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;

describe('writing', () => {
  test('gives the bytes the format says', () => {
    const bytes = new Uint8Array(Float32Array.of(1, -2.5, 3).buffer);
    const file = writeTensorFile([{ name: 'w', shape: [1, 3], bytes }], { key: 'é' });
    const view = new DataView(file.buffer);
    const length = Number(view.getBigUint64(0, true));
    expect((8 + length) % 8).toBe(0);
    const text = new TextDecoder().decode(file.subarray(8, 8 + length));
    expect(text.trimEnd()).toBe('{"__metadata__":{"key":"\\u00e9"},"w":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}}');
    expect(file.length).toBe(8 + length + 12);
    expect([0, 4, 8].map((i) => view.getFloat32(8 + length + i, true))).toEqual([1, -2.5, 3]);
  });

  test('what was written is read again, at any alignment of the file', () => {
    const entry = fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 12 }).filter((name) => name !== '__metadata__' && !/\p{Surrogate}/u.test(name)),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
      seed: fc.integer(),
    });
    const entries = fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 8 });
    fc.assert(
      fc.property(entries, fc.dictionary(fc.string(), fc.string()), fc.nat(9), (list, metadata, shift) => {
        const tensors: Tensor[] = list.map(({ name, shape, seed }) => {
          const n = shape.reduce((a, b) => a * b, 4);
          return { name, shape, bytes: Uint8Array.from({ length: n }, (_, i) => (seed >> (i % 24)) & 255) };
        });
        const written = writeTensorFile(tensors, metadata);
        const moved = new Uint8Array(written.length + shift).subarray(shift);
        moved.set(written);
        const read = readTensorFile(moved);
        expect(Object.fromEntries(read.metadata)).toEqual(Object.fromEntries(Object.entries(metadata)));
        expect([...read.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
        for (const { name, shape, bytes } of tensors) {
          expect(read.tensors.get(name)?.shape).toEqual(shape);
          expect(Buffer.compare(read.tensors.get(name)?.bytes as Uint8Array, bytes)).toBe(0);
        }
      }),
      { examples: [[[{ name: '__proto__', shape: [2], seed: 7 }], { constructor: 'c', prototype: 'p' }, 1]] },
    );
  });

  test('a header too long is refused', () => {
    expect(() => writeTensorFile([], { key: 'x'.repeat(MAX_HEADER) })).toThrow(FileError);
  });
});

describe('reading', () => {
  test.each([
    ['no tensors', '{}', 0],
    ['spaces behind the header', '{}    ', 0],
    ['an odd header length', `{${tensor('a', [1], 0, 4)}} `, 4],
    ['tensors in another order than their data', `{${tensor('a', [1], 4, 8)},${tensor('b', [1], 0, 4)}}`, 8],
    ['a scalar and an empty tensor', `{${tensor('a', [], 0, 4)},${tensor('b', [3, 0], 4, 4)}}`, 4],
    ['names beyond ASCII and percent signs', `{${tensor('é😀%C3%A9', [1], 0, 4)}}`, 4],
    ['another order of fields', '{"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"},"__metadata__":{"format":"pt"}}', 4],
  ])('takes %s', (_, header, data) => {
    expect(() => readTensorFile(fileOf(header, data))).not.toThrow();
  });

  test('names beyond ASCII come as they were', () => {
    expect([...readTensorFile(fileOf(`{${tensor('é😀%C3%A9', [1], 0, 4)}}`, 4)).tensors.keys()]).toEqual(['é😀%C3%A9']);
  });

  test('characters of two, three and four bytes lie across any border', () => {
    for (const character of ['é', '€', '😀', '%']) {
      for (let shift = 0; shift < 4; shift++) {
        const name = `${'x'.repeat(4084 + shift)}${character.repeat(3000)}`;
        expect([...readTensorFile(fileOf(`{${tensor(name, [1], 0, 4)}}`, 4)).tensors.keys()]).toEqual([name]);
      }
    }
  });

  const utf8 = (...bytes: number[]) => Uint8Array.of(0x7b, 0x22, ...bytes, 0x22, 0x7d);
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['seven bytes', new Uint8Array(7)],
    ['a length beyond the file', fileOf('{}', 0, 3)],
    ['a length of 2⁶⁴ − 1', fileOf('{}', 0, 2n ** 64n - 1n)],
    ['a length of 2³² + 2', fileOf('{}', 0, 2n ** 32n + 2n)],
    ['a length of 2⁶³', fileOf('{}', 0, 2n ** 63n)],
    ['a header beyond the limit', fileOf(`{${' '.repeat(MAX_HEADER)}}`)],
    ['an empty header', fileOf('')],
    ['a header that begins with a space', fileOf(' {}')],
    ['a byte order mark', fileOf('\ufeff{}')],
    ['a list', fileOf('[]')],
    ['text behind the header', fileOf('{}x')],
    ['zeros behind the header', fileOf('{}\0\0')],
    ['a stray continuation byte', fileOf(utf8(0x80))],
    ['an overlong encoding', fileOf(utf8(0xc0, 0xaf))],
    ['an encoded surrogate', fileOf(utf8(0xed, 0xa0, 0x80))],
    ['a code point beyond the last', fileOf(utf8(0xf4, 0x90, 0x80, 0x80))],
    ['a cut sequence', fileOf(utf8(0xe2, 0x82))],
    ['a name twice', fileOf(`{${tensor('a', [1], 0, 4)},${tensor('a', [1], 4, 8)}}`, 8)],
    ['a gap', fileOf(`{${tensor('a', [1], 0, 4)},${tensor('b', [1], 8, 12)}}`, 12)],
    ['a gap at the front', fileOf(`{${tensor('a', [1], 4, 8)}}`, 8)],
    ['an overlap', fileOf(`{${tensor('a', [2], 0, 8)},${tensor('b', [2], 4, 12)}}`, 12)],
    ['the same bytes twice', fileOf(`{${tensor('a', [1], 0, 4)},${tensor('b', [1], 0, 4)}}`, 4)],
    ['an empty tensor within another', fileOf(`{${tensor('a', [2], 0, 8)},${tensor('b', [0], 4, 4)}}`, 8)],
    ['bytes behind the last tensor', fileOf(`{${tensor('a', [1], 0, 4)}}`, 5)],
    ['data without a tensor', fileOf('{}', 1)],
    ['a tensor beyond the file', fileOf(`{${tensor('a', [2], 0, 8)}}`, 4)],
    ['an end before the begin', fileOf(`{${tensor('a', [1], 4, 0)}}`, 4)],
    ['three offsets', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', 4)],
    ['one offset', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4)],
    ['offsets that are no whole numbers', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4.5]}}', 4)],
    ['offsets as text', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}', 4)],
    ['a negative size', fileOf(`{${tensor('a', [-1, -1], 0, 4)}}`, 4)],
    ['a fractional size', fileOf(`{${tensor('a', [0.5, 2], 0, 4)}}`, 4)],
    ['a shape of other bytes', fileOf(`{${tensor('a', [3], 0, 8)}}`, 8)],
    ['sizes whose product wraps to the right one', fileOf(`{${tensor('a', [2 ** 31, 2 ** 31, 4], 0, 0)}}`)],
    ['sizes whose product is beyond doubles', fileOf(`{${tensor('a', new Array(400).fill(16), 0, 16)}}`, 16)],
    ['another type', fileOf(`{${tensor('a', [1], 0, 4, 'I32')}}`, 4)],
    ['no type', fileOf('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4)],
    ['another field', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":0}}', 4)],
    ['a tensor that is none', fileOf('{"a":null}')],
    ['metadata that are no object', fileOf('{"__metadata__":[]}')],
    ['metadata that are no strings', fileOf('{"__metadata__":{"a":1}}')],
    ['metadata twice', fileOf('{"__metadata__":{},"__metadata__":{}}')],
  ])('refuses %s', (_, file) => {
    expect(() => readTensorFile(file)).toThrow(FileError);
  });
});
