import { describe, expect, test } from 'vitest';
import { readIdx } from '../../examples/idx.js';

/** An IDX file: type, axes, u32 lengths, elements. */
function idx(shape: readonly number[], elements: ArrayLike<number>, type = 8): Uint8Array {
  const lengths = shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...lengths, ...Array.from(elements)]);
}

describe('readIdx', () => {
  test('reads shape and elements', () => {
    expect(readIdx(idx([3], [7, 8, 255]))).toEqual({ shape: [3], data: Uint8Array.of(7, 8, 255) });
    expect(readIdx(idx([2, 1, 3], [1, 2, 3, 4, 5, 6]))).toEqual({ shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect(readIdx(idx([0, 28], []))).toEqual({ shape: [0, 28], data: new Uint8Array() });
    expect(readIdx(idx([258], new Uint8Array(258))).shape).toEqual([258]);
  });

  test('reads a file that lies inside a larger buffer, without a copy', () => {
    const buffer = Uint8Array.from([9, 9, 9, ...idx([2], [5, 6]), 9]);
    const { data } = readIdx(buffer.subarray(3, -1));
    expect(data).toEqual(Uint8Array.of(5, 6));
    expect(data.buffer).toBe(buffer.buffer);
  });

  test.each([
    ['an empty file', new Uint8Array(), 'the file has 0 bytes, expected a header of at least 4'],
    ['a cut magic number', Uint8Array.of(0, 0, 8), 'the file has 3 bytes, expected a header of at least 4'],
    ['another format', Uint8Array.of(0x1f, 0x8b, 8, 0), 'the file starts with bytes 31, 139, expected 0, 0'],
    ['floats', idx([1], [0, 0, 0, 0], 13), 'element type 13, expected 8 (unsigned bytes)'],
    ['no axes', idx([], []), 'the array has 0 axes, expected at least 1'],
    ['a cut header', idx([2, 3], []).subarray(0, 11), 'the file has 11 bytes, expected a header of 12 for 2 axes'],
    ['too few elements', idx([2, 3], [1, 2, 3, 4, 5]), '5 bytes of elements, expected 6 for the shape 2 × 3'],
    ['too many elements', idx([2], [1, 2, 3]), '3 bytes of elements, expected 2 for the shape 2'],
    ['axes whose product overflows', idx([0xffffffff, 0xffffffff, 0xffffffff], [1]), '1 bytes of elements, expected 7.9'],
  ])('refuses %s', (_, file, message) => {
    expect(() => readIdx(file)).toThrow(RangeError);
    expect(() => readIdx(file)).toThrow(message);
  });
});
