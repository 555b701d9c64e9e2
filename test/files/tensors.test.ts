/** Tensors as other programs exchange them: every type of the format, to the bit. */
import { readFileSync } from 'node:fs';
import { FileError, readSafetensors, ShapeError, safetensorsMetadata, type TensorToWrite, ValueError, writeSafetensors } from 'neurite';
import { describe, expect, test } from 'vitest';
import { narrowBF16, narrowF16, widenBF16, widenF16 } from '../../src/files/halves.js';
import { readTensorFile } from '../../src/files/safetensors.js';
import { sweep } from '../sweep.js';
import { bitsOf, randomBits } from './bits.js';

/** Bytes of an element of each type. */
const EVERY_SIZE = { U64: 8, I64: 8, F64: 8, F32: 4, U32: 4, I32: 4, BF16: 2, F16: 2, U16: 2, I16: 2, I8: 1, U8: 1, BOOL: 1 };

/** Written by the safetensors package of Python: see foreign/every_type.py. */
const foreign = new Uint8Array(readFileSync(new URL('foreign/every_type.safetensors', import.meta.url)));

describe('a file of the Python package', () => {
  const tensors = readSafetensors(foreign);

  test('has every type', () => {
    expect(Object.fromEntries(Object.entries(tensors).map(([name, { dtype }]) => [name, dtype]))).toEqual({
      u64: 'U64',
      i64: 'I64',
      f64: 'F64',
      a: 'F32',
      f32: 'F32',
      none: 'F32',
      scalar: 'F32',
      u32: 'U32',
      i32: 'I32',
      bf16: 'BF16',
      f16: 'F16',
      u16: 'U16',
      i16: 'I16',
      i8: 'I8',
      u8: 'U8',
      bool: 'BOOL',
    });
    expect(safetensorsMetadata(foreign)).toEqual({ format: 'np' });
  });

  test.each<[string, readonly number[], ArrayLike<number | bigint>]>([
    ['u64', [2], BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['i64', [3], BigInt64Array.of(-(2n ** 63n), -1n, 2n ** 63n - 1n)],
    ['f64', [5], Float64Array.of(0.1, -0, 5e-324, Number.POSITIVE_INFINITY, Number.MAX_VALUE)],
    ['a', [2, 3], Float32Array.of(0, 1, 2, 3, 4, 5)],
    ['none', [3, 0], new Float32Array(0)],
    ['scalar', [], Float32Array.of(3.5)],
    ['u32', [2], Uint32Array.of(0, 2 ** 32 - 1)],
    ['i32', [2], Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    ['u16', [2], Uint16Array.of(0, 2 ** 16 - 1)],
    ['i16', [2], Int16Array.of(-(2 ** 15), 2 ** 15 - 1)],
    ['i8', [4], Int8Array.of(-128, -1, 0, 127)],
    ['u8', [3], Uint8Array.of(0, 1, 255)],
    ['bool', [2, 2], Uint8Array.of(1, 0, 0, 1)],
  ])('%s', (name, shape, data) => {
    expect(tensors[name]?.shape).toEqual(shape);
    expect(tensors[name]?.data).toEqual(data);
  });

  test('floats keep the bits of NaN; halves are widened', () => {
    expect([...bitsOf(tensors.f32?.data as Float32Array)]).toEqual([0, 0x80000000, 1, 0x7f800000, 0x7fc00001, 0xff800001, 0x3f800000]);
    const f16 = tensors.f16?.data as Float32Array;
    expect([...f16.subarray(0, 10)]).toEqual(
      [0, 1, 2, 3, 1023, 1024, 2 ** 24, 2 ** 24 * (1 + 2 ** -10), 65504 * 2 ** 24, Number.POSITIVE_INFINITY].map((n) => n / 2 ** 24),
    );
    const bf16 = tensors.bf16?.data as Float32Array;
    expect([...bitsOf(bf16)]).toEqual(
      [0, 1, 2, 3, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x7f7f, 0x7f80, 0x7f81, 0x7fff]
        .flatMap((half) => [half << 16])
        .concat(
          [0, 1, 2, 3, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x7f7f, 0x7f80, 0x7f81, 0x7fff].map(
            (half) => ((half | 0x8000) << 16) >>> 0,
          ),
        ),
    );
  });

  test('is written again byte for byte, but for the sign and the payload of NaN', () => {
    const expected = foreign.slice();
    const quiet: Record<string, [infinity: number, nan: number]> = { F32: [0x7f800000, 0x7fc00000], F16: [0x7c00, 0x7e00], BF16: [0x7f80, 0x7fc0] };
    let count = 0;
    for (const { dtype = '', bytes } of readTensorFile(expected, 'test', EVERY_SIZE).tensors.values()) {
      const [infinity, nan] = quiet[dtype] ?? [];
      if (infinity === undefined || nan === undefined) continue;
      const size = dtype === 'F32' ? 4 : 2;
      for (let at = 0; at < bytes.length; at += size) {
        const word = Buffer.from(bytes.buffer, bytes.byteOffset + at, size);
        if ((word.readUIntLE(0, size) & (2 ** (8 * size - 1) - 1)) <= infinity) continue;
        word.writeUIntLE(nan, 0, size);
        count++;
      }
    }
    // The Python package wrote some of several payloads.
    expect(count).toBeGreaterThan(8);
    expect(Buffer.compare(writeSafetensors(tensors, { metadata: safetensorsMetadata(foreign) }), expected)).toBe(0);
  });

  test('its tensors have memory of their own', () => {
    const copy = foreign.slice();
    const read = readSafetensors(copy);
    copy.fill(0);
    expect(Array.from(read.a?.data as Float32Array)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('floats of 16 bits', () => {
  /** What 16 bits say, by the formula. */
  const valueIn = (half: number, fractionBits: number) => {
    const exponents = 2 ** (15 - fractionBits);
    const [exponent, fraction] = [(half >>> fractionBits) % exponents, (half % 2 ** fractionBits) / 2 ** fractionBits];
    const sign = half >= 0x8000 ? -1 : 1;
    const bias = exponents / 2 - 1;
    if (exponent === exponents - 1) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent > 0 ? (1 + fraction) * 2 ** (exponent - bias) : fraction * 2 ** (1 - bias));
  };
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);

  test.each([
    ['F16', widenF16, narrowF16, 10],
    ['BF16', widenBF16, narrowBF16, 7],
  ] as const)('%s: each is widened to its value, and narrowed to itself', (_, widen, narrow, fractionBits) => {
    for (let half = 0; half < 2 ** 16; half++) {
      word[0] = widen(half);
      if (!Object.is(float[0], valueIn(half, fractionBits))) expect([half, float[0]]).toEqual([half, valueIn(half, fractionBits)]);
      const again = narrow(widen(half)) & 0xffff;
      if (again !== half) expect(again).toBe(half);
    }
  });

  test.each([
    ['F16', widenF16, narrowF16, 10, 0x7c00],
    ['BF16', widenBF16, narrowBF16, 7, 0x7f80],
  ] as const)('%s: any float32 becomes the nearest, ties to even', (_, widen, narrow, fractionBits, infinity) => {
    const bits = randomBits(sweep(20_000, 2000), 5);
    // Between two neighbours, at the middle and beside it.
    const middles = Array.from({ length: sweep(4000, 400) }, (_, i) => {
      const half = (i * 31) % infinity;
      word[0] = widen(half);
      const low = float[0] as number;
      float[0] = (low + valueIn(half + 1, fractionBits)) / 2;
      return [(word[0] as number) - 1, word[0] as number, (word[0] as number) + 1];
    }).flat();
    for (const given of [...bits, ...middles]) {
      word[0] = given;
      const value = float[0] as number;
      const got = narrow(given | 0) & 0xffff;
      if (Number.isNaN(value)) {
        expect(valueIn(got, fractionBits)).toBeNaN();
        continue;
      }
      const size = got & 0x7fff;
      expect(got >>> 15).toBe(Object.is(Math.sign(value), -0) || value < 0 ? 1 : 0);
      // The value of "infinity" as rounding sees it is one step beyond the largest.
      const stepped = (half: number) =>
        half === infinity ? 2 * valueIn(infinity - 1, fractionBits) - valueIn(infinity - 2, fractionBits) : valueIn(half, fractionBits);
      const off = (half: number) => Math.abs(stepped(half) - Math.abs(value));
      if (Math.abs(value) > stepped(infinity)) expect(size).toBe(infinity);
      else {
        for (const other of [size - 1, size + 1]) {
          if (other < 0 || other > infinity) continue;
          if (off(other) < off(size) || (off(other) === off(size) && size % 2 === 1)) expect([value, other]).toEqual([value, size]);
        }
      }
    }
  });
});

describe('writing', () => {
  test('the type follows from the array, the shape from its length', () => {
    const read = readSafetensors(
      writeSafetensors({
        list: { data: [1, 2.5] },
        clamped: { data: Uint8ClampedArray.of(7) },
        words: { data: Uint32Array.of(7) },
        big: { data: BigInt64Array.of(-7n) },
        flags: { dtype: 'BOOL', data: [1, 0] },
        half: { dtype: 'F16', data: [0.1] },
        whole: { dtype: 'I64', shape: [1, 2], data: [1, -2] },
      }),
    );
    expect(read).toEqual({
      list: { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2.5) },
      clamped: { dtype: 'U8', shape: [1], data: Uint8Array.of(7) },
      words: { dtype: 'U32', shape: [1], data: Uint32Array.of(7) },
      big: { dtype: 'I64', shape: [1], data: BigInt64Array.of(-7n) },
      flags: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
      half: { dtype: 'F16', shape: [1], data: Float32Array.of(0.0999755859375) },
      whole: { dtype: 'I64', shape: [1, 2], data: BigInt64Array.of(1n, -2n) },
    });
  });

  test.each(['F64', 'F32', 'F16', 'BF16'] as const)('NaN of any sign and payload gives the same bytes, %s', (dtype) => {
    const words32 = [0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc12345];
    const words64 = [
      0x7ff8n << 48n,
      0xfff8n << 48n,
      (0x7ff0n << 48n) + 1n,
      0xfff00000_80000000n,
      2n ** 63n - 1n,
      2n ** 64n - 1n,
      0x7ff00001_00000000n,
    ];
    const kept = [1, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1.5, 2 ** -14];
    const files = words32.map((word, i) => {
      const data = dtype === 'F64' ? new Float64Array(9).fill(1) : new Float32Array(9).fill(1);
      data.set(kept, 1);
      if (data instanceof Float64Array) new BigUint64Array(data.buffer).fill(words64[i] as bigint, 7);
      else bitsOf(data).fill(word, 7);
      return writeSafetensors({ w: { dtype, data } });
    });
    for (const file of files) expect(Buffer.compare(file, files[0] as Uint8Array)).toBe(0);
    const read = readSafetensors(files[0] as Uint8Array).w?.data as Float32Array;
    expect([...read]).toEqual([1, ...kept, Number.NaN, Number.NaN]);
    if (dtype === 'F32' || dtype === 'BF16') expect([...bitsOf(read.subarray(7))]).toEqual([0x7fc00000, 0x7fc00000]);
  });

  test('no tensors and no metadata are a file', () => {
    expect(readSafetensors(writeSafetensors({}))).toEqual({});
    expect(safetensorsMetadata(writeSafetensors({}))).toEqual({});
  });

  test('a name may be any text', () => {
    const names = ['__proto__', 'é😀', '', 'a"b\\c'];
    const tensors = Object.fromEntries(names.map((name, i) => [name, { data: [i] }]));
    const read = readSafetensors(writeSafetensors(tensors));
    expect(Object.keys(read).sort()).toEqual([...names].sort());
    expect(read['é😀']?.data).toEqual(Float32Array.of(1));
  });

  const refused = (tensor: unknown) => () => writeSafetensors({ w: tensor as TensorToWrite });
  test.each<[string, () => unknown, typeof ValueError | typeof ShapeError, RegExp]>([
    ['no object', () => writeSafetensors(7 as never), ValueError, /tensors is 7/],
    ['no tensor', refused(7), ValueError, /"w": the tensor is 7/],
    ['no data', refused({ shape: [1] }), ValueError, /"w": data is undefined/],
    ['another field', refused({ data: [1], type: 'F32' }), ValueError, /no option "type"/],
    ['an unknown type', refused({ data: [1], dtype: 'F8_E4M3' }), ValueError, /dtype is "F8_E4M3", expected one of U64, I64/],
    ['another count', refused({ data: [1, 2, 3], shape: [2, 2] }), ShapeError, /data has 3 numbers, expected 4, as \[2, 2\]/],
    ['a shape that is none', refused({ data: [1], shape: [-1] }), ValueError, /shape is an array of 1/],
    ['no number', refused({ data: ['1'] }), ValueError, /data\[0\] is "1", expected a number that F32 holds/],
    ['too large for float32', refused({ data: [1, 1e39] }), ValueError, /data\[1\] is 1e\+39, expected a number that F32 holds/],
    ['too large for F16', refused({ data: [1, 65520], dtype: 'F16' }), ValueError, /data\[1\] is 65520, expected numbers that F16 holds/],
    ['too large for BF16', refused({ data: Float32Array.of(3.4e38), dtype: 'BF16' }), ValueError, /expected numbers that BF16 holds/],
    ['out of a range', refused({ data: [256], dtype: 'U8' }), ValueError, /data\[0\] is 256, expected a number that U8 holds/],
    ['no whole number', refused({ data: [0.5], dtype: 'I32' }), ValueError, /data\[0\] is 0.5/],
    ['out of 64 bits', refused({ data: BigUint64Array.of(2n ** 63n), dtype: 'I64' }), ValueError, /a number that I64 holds/],
    ['neither 0 nor 1', refused({ data: Uint8Array.of(2), dtype: 'BOOL' }), ValueError, /data\[0\] is 2, expected a number that BOOL holds/],
    ['a name of the format', () => writeSafetensors({ __metadata__: { data: [1] } }), ValueError, /called "__metadata__"/],
    ['half a surrogate pair', () => writeSafetensors({ '\ud800': { data: [1] } }), ValueError, /surrogate/],
    [
      'metadata in a map',
      () => writeSafetensors({}, { metadata: new Map([['a', 'b']]) as never }),
      ValueError,
      /metadata is a Map, expected an object/,
    ],
    ['tensors in a map', () => writeSafetensors(new Map([['a', { data: [1] }]]) as never), ValueError, /tensors is a Map, expected an object/],
    ['metadata that are no texts', () => writeSafetensors({}, { metadata: { a: 1 as never } }), ValueError, /metadata: "a" is 1, expected a text/],
  ])('refuses %s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});

describe('reading', () => {
  const header = (text: string, data = 8) => {
    const file = new Uint8Array(8 + text.length + data);
    file[0] = text.length;
    file.set(new TextEncoder().encode(text), 8);
    return file;
  };
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /readSafetensors: the file has 0 bytes/],
    ['a type without numbers here', header('{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}'), /dtype is "F8_E4M3", expected "U64" or /],
    ['bytes of another type', header('{"a":{"dtype":"F16","shape":[8],"data_offsets":[0,8]}}'), /its 8 bytes are not those of its shape/],
    ['half an element', header('{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,7]}}', 7), /its 7 bytes/],
    ['truth that is neither', header('{"a":{"dtype":"BOOL","shape":[8],"data_offsets":[0,8]}}').fill(2, 63), /"a" is BOOL, expected 0 and 1/],
    ['a cut file', foreign.subarray(0, foreign.length - 1), /is the file whole/],
  ])('refuses %s', (_, file, message) => {
    expect(() => readSafetensors(file)).toThrow(FileError);
    expect(() => readSafetensors(file)).toThrow(message);
  });

  test('what is no bytes is told how to come by them', () => {
    expect(() => readSafetensors('model.safetensors' as never)).toThrow(/readSafetensors: the bytes are .*readFile/);
  });

  test('cut anywhere and changed anywhere, a file gives tensors or a FileError', () => {
    const random = randomBits(3000, 9);
    for (let i = 0; i < 3000; i++) {
      const changed = foreign.slice(0, i % 3 === 0 ? (random[i] as number) % foreign.length : foreign.length);
      for (let j = 0; j < 1 + (i % 4) && changed.length > 0; j++)
        changed[((random[(i + j) % 3000] as number) * 7) % changed.length] = (random[(i * 3 + j) % 3000] as number) & 255;
      try {
        readSafetensors(changed);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
    }
  });
});
