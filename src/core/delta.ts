import type { Bytes } from '../arguments/arrays.js';

/**
 * Builds one binary from another that is nearly the same. `delta` (written by scripts/embed.mjs) repeats: a count of bytes, those bytes, the
 * length of a copy, and its start in `source` relative to the end of the last copy, zigzag-signed. Numbers are LEB128.
 */
export function applyDelta(source: Uint8Array, delta: Uint8Array, size: number): Bytes {
  const target = new Uint8Array(size);
  let at = 0;
  let expected = 0;
  let next = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = delta[next++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (next < delta.length) {
    const bytes = number();
    target.set(delta.subarray(next, next + bytes), at);
    next += bytes;
    at += bytes;
    expected += bytes;
    const length = number();
    const move = number();
    const start = expected + ((move >>> 1) ^ -(move & 1));
    target.set(source.subarray(start, start + length), at);
    at += length;
    expected = start + length;
  }
  return target;
}
