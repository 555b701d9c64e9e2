/** The random numbers of the core in plain integers and float64. */
import { erfc } from './functions.js';

const MASK = 0xffffffffn;

/** Philox4x32-10 (Salmon et al. 2011): four words from a counter of four and a key of two. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = c0 * 0xd2511f53n;
    const p1 = c2 * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & MASK, (p0 >> 32n) ^ c3 ^ k1, p0 & MASK];
    k0 = (k0 + 0x9e3779b9n) & MASK;
    k1 = (k1 + 0xbb67ae85n) & MASK;
  }
  return [c0, c1, c2, c3].map(Number);
}

/** The words of a stream, one after the other. */
export function* words(seed: number, stream: number): Generator<number, never> {
  for (let block = 0; ; block++) yield* philox([block, 0, 0, 0], [seed, stream]);
}

/** The first n words of a stream. */
export function firstWords(n: number, seed: number, stream: number): number[] {
  const source = words(seed, stream);
  return Array.from({ length: n }, () => source.next().value);
}

/** low + (high − low)·w/2³² as float32, kept below high. */
export function uniformOf(word: number, low: number, high: number): number {
  const value = Math.fround(low + ((high - low) / 2 ** 32) * word);
  return value < high || low >= high ? value : before(high);
}

/** The largest float32 below x. */
function before(x: number): number {
  const cell = new DataView(new ArrayBuffer(4));
  if (x === 0) return -(2 ** -149);
  cell.setFloat32(0, x);
  cell.setInt32(0, cell.getInt32(0) + (x > 0 ? -1 : 1));
  return cell.getFloat32(0);
}

/** The standard normal distribution function, accurate in its lower tail. */
export function distribution(z: number): number {
  return erfc(-z * Math.SQRT1_2) / 2;
}

/** z with Φ(z) = (w + ½)/2³², by Newton's method from the normal density. */
export function normalOf(word: number): number {
  const lower = word < 2 ** 31;
  const p = ((lower ? word : 2 ** 32 - 1 - word) + 0.5) / 2 ** 32;
  let z = 0;
  for (let i = 0; i < 60; i++) {
    const change = (distribution(z) - p) / (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
    z -= change;
    if (Math.abs(change) < 1e-14 * Math.abs(z)) break;
  }
  return lower ? z : -z;
}

/** A permutation of 0 … n−1: Fisher–Yates from the end, bounded integers by Lemire's method. */
export function permutation(n: number, seed: number, stream: number): number[] {
  const source = words(seed, stream);
  const below = (bound: number): number => {
    const unfair = 2 ** 32 % bound;
    while (true) {
      const product = BigInt(source.next().value) * BigInt(bound);
      if (Number(product & MASK) >= unfair) return Number(product >> 32n);
    }
  };
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n; i > 1; i--) {
    const j = below(i);
    [order[i - 1], order[j]] = [order[j] as number, order[i - 1] as number];
  }
  return order;
}
