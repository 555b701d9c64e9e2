/** The elements as bits, in the same memory: NaN keeps its payload. */
export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** The same bits as a file has them: every NaN is one. */
export function canonical(bits: Uint32Array): Uint32Array {
  return bits.map((word) => ((word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : word));
}

/** Where two arrays of bits differ first, or undefined. To `toEqual` each element costs a microsecond. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>): string | undefined {
  if (found.length !== expected.length) return `${found.length} elements, expected ${expected.length}`;
  for (let i = 0; i < found.length; i++) if (found[i] !== expected[i]) return `element ${i} is ${found[i]}, expected ${expected[i]}`;
  return undefined;
}

/** A seeded generator of whole numbers from 0 to 2³² − 1 (Marsaglia's xorshift). */
export function generator(seed: number): () => number {
  let state = (seed * 0x9e3779b1 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Any bits: normal, denormal, infinite and NaN. */
export function randomBits(n: number, seed: number): Uint32Array {
  const next = generator(seed);
  return Uint32Array.from({ length: n }, (_, i) => (i % 5 === 0 ? next() & 0x807fffff : i % 7 === 0 ? next() | 0x7f800000 : next()));
}

/** Numbers from −1 to 1. */
export function randomRows(n: number, seed: number): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length: n }, () => next() / 2 ** 31 - 1);
}
